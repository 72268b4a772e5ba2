import pytest

from strata.tunnel.route import TUNNEL_VARIABLE, Route, TunnelVariableError, route_to

SPELLED = "db.example.com:5432=127.0.0.1:40123"


def test_a_route_is_spelled_and_read_back():
    route = Route("db.example.com", 5432, 40_123)
    assert str(route) == SPELLED
    assert Route.parse(SPELLED) == route


def test_connections_go_straight_without_the_variable():
    assert route_to("db.example.com", 5432, {}) is None
    assert route_to("db.example.com", 5432, {TUNNEL_VARIABLE: ""}) is None


def test_only_the_database_that_is_named_goes_through():
    environment = {TUNNEL_VARIABLE: SPELLED}
    assert route_to("db.example.com", 5432, environment) == Route("db.example.com", 5432, 40_123)
    assert route_to("other.example.com", 5432, environment) is None
    assert route_to("db.example.com", 5433, environment) is None


@pytest.mark.parametrize(
    "text",
    ["db.example.com", "db.example.com:5432=10.0.0.1:40123", "db.example.com:5432=127.0.0.1:x", f"{SPELLED} ", "=:"],
)
def test_what_names_no_tunnel_is_refused_and_not_ignored(text):
    with pytest.raises(TunnelVariableError) as failure:
        route_to("db.example.com", 5432, {TUNNEL_VARIABLE: text})
    assert str(failure.value) == (
        f"STRATA_DATABASE_TUNNEL is {text!r}, which names no tunnel; allowed: <host>:<port>=127.0.0.1:<local port>, "
        "as strata database tunnel prints it; next: unset STRATA_DATABASE_TUNNEL"
    )
