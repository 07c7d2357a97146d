"""Say how long bodies are kept, by the owner's rules."""

import contextlib
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from msgspec import Struct

from app.domain.upkeep import AccessRetentionSet, RetentionSet, UpkeepEntry, believed

_decode_access = msgspec.json.Decoder(AccessRetentionSet).decode
_decode_rule = msgspec.json.Decoder(RetentionSet).decode


class EndedJob(Struct, frozen=True):
    """A job that is over, as rules look at it."""

    job_id: UUID
    tenant: str
    tags: Sequence[str]
    ended_at: datetime


def rules_of(entries: Iterable[UpkeepEntry]) -> list[RetentionSet]:
    """Return the rules that hold.

    What follows the first fault of the chain is not believed.
    """
    rules: dict[tuple[str, str], RetentionSet] = {}
    for found in believed(entries):
        if found.type == RetentionSet.type:
            with contextlib.suppress(msgspec.DecodeError):  # an entry that cannot be read sets nothing
                rule = _decode_rule(found.data)
                rules[rule.tenant, rule.tag] = rule
    return [rules[key] for key in sorted(rules) if rules[key].days]


def access_days(entries: Iterable[UpkeepEntry]) -> int:
    """Return how many days the access log is kept, 0 for ever."""
    days = 0
    for found in believed(entries):
        if found.type == AccessRetentionSet.type:
            with contextlib.suppress(msgspec.DecodeError):  # an entry that cannot be read sets nothing
                days = _decode_access(found.data).days
    return days


def rule_for(rules: Sequence[RetentionSet], job: EndedJob) -> RetentionSet | None:
    """Return the rule that holds for a job: the most special one.

    A rule with a tag is more special than one with a tenant alone. Of several tags the longest holds.
    """
    matching = [rule for rule in rules if rule.tenant in ("", job.tenant) and rule.tag in ("", *job.tags)]
    return max(matching, key=lambda rule: (bool(rule.tag), bool(rule.tenant), rule.days), default=None)


def due(rules: Sequence[RetentionSet], jobs: Iterable[EndedJob], now: datetime) -> list[UUID]:
    """Return the jobs whose time is over."""
    return [
        job.job_id
        for job in jobs
        if (rule := rule_for(rules, job)) and job.ended_at <= now - timedelta(days=rule.days)
    ]
