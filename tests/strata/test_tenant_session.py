"""Sessions of one tenant, as an application's role has them, on the real server."""

import asyncio
import json
from contextlib import asynccontextmanager

import psycopg
import pytest
from psycopg.rows import dict_row

from strata import tenant_session
from strata.database import login_as_deployer
from strata.partitions.onboard import ensure_tenant
from strata.partitions.tables import PARTITIONED_TABLES
from strata.tenant_session import (
    OtherTenantError,
    PolicyNotInForceError,
    async_tenant_transaction,
    connect_for_tenant,
    tenant_transaction,
)
from strata.tenants import TenantIdError
from tests.strata.conftest import connection_parameters
from tests.strata.shared_database import PAYMENT, only_first_payments, shared_database

SEEN = "SELECT tenant_id FROM app.payments ORDER BY 1"
#: An id of everything that separates words, options and settings.
HOSTILE = 'o\'neil \\ "x" -c role=strata_owner\n\t; é'

TENANTS = ["acme", "globex", HOSTILE]


@pytest.fixture(scope="module")
def database(postgresql_server, migrated_template):
    with shared_database(postgresql_server, migrated_template("list")) as made:
        with made.deployer() as owner:
            for tenant_id in TENANTS:
                ensure_tenant(owner, tenant_id, "list")
        yield made


@pytest.fixture
def tenants(database):
    with database.deployer() as owner:
        only_first_payments(owner, TENANTS)
        yield owner


@pytest.fixture
def application(tenants, database):
    with database.connect("strata_app") as connection:
        yield connection


@pytest.fixture
def reference(database, monkeypatch):
    monkeypatch.setenv("TEST_DATABASE", json.dumps(connection_parameters(database.server, database.name)))
    return "env:TEST_DATABASE"


def current(connection):
    return connection.execute("SELECT current_setting('app.tenant_id', true)").fetchone()[0]


@pytest.mark.parametrize("tenant_id", ["acme", "globex", HOSTILE])
@pytest.mark.parametrize("autocommit", [True, False])
def test_a_transaction_shows_and_writes_one_tenants_rows(application, tenants, tenant_id, autocommit):
    application.autocommit = autocommit
    with tenant_transaction(application, tenant_id) as connection:
        assert connection is application
        connection.execute(PAYMENT, (tenant_id, "second"))
        assert connection.execute(SEEN).fetchall() == [(tenant_id,)] * 2
    assert application.execute(SEEN).fetchall() == []
    assert tenants.execute("SELECT count(*) FROM app.payments WHERE idempotency_key = 'second'").fetchone() == (1,)


def test_the_next_transaction_of_a_pooled_connection_is_another_tenants(application):
    for tenant_id in ("acme", "globex", "acme"):
        with tenant_transaction(application, tenant_id):
            assert application.execute(SEEN).fetchall() == [(tenant_id,)]
        assert current(application) == ""


def test_an_exception_rolls_back_and_ends_the_tenant(application, tenants):
    def fail():
        with tenant_transaction(application, "acme"):
            application.execute(PAYMENT, ("acme", "second"))
            raise RuntimeError("by the caller")

    with pytest.raises(RuntimeError, match="by the caller"):
        fail()
    assert application.execute(SEEN).fetchall() == []
    assert tenants.execute("SELECT count(*) FROM app.payments").fetchone() == (3,)


def test_a_connection_whose_rows_are_dictionaries_is_as_good(application):
    application.row_factory = dict_row
    with tenant_transaction(application, "acme"):
        assert application.execute(SEEN).fetchall() == [{"tenant_id": "acme"}]


def test_a_commit_inside_ends_the_tenant_and_shows_nothing_more(application):
    with tenant_transaction(application, "acme"):
        application.execute("COMMIT")
        assert application.execute(SEEN).fetchall() == []
    assert current(application) == ""


@pytest.mark.parametrize("is_rolled_back", [False, True])
def test_within_a_transaction_of_nobody_the_tenant_ends_with_the_block(application, is_rolled_back):
    with application.transaction():
        try:
            with tenant_transaction(application, "acme"):
                assert application.execute(SEEN).fetchall() == [("acme",)]
                if is_rolled_back:
                    raise psycopg.Rollback
        finally:
            assert application.execute(SEEN).fetchall() == []
        with tenant_transaction(application, "globex"):
            assert application.execute(SEEN).fetchall() == [("globex",)]


