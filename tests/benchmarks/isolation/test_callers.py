"""Whose a token is, and what the function must make of it."""

from __future__ import annotations

from benchmarks.isolation.callers import callers, digest, log_line, tenant_of


def test_every_token_is_one_callers():
    made = callers(200)
    tokens = [token for tokens in made.valid for token in tokens]
    assert len({token.value for token in tokens}) == len(tokens)
    assert {token.owner for token in tokens} == {f"u{number}" for number in range(200)}
    assert not {token.value for token in made.expired} & made.owners.keys()


def test_parts_of_a_pair_of_keys_are_one_text_without_their_lengths():
    (port, first), (other_port, second) = callers(20).pairs[:2]
    assert f"api{port}0{first.value}" == f"api{other_port}0{second.value}"
    assert digest(f"api{port}", 0, first.value, None) != digest(f"api{other_port}", 0, second.value, None)


def test_a_digest_depends_on_every_part():
    found = {
        digest(*about)
        for about in (
            ("a", 0, "t", None),
            ("b", 0, "t", None),
            ("a", 1, "t", None),
            ("a", 0, "u", None),
            ("a", 0, "t", "p"),
            ("a", 0, None, None),
            ("a", 0, "", None),
        )
    }
    assert len(found) == 7
    assert all(len(one) == 64 for one in found)


def test_a_tenant_is_named_by_claim_or_host():
    token = callers(1).valid[0][0]
    assert tenant_of(token, "t1.example.com:443", "tenant") == token.tenant
    assert tenant_of(token, "T1.example.com:443", None) == "t1.example.com"
    assert tenant_of(None, "t1.example.com", "tenant") == "t1.example.com"


def test_a_log_line_ends_before_a_half_escape():
    assert log_line("none", "Büro & Söhne") == "class=none&tenant=B%C3%BCro%20%26%20S%C3%B6hne"
    line = log_line("none", "ü" * 100)
    assert len(line) <= 256
    assert line.count("%") * 3 == len(line.removeprefix("class=none&tenant="))
