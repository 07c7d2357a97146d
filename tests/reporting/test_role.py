"""dossier_report reads the views and nothing else.

Everything is tried one by one, as a member of the role would.
"""

import asyncpg
import pytest
from sqlalchemy import make_url

from app.errors import BadSetting
from app.store import analyst_session
from app.store.database import driver_url
from tests.conftest import execute
from tests.reporting.questions import QUESTIONS, section_sql
from tests.reporting.stable import STABLE

TABLES = ("events", "events_default", "jobs", "leases", "blobs", "documents", "passages", "alembic_version")

FORBIDDEN = [
    *(f"SELECT * FROM public.{table}" for table in TABLES),
    *(f"LOCK TABLE public.{table} IN ACCESS SHARE MODE" for table in TABLES),
    "SELECT nextval('public.event_position')",
    "SELECT last_value FROM public.event_position",
    "SELECT public.make_event_partition(now() + interval '10 years')",
    "INSERT INTO public.events (job_id) VALUES (gen_random_uuid())",
    "INSERT INTO public.jobs (job_id) VALUES (gen_random_uuid())",
    "UPDATE public.jobs SET priority = 1",
    "DELETE FROM public.leases",
    "TRUNCATE public.jobs",
    "SELECT * FROM report.jobs FOR UPDATE",
    "SELECT * FROM report.jobs FOR SHARE",
    "UPDATE report.jobs SET priority = 1",
    "DELETE FROM report.jobs",
    "INSERT INTO report.jobs (job_id) VALUES (gen_random_uuid())",
    "LOCK TABLE report.jobs IN ROW EXCLUSIVE MODE",
    "LOCK TABLE report.jobs IN SHARE MODE",
    "LOCK TABLE report.jobs IN ACCESS EXCLUSIVE MODE",
    "CREATE TABLE report.mine (x integer)",
    "CREATE TABLE public.mine (x integer)",
    "CREATE VIEW report.mine AS SELECT 1",
    "DROP VIEW report.jobs",
    "CREATE ROLE mine",
    "ALTER ROLE dossier_report SET statement_timeout = 0",
    "SET ROLE dossier_app",
    "COPY public.jobs TO STDOUT",
    "SELECT pg_read_file('/etc/hostname')",
    "SELECT pg_ls_dir('.')",
    "COPY (SELECT 1) TO PROGRAM 'true'",
]


@pytest.fixture(scope="module")
async def login(postgres_url, seeded_url):
    """Return the URL of a login that has only this role.

    It is made as the documents say.
    """
    name = "analyst_" + seeded_url.partition("dossier_report_")[2][:8]
    statements = [statement.replace("analyst", name) for statement in section_sql("The role")]
    assert len(statements) == 6
    await execute(seeded_url, *statements)
    yield with_user(seeded_url, name, "change me")
    await execute(seeded_url, f"DROP ROLE {name}")


def with_user(url: str, name: str, password: str) -> str:
    return make_url(url).set(username=name, password=password).render_as_string(hide_password=False)


@pytest.fixture
async def member(login):
    """Connect as that login, writing as far as its own settings allow."""
    connection = await asyncpg.connect(driver_url(login))
    await connection.execute("SET default_transaction_read_only = off")
    yield connection
    await connection.close()


@pytest.mark.parametrize("sql", FORBIDDEN)
async def test_it_is_refused(member, sql):
    with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.ObjectNotInPrerequisiteStateError)):
        async with member.transaction():
            await member.fetch(sql)


@pytest.mark.parametrize("view", STABLE)
async def test_every_view_can_be_read(member, view):
    rows = await member.fetch(f"SELECT * FROM report.{view}")

    assert rows or view in {"threads", "marks"}  # none of these jobs has some; others' tests read them


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
async def test_a_member_may_ask_every_question(member, question):
    assert await member.fetch(question.sql)


async def test_it_has_a_right_to_the_views_and_to_nothing_else_in_the_database(owner):
    rows = await owner.fetch(
        """SELECT c.oid::regclass::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
           WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')
             AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
             AND CASE c.relkind WHEN 'S' THEN has_sequence_privilege('dossier_report', c.oid, 'USAGE, SELECT')
                 ELSE has_table_privilege('dossier_report', c.oid,
                      'SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER') END"""
    )

    views = {*STABLE, "access", "documents", "embedding_uses", "ingestions", "webhook_deliveries", "workers"}
    assert {row["name"] for row in rows} == {f"report.{view}" for view in views}