@pytest.mark.parametrize("autocommit", [True, False])
@pytest.mark.parametrize("is_rolled_back", [False, True])
def test_in_a_pipeline_the_tenant_ends_with_the_block(application, tenants, autocommit, is_rolled_back):
    """There the state of the transaction is not known while a statement waits for its answer."""
    application.autocommit = autocommit
    with application.pipeline(), application.transaction():
        application.execute("SELECT 1")
        with tenant_transaction(application, "acme"):
            assert application.execute(SEEN).fetchall() == [("acme",)]
            if is_rolled_back:
                raise psycopg.Rollback
        assert application.execute(SEEN).fetchall() == []
        application.execute("UPDATE app.payments SET amount_minor = 77")
        with tenant_transaction(application, "globex"), tenant_transaction(application, "globex"):
            assert application.execute(SEEN).fetchall() == [("globex",)]
        assert application.execute(SEEN).fetchall() == []
    assert tenants.execute("SELECT count(*) FROM app.payments WHERE amount_minor = 77").fetchone() == (0,)


@pytest.mark.parametrize("begin", ["BEGIN", "BEGIN; SELECT 1"])
def test_in_a_pipeline_of_a_transaction_begun_by_hand_the_tenant_ends_with_the_block(application, begin):
    application.execute(begin)
    with application.pipeline():
        application.execute("SELECT 1")
        with tenant_transaction(application, "acme"):
            assert application.execute(SEEN).fetchall() == [("acme",)]
        assert application.execute(SEEN).fetchall() == []
    application.execute("COMMIT")


def test_a_pipeline_of_transactions_is_of_one_tenant_after_the_other(application):
    with application.pipeline():
        for tenant_id in ("acme", "globex"):
            with tenant_transaction(application, tenant_id):
                assert application.execute(SEEN).fetchall() == [(tenant_id,)]
            assert application.execute(SEEN).fetchall() == []
        with pytest.raises(psycopg.errors.DivisionByZero), tenant_transaction(application, "acme"):
            application.execute("SELECT 1/0").fetchone()
    assert application.execute(SEEN).fetchall() == []


def test_in_a_pipeline_another_tenant_is_refused(application):
    with application.pipeline(), tenant_transaction(application, "acme"):
        with pytest.raises(OtherTenantError), tenant_transaction(application, "globex"):
            pytest.fail("it was let in")
        assert application.execute(SEEN).fetchall() == [("acme",)]


def test_within_a_transaction_of_the_same_tenant_it_is_a_savepoint(application):
    with tenant_transaction(application, "acme"):
        with tenant_transaction(application, "acme"):
            application.execute(PAYMENT, ("acme", "second"))
            raise psycopg.Rollback
        assert application.execute(SEEN).fetchall() == [("acme",)]


def test_within_a_transaction_of_another_tenant_it_is_refused(application):
    with tenant_transaction(application, "acme"):
        with pytest.raises(OtherTenantError) as refusal, tenant_transaction(application, "globex"):
            pytest.fail("it was let in")
        assert application.execute(SEEN).fetchall() == [("acme",)]
    assert str(refusal.value) == (
        "this session shows the rows of tenant 'acme' (tenant 'globex'); allowed: a connection whose app.tenant_id is"
        " not set, or set to the same tenant; next: end that transaction first; RESET app.tenant_id where the whole"
        " session has it"
    )


def test_a_connection_that_came_back_to_the_pool_with_a_tenant_is_refused_to_others(application):
    with tenant_transaction(application, "acme"):
        application.execute("SET app.tenant_id = 'globex'")
    assert current(application) == "globex"
    with pytest.raises(OtherTenantError), tenant_transaction(application, "acme"):
        pytest.fail("it was let in")
    application.execute("RESET app.tenant_id")
    with tenant_transaction(application, "acme"):
        assert application.execute(SEEN).fetchall() == [("acme",)]


def test_a_role_that_no_policy_holds_is_refused(tenants):
    with pytest.raises(PolicyNotInForceError) as refusal, tenant_transaction(tenants, "acme"):
        pytest.fail("it was let in")
    assert str(refusal.value) == (
        "row-level security does not hold role strata_owner (tenant 'acme'); allowed: a role such as strata_app, which"
        " owns no table and has no BYPASSRLS, and tables on which row-level security is enabled; next:"
        " strata partitions verify (it names a table on which it is off)"
    )
    assert current(tenants) == ""


@pytest.mark.parametrize("table", PARTITIONED_TABLES)
def test_a_table_whose_fence_is_down_lets_nobody_in(tenants, application, reference, table):
    """Whichever it is: in that one, a session of one tenant would see every tenant's rows."""
    tenants.execute(f"ALTER TABLE app.{table} DISABLE ROW LEVEL SECURITY")
    try:
        with pytest.raises(PolicyNotInForceError), tenant_transaction(application, "acme"):
            pytest.fail("it was let in")
        with pytest.raises(PolicyNotInForceError):
            connect_for_tenant(reference, "acme")
    finally:
        tenants.execute(f"ALTER TABLE app.{table} ENABLE ROW LEVEL SECURITY")
    with tenant_transaction(application, "acme"):
        assert current(application) == "acme"


