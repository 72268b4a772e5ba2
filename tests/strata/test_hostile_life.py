"""The whole way of an id that nobody would choose: stack file, plan, partitions, rows, archive, back, drop."""

import json
import secrets

import boto3
import pytest
import yaml

from infra.config import load
from infra.providers.tenant_partitions import TenantPartitionsProvider
from strata.archives.bucket import ArchiveLocation
from strata.archives.restore import restore_tenant
from strata.partitions.inspect import inspect_tenant, wanted_digests
from strata.partitions.onboard import ensure_tenant
from strata.partitions.render import render_onboarding
from strata.partitions.tables import PARTITIONED_TABLES
from strata.tenant_session import tenant_transaction
from tests.local.providers.conftest import emulator_url  # noqa: F401 - a fixture
from tests.strata.conftest import connection_parameters
from tests.strata.hostile_ids import HOSTILE_IDS
from tests.strata.shared_database import PAYMENT, shared_database

REFERENCE = "env:TEST_DATABASE"
REGION = "eu-west-1"
#: Who must notice nothing: its ids are what a careless rule would make of the others'.
BYSTANDERS = ["acme", "Acme corp", "aCME"]


@pytest.fixture(scope="module", params=["list", "bucketed"])
def layout(request):
    return request.param


@pytest.fixture(scope="module")
def database(postgresql_server, migrated_template, layout):
    with shared_database(postgresql_server, migrated_template(layout)) as made:
        with made.deployer() as owner:
            for tenant_id in BYSTANDERS:
                ensure_tenant(owner, tenant_id, layout)
                owner.execute(PAYMENT, (tenant_id, "first"))
        yield made


@pytest.fixture(scope="module")
def bucket(emulator_url):  # noqa: F811 - the fixture
    name = f"archive-{secrets.token_hex(6)}"
    client = boto3.client(
        "s3", REGION, endpoint_url=emulator_url, aws_access_key_id="123456789012", aws_secret_access_key="nothing"
    )
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    yield name
    client.close()


@pytest.fixture
def owner(database, bucket, layout, emulator_url, monkeypatch):  # noqa: F811 - the fixture
    monkeypatch.setenv("AWS_ENDPOINT_URL", emulator_url)
    parameters = connection_parameters(database.server, database.name)
    monkeypatch.setenv("TEST_DATABASE", json.dumps({**parameters, "layout": layout, "archive_bucket": bucket}))
    with database.deployer() as connection:
        yield connection


def planned(tenant_id, layout, folder):
    """Return what the engine hands to the provider for an id that a stack file names."""
    raw = {
        "aws:region": REGION,
        "strata:cdn": {"enabled": False},
        "strata:partitions": {"layout": layout, "idPattern": "(?s).+"},
        "strata:tenants": {"file": "tenants.yaml"},
    }
    (folder / "tenants.yaml").write_text(yaml.safe_dump([tenant_id], allow_unicode=True), encoding="utf-8")
    (tenant,) = load("dev", raw, "Pulumi.dev.yaml", folder).tenants
    assert tenant.id == tenant_id
    statements = {table: text.splitlines() for table, text in render_onboarding(tenant.id, layout).items()}
    common = {"connection": REFERENCE, "tenant_id": tenant.id, "layout": layout}
    inputs = {**common, "state": tenant.state, "on_remove": tenant.on_remove, "statements": statements}
    # As the engine hands it over: JSON in UTF-8.
    return json.loads(json.dumps(inputs, ensure_ascii=False).encode())


def payments(owner):
    found = owner.execute("SELECT tenant_id, count(*) FROM app.payments GROUP BY 1").fetchall()
    return dict(found)


@pytest.mark.parametrize("kind", HOSTILE_IDS)
def test_any_id_lives_a_whole_life(owner, database, bucket, layout, tmp_path, kind):
    tenant_id = HOSTILE_IDS[kind]
    provider = TenantPartitionsProvider()
    inputs = planned(tenant_id, layout, tmp_path)
    others = dict.fromkeys(BYSTANDERS, 1)

    made = provider.create(inputs)
    assert made.id == tenant_id
    for number in range(3):
        owner.execute(PAYMENT, (tenant_id, f"k{number}"))
    with database.connect("strata_app") as application, tenant_transaction(application, tenant_id):
        assert set(application.execute("SELECT tenant_id FROM app.payments")) == {(tenant_id,)}
    found = inspect_tenant(owner, tenant_id, layout)
    assert (found.differences, found.digests) == ({}, wanted_digests(tenant_id, layout))
    assert provider.inspect(tenant_id, made.outs).outs == made.outs

    provider.delete(tenant_id, {**made.outs, "state": "offboarding", "on_remove": "archive"})
    assert payments(owner) == others
    archived = "SELECT DISTINCT state, archive_uri FROM strata.tenant_partitions WHERE tenant_id = %s"
    ((state, uri),) = owner.execute(archived, (tenant_id,))
    assert state == "archived"

    restored = restore_tenant(owner, ArchiveLocation.parse(uri, REGION), layout, lambda *_: None)
    assert (restored.tenant_id, restored.rows["payments"]) == (tenant_id, 3)
    assert payments(owner) == {**others, tenant_id: 3}
    assert inspect_tenant(owner, tenant_id, layout).differences == {}

    provider.delete(tenant_id, {**made.outs, "state": "offboarding", "on_remove": "drop"})
    assert payments(owner) == others
    left = owner.execute(
        "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'partitions'::regnamespace"
    )
    assert left.fetchone() == (len(BYSTANDERS) * len(PARTITIONED_TABLES),)
    assert owner.execute("SELECT FROM strata.tenant_partitions WHERE tenant_id = %s", (tenant_id,)).fetchall() == []