async def test_it_may_call_no_function_of_ours_that_changes_anything(owner):
    rows = await owner.fetch(
        """SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
           WHERE n.nspname IN ('public', 'report')
             AND p.provolatile = 'v' AND p.prorettype <> 'trigger'::regtype
             AND has_function_privilege('dossier_report', p.oid, 'EXECUTE')
             AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')"""
    )

    assert rows == []


async def test_a_login_of_its_own_cannot_leave_the_role(member):
    await member.execute("RESET ROLE")
    await member.execute("SET ROLE NONE")

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await member.fetch("SELECT * FROM public.jobs")


async def test_a_login_of_its_own_has_the_limits_from_the_start(login):
    connection = await asyncpg.connect(driver_url(login))
    shown = [
        await connection.fetchval(f"SHOW {name}")
        for name in analyst_session.session_settings(60)
        if name in LIMITS
    ]
    await connection.close()

    assert shown == ["on", "1min", "5s", "1min"]


LIMITS = (
    "default_transaction_read_only",
    "statement_timeout",
    "lock_timeout",
    "idle_in_transaction_session_timeout",
)


async def test_a_question_that_takes_too_long_is_cut_off(seeded_url):
    with pytest.raises(analyst_session.QueryFailed, match="statement timeout"):
        async with analyst_session.asking(seeded_url, 0.2, "SELECT pg_sleep(60)"):
            pass


async def test_a_report_takes_no_lock_that_the_queue_would_notice(analyst):
    async with analyst.transaction():
        for question in QUESTIONS:
            await analyst.fetch(question.sql)
        modes = await analyst.fetch(
            """SELECT DISTINCT mode FROM pg_locks
               WHERE pid = pg_backend_pid() AND locktype IN ('relation', 'tuple')"""
        )

    assert [row["mode"] for row in modes] == ["AccessShareLock"]


async def test_a_role_that_sees_one_tenant_sees_no_other(seeded_url):
    name = "acme_" + seeded_url.partition("dossier_report_")[2][:8]
    statements = [statement.replace("acme_analyst", name) for statement in section_sql("One tenant")]
    try:
        await execute(seeded_url, *statements)
        connection = await asyncpg.connect(driver_url(with_user(seeded_url, name, "change me")))
        tenants = {row["tenant"] for row in await connection.fetch("SELECT tenant FROM acme.calls")}
        plan = "\n".join(
            row[0]
            for row in await connection.fetch("EXPLAIN SELECT * FROM acme.calls WHERE day = '2026-11-02'")
        )
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetch("SELECT * FROM report.calls")
        await connection.close()
    finally:
        await execute(seeded_url, "DROP SCHEMA acme CASCADE", f"DROP ROLE {name}")

    assert tenants == {"acme"}
    assert "job_id = j.job_id" in plan


ATTACKS = [
    "SET ROLE NONE",
    "RESET ROLE",
    "SELECT set_config('role', 'none', false)",
    "SET SESSION AUTHORIZATION DEFAULT",
    "DO $$ BEGIN SET ROLE NONE; END $$",
]


@pytest.mark.parametrize("attack", ATTACKS)
async def test_a_login_of_its_own_has_no_way_back(login, attack):
    connection = await asyncpg.connect(
        driver_url(login), server_settings=analyst_session.session_settings(60)
    )
    await connection.execute("SET default_transaction_read_only = off")
    await connection.execute(attack)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.fetch("SELECT * FROM public.jobs")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute("SET ROLE dossier_app")
    await connection.close()


@pytest.mark.parametrize(
    "attack",
    [
        "SELECT set_config('transaction_read_only', 'off', false)",
        "SET TRANSACTION READ WRITE",
        "SELECT 1; SELECT 2",
        "COMMIT; SELECT 1",
        "SELECT set_config('statement_timeout', '0', false), pg_sleep(60)",
    ],
)
async def test_a_statement_cannot_lift_its_own_bounds(login, attack):
    with pytest.raises(analyst_session.QueryFailed):
        async with analyst_session.asking(login, 1, attack):
            pass


async def test_a_login_that_may_do_more_is_refused(login, seeded_url):
    await analyst_session.require_analyst(login, 5)
    with pytest.raises(BadSetting, match="dossier_app"):
        await analyst_session.require_analyst(seeded_url, 5)
