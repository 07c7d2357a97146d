"""`dossier retention` sets how long bodies and the access log are kept."""

from datetime import UTC, datetime, timedelta

import click

from app.audit.access_check import count_due, forget_access
from app.cli.database_work import as_owner
from app.cli.forgetting import bodies_of
from app.cli.printing import print_table
from app.cli.terminal import counted, err, is_interactive, print_json
from app.domain.upkeep import AccessRetentionSet, RetentionSet
from app.store import retention as store
from app.store.database import Engine
from app.store.forget import Plan, forget, plan_jobs

LONGEST = 36_500  # days


@click.group(epilog="Example: dossier retention set 365")
def retention() -> None:
    """Set how long data is kept, and delete what is due.

    Bodies are the pages, prompts and replies of jobs. Each rule is an entry of the log of upkeep.
    The user in DATABASE_URL must own the tables.
    """


@retention.command("set", epilog="Example: dossier retention set 30 --tag private")
@click.argument("days", type=click.IntRange(0, LONGEST))
@click.option("--tag", default="", help="Only jobs with this tag.")
@click.option("--tenant", default="", help="Only jobs of this tenant.")
@click.option("--access-log", "is_access", is_flag=True, help="Entries of the access log, not bodies.")
@click.option("--json", "as_json", is_flag=True, help="Print the rule as JSON.")
def set_rule(days: int, tag: str, tenant: str, *, is_access: bool, as_json: bool) -> None:
    """Keep bodies for so many days after a job has ended.

    0 ends the rule. Of several rules, one with a tag beats one with a tenant alone, which beats the general
    one; of several tags, the longest time holds.
    """
    if is_access and (tag or tenant):
        raise click.UsageError("The access log is one chain: --access-log goes without --tag and --tenant.")
    rule = AccessRetentionSet(days) if is_access else RetentionSet(days, tag, tenant)
    number = as_owner(lambda engine: store.set_rule(engine, rule))
    if as_json:
        of = "access_log" if is_access else "bodies"
        print_json({"number": number, "of": of, "days": days, "tag": tag, "tenant": tenant})
    else:
        click.echo(f"Entry {number} of the log of upkeep: {_sentence(rule)}")


@retention.command(epilog="Example: dossier retention show --json")
@click.option("--json", "as_json", is_flag=True, help="Print the rules as JSON.")
def show(*, as_json: bool) -> None:
    """List the rules that hold."""
    rules, days = as_owner(store.read_rules), as_owner(store.read_access_days)
    if as_json:
        said = [{"of": "bodies", "days": rule.days, "tag": rule.tag, "tenant": rule.tenant} for rule in rules]
        print_json(said + ([{"of": "access_log", "days": days, "tag": "", "tenant": ""}] if days else []))
        return
    rows = [(rule.tenant or "any", rule.tag or "any", str(rule.days)) for rule in rules]
    rows += [("access log", "", str(days))] if days else []
    none = "No rules yet: everything is kept. Make one: dossier retention set DAYS"
    print_table(("Tenant", "Tag", "Days"), rows, right=("Days",), empty=none)


@retention.command(epilog="Example: dossier retention run --yes")
@click.option("--dry-run", is_flag=True, help="Only say what would be deleted.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print what was deleted as JSON.")
def run(*, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Delete what is due, for good.

    Bodies that other jobs name are kept until their time is over too. Events stay.
    """
    plan, asked = as_owner(_due), as_owner(_due_access)
    due = f"{bodies_of(plan)} and {counted(asked, 'entry', 'entries')} of the access log"
    if (plan.names or asked) and not (dry_run or yes):
        _ask(due)
    reason = f"retention: {counted(len(plan.jobs), 'job')} beyond the time that the rules allow"
    number = None if dry_run else as_owner(lambda engine: forget(engine, plan, reason))
    gone = asked if dry_run else as_owner(_forget_access)
    if as_json:
        about = {"bodies": len(plan.names), "jobs": plan.jobs, "shared": plan.shared, "accesses": gone}
        print_json({"tombstone": number, **about})
    elif dry_run or not (number or gone):
        click.echo(f"Due: {due}.")
    else:
        told = f"; tombstone {number}" if number else ""
        click.echo(
            f"Deleted {bodies_of(plan)} and {counted(gone, 'entry', 'entries')} of the access log{told}."
        )


async def _due(engine: Engine) -> Plan:
    with err.status("Looking for what is due …"):
        jobs = await store.due_jobs(engine, await store.read_rules(engine), datetime.now(UTC))
        return await plan_jobs(engine, jobs)


async def _due_access(engine: Engine) -> int:
    before = await _access_before(engine)
    return await count_due(engine, before) if before else 0


async def _forget_access(engine: Engine) -> int:
    before = await _access_before(engine)
    return await forget_access(engine, before, datetime.now(UTC)) if before else 0


async def _access_before(engine: Engine) -> datetime | None:
    days = await store.read_access_days(engine)
    return datetime.now(UTC) - timedelta(days=days) if days else None


def _ask(due: str) -> None:
    if not is_interactive():
        raise click.UsageError("Not a terminal: pass --yes to confirm, or --dry-run to see.")
    click.confirm(f"Delete {due}? This cannot be undone.", abort=True)


def _sentence(rule: RetentionSet | AccessRetentionSet) -> str:
    if isinstance(rule, AccessRetentionSet):
        kept = f"kept for {counted(rule.days, 'day')}" if rule.days else "never deleted"
        return f"entries of the access log are {kept}."
    whose = f"of jobs with the tag {rule.tag}" if rule.tag else "of all jobs"
    where = f" of {rule.tenant}" if rule.tenant else ""
    if not rule.days:
        return f"the rule for bodies {whose}{where} is ended."
    return f"bodies {whose}{where} are kept for {counted(rule.days, 'day')}."
