"""What the tests of row-level security have in common: two tenants, and the application's session of one of them."""

TENANTS = ["acme", "globex"]
AS_ACME = "SELECT set_config('app.tenant_id', 'acme', false)"
TENANT_IDS = "SELECT tenant_id FROM app.payments"


def as_application(owner):
    """Let the transaction be the application's: the deployer made that role, and may give itself membership."""
    owner.execute("RESET ROLE")
    owner.execute("GRANT strata_app TO strata_deployer WITH INHERIT FALSE, SET TRUE")
    owner.execute("SET LOCAL ROLE strata_app")
    owner.execute("SELECT set_config('app.tenant_id', 'acme', true)")