@pytest.mark.parametrize("tenant_id", ["", "a\0b", "\ud800", "x" * 1025])
def test_what_is_no_tenant_id_reaches_no_server(application, tenant_id):
    with pytest.raises(TenantIdError), tenant_transaction(application, tenant_id):
        pytest.fail("it was let in")
    assert application.info.transaction_status is psycopg.pq.TransactionStatus.IDLE


@asynccontextmanager
async def async_application(database):
    connection = await psycopg.AsyncConnection.connect(
        host=database.host, port=database.port, dbname=database.name, user="strata_app", autocommit=True
    )
    async with connection:
        yield connection


async def async_seen(connection):
    return await (await connection.execute(SEEN)).fetchall()


def test_an_asynchronous_connection_is_held_alike(tenants, database):
    async def go():
        async with async_application(database) as connection:
            for tenant_id in ("acme", HOSTILE):
                async with async_tenant_transaction(connection, tenant_id) as same:
                    assert same is connection
                    assert await async_seen(connection) == [(tenant_id,)]
                assert await async_seen(connection) == []
            async with async_tenant_transaction(connection, "acme"):
                with pytest.raises(OtherTenantError):
                    async with async_tenant_transaction(connection, "globex"):
                        pytest.fail("it was let in")
                async with async_tenant_transaction(connection, "acme"):
                    assert await async_seen(connection) == [("acme",)]
                assert await async_seen(connection) == [("acme",)]
            async with connection.transaction():
                async with async_tenant_transaction(connection, "acme"):
                    assert await async_seen(connection) == [("acme",)]
                assert await async_seen(connection) == []
            with pytest.raises(TenantIdError):
                async with async_tenant_transaction(connection, ""):
                    pytest.fail("it was let in")

    asyncio.run(go())


def test_an_asynchronous_pipeline_is_held_alike(tenants, database):
    async def go():
        async with async_application(database) as connection, connection.pipeline(), connection.transaction():
            await connection.execute("SELECT 1")
            for tenant_id in ("acme", "globex"):
                async with async_tenant_transaction(connection, tenant_id):
                    assert await async_seen(connection) == [(tenant_id,)]
                assert await async_seen(connection) == []

    asyncio.run(go())


def test_requests_that_take_turns_on_one_loop_do_not_meet(tenants, database):
    async def request(tenant_id, start):
        async with async_application(database) as connection:
            for _ in range(5):
                await start.wait()
                async with async_tenant_transaction(connection, tenant_id):
                    await asyncio.sleep(0)
                    assert await async_seen(connection) == [(tenant_id,)]

    async def go():
        start = asyncio.Event()
        requests = [asyncio.create_task(request(tenant_id, start)) for tenant_id in ("acme", "globex", HOSTILE) * 2]
        start.set()
        await asyncio.gather(*requests)

    asyncio.run(go())


@pytest.mark.parametrize("tenant_id", ["acme", HOSTILE])
def test_a_connection_for_one_tenant_shows_its_rows_until_it_ends(tenants, reference, tenant_id):
    with connect_for_tenant(reference, tenant_id) as connection:
        assert connection.execute("SELECT session_user, current_user").fetchone() == ("strata_app", "strata_app")
        assert connection.execute(SEEN).fetchall() == [(tenant_id,)]
        with tenant_transaction(connection, tenant_id):
            assert connection.execute(SEEN).fetchall() == [(tenant_id,)]
        with pytest.raises(OtherTenantError), tenant_transaction(connection, "globex"):
            pytest.fail("it was let in")
        connection.execute("RESET app.tenant_id")
        assert connection.execute(SEEN).fetchall() == []
        connection.execute("DISCARD ALL")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
            connection.execute(SEEN)


def test_a_connection_for_one_tenant_of_a_role_that_no_policy_holds_is_closed(tenants, reference, monkeypatch):
    opened = []

    def login_as_owner(parameters):
        opened.append(login_as_deployer(parameters, "strata_owner"))
        return opened[0]

    monkeypatch.setattr(tenant_session, "login_as_deployer", login_as_owner)
    with pytest.raises(PolicyNotInForceError, match="does not hold role strata_owner"):
        connect_for_tenant(reference, "acme", "strata_deployer")
    assert opened[0].closed
