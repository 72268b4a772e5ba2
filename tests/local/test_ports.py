"""Ports are chosen free and kept."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

from local.ports import CHOSEN_FROM, free_port, is_free, kept_port, read_ports

if TYPE_CHECKING:
    from pathlib import Path


def test_a_chosen_port_is_free_and_below_those_of_outgoing_connections() -> None:
    port = free_port()
    assert port in CHOSEN_FROM
    assert is_free(port)


def test_a_port_is_kept_by_its_name(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    first, _ = kept_port(file, "emulator")
    other, _ = kept_port(file, "other")

    assert kept_port(file, "emulator") == (first, None)
    assert read_ports(file) == {"emulator": first, "other": other}


def test_a_port_that_somebody_took_is_given_up_for_good(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    first, _ = kept_port(file, "emulator")
    with socket.socket() as other:
        other.bind(("127.0.0.1", first))
        other.listen()
        second, given_up = kept_port(file, "emulator")

    assert given_up == first != second
    assert kept_port(file, "emulator") == (second, None)


def test_a_half_written_file_counts_as_none(tmp_path: Path) -> None:
    file = tmp_path / "ports.json"
    file.write_text('{"emulator": 20')
    port, given_up = kept_port(file, "emulator")
    assert given_up is None
    assert read_ports(file) == {"emulator": port}
