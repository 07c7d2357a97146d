"""Retention rules decide what is deleted, and the upkeep log says so."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from app.audit.verify import verify
from app.domain.retention_rules import EndedJob, due, rule_for, rules_of
from app.domain.upkeep import RetentionSet, entry, fault
from app.errors import BadSetting
from app.store import retention, upkeep_log
from app.store.database import fetch
from app.store.forget import forget, plan_jobs
from tests.steps import whole_log

NOW = datetime(2026, 1, 31, tzinfo=UTC)
GENERAL, ACME = RetentionSet(365), RetentionSet(90, tenant="acme")
PRIVATE, LEGAL = RetentionSet(30, "private"), RetentionSet(3650, "legal")
RULES = [GENERAL, ACME, PRIVATE, LEGAL]


def ended(days: float, *tags: str, tenant: str = "default") -> EndedJob:
    return EndedJob(UUID(int=1), tenant, tags, NOW - timedelta(days=days))


@pytest.mark.parametrize(
    ("job", "rule"),
    [
        (ended(1), GENERAL),
        (ended(1, tenant="acme"), ACME),
        (ended(1, "private"), PRIVATE),
        (ended(1, "private", tenant="acme"), PRIVATE),
        (ended(1, "private", "legal"), LEGAL),
        (ended(1, "other"), GENERAL),
    ],
)
def test_the_most_special_rule_holds_and_of_tags_the_longest(job, rule):
    assert rule_for(RULES, job) == rule
    assert due([rule], [ended(rule.days - 0.01, *job.tags, tenant=job.tenant)], NOW) == []
    assert due(RULES, [ended(rule.days, *job.tags, tenant=job.tenant)], NOW) == [UUID(int=1)]


def test_without_a_rule_nothing_is_ever_due():
    assert due([], [ended(9999)], NOW) == []
    assert due([PRIVATE], [ended(9999)], NOW) == []


def test_the_last_entry_of_a_rule_holds_and_none_after_a_fault():
    deeds = [RetentionSet(30, "private"), RetentionSet(60, "private"), RetentionSet(9), RetentionSet(0)]
    entries = []
    for deed in deeds:
        entries.append(entry(entries[-1] if entries else None, deed, "owner:me", NOW))

    assert fault(entries) is None
    assert rules_of(entries) == [RetentionSet(60, "private")]
    assert rules_of([entries[0], entries[2]]) == [RetentionSet(30, "private")]


async def test_what_is_due_is_deleted_and_what_others_name_is_kept(ask, owner, database_url):
    mine, other = await ask(), await ask("How hot is the sun?")
    before = await whole_log(owner, mine)
    number = await retention.set_rule(owner, RetentionSet(30, tenant="default"))
    later = datetime.now(UTC) + timedelta(days=31)

    assert await retention.due_jobs(owner, await retention.read_rules(owner), datetime.now(UTC)) == []
    found = await retention.due_jobs(owner, await retention.read_rules(owner), later)
    assert set(found) == {mine, other}
    plan = await plan_jobs(owner, [mine])
    assert plan.names
    assert plan.shared > 0  # the other job read the same pages
    await forget(owner, plan, "retention")
    rest = await plan_jobs(owner, [mine, other])
    await forget(owner, rest, "retention")

    assert rest.shared == 0
    assert await fetch(owner, "SELECT FROM blobs") == []
    assert await whole_log(owner, mine) == before
    types = [one.type for one in await upkeep_log.entries(owner)]
    assert (number, types) == (1, ["retention_set", "page_forgotten", "page_forgotten"])
    assert (await verify(database_url)).ok


async def test_only_the_owner_sets_rules(house):
    with pytest.raises(BadSetting, match="owner"):
        await retention.set_rule(house.engine, RetentionSet(1))


async def test_the_command_sets_shows_and_runs(dossier, owner, job):
    assert (await dossier("retention", "set", "30", "--tag", "private"))[0] == 0
    await dossier("retention", "set", "7")
    shown = json.loads((await dossier("retention", "show", "--json"))[1])
    none_due = json.loads((await dossier("retention", "run", "--yes", "--json"))[1])
    await fetch(owner, "UPDATE jobs SET completed_at = completed_at - interval '8 days'")
    refused, _, said = await dossier("retention", "run")
    gone = json.loads((await dossier("retention", "run", "--yes", "--json"))[1])

    assert [(one["tag"], one["days"]) for one in shown] == [("", 7), ("private", 30)]
    assert (none_due["tombstone"], none_due["bodies"]) == (None, 0)
    assert refused == 2
    assert "--yes" in said
    assert gone["jobs"] == [str(job)]
    assert gone["bodies"] > 3
    assert await fetch(owner, "SELECT FROM blobs") == []
