"""The parts of a URN."""

from __future__ import annotations

from strata.preview_report.events import name_of, stack_of, type_of


def test_urns_are_taken_apart() -> None:
    urn = "urn:pulumi:dev::strata::strata:infra:Edge$aws:s3/bucket:Bucket::a::b"
    assert (stack_of(urn), type_of(urn), name_of(urn)) == ("dev", "aws:s3/bucket:Bucket", "a::b")
    assert (stack_of("no urn"), type_of("no urn"), name_of("no urn")) == (None, "", "no urn")
