"""`dossier retention` sets how long bodies are kept, and deletes the rest."""

from datetime import UTC, datetime

import click

from app.cli.database_work import as_owner
from app.cli.forgetting import bodies_of
from app.cli.printing import print_table
from app.cli.terminal import counted, err, is_interactive, print_json
from app.domain.upkeep import RetentionSet
from app.store import retention as store
from app.store.database import Engine
from app.store.forget import Plan, forget, plan_jobs

LONGEST = 36_500  # days


@click.group(epilog="Example: dossier retention set 365")
def retention() -> None:
    """Set how long bodies are kept, and delete what is due.

    Bodies are the pages, prompts and replies of jobs. Each rule is an entry of the log of upkeep.
    The user in DATABASE_URL must own the tables.
    """


@retention.command("set", epilog="Example: dossier retention set 30 --tag private")
@click.argument("days", type=click.IntRange(0, LONGEST))
@click.option("--tag", default="", help="Only jobs with this tag.")
@click.option("--tenant", default="", help="Only jobs of this tenant.")
@click.option("--json", "as_json", is_flag=True, help="Print the rule as JSON.")
def set_rule(days: int, tag: str, tenant: str, *, as_json: bool) -> None:
    """Keep bodies for so many days after a job has ended.

    0 ends the rule. Of several rules, one with a tag beats one with a tenant alone, which beats the general
    one; of several tags, the longest time holds.
    """
    rule = RetentionSet(days, tag, tenant)
    number = as_owner(lambda engine: store.set_rule(engine, rule))
    if as_json:
        print_json({"number": number, "days": days, "tag": tag, "tenant": tenant})
    else:
        click.echo(f"Entry {number} of the log of upkeep: {_sentence(rule)}")


@retention.command(epilog="Example: dossier retention show --json")
@click.option("--json", "as_json", is_flag=True, help="Print the rules as JSON.")
def show(*, as_json: bool) -> None:
    """List the rules that hold."""
    rules = as_owner(store.read_rules)
    if as_json:
        print_json([{"days": rule.days, "tag": rule.tag, "tenant": rule.tenant} for rule in rules])
        return
    rows = [(rule.tenant or "any", rule.tag or "any", str(rule.days)) for rule in rules]
    none = "No rules yet: everything is kept. Make one: dossier retention set DAYS"
    print_table(("Tenant", "Tag", "Days"), rows, right=("Days",), empty=none)


@retention.command(epilog="Example: dossier retention run --yes")
@click.option("--dry-run", is_flag=True, help="Only say what would be deleted.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print what was deleted as JSON.")
def run(*, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Delete the bodies whose time is over, for good.

    Bodies that other jobs name are kept until their time is over too. Events stay.
    """
    plan = as_owner(_due)
    if plan.names and not (dry_run or yes):
        _ask(plan)
    reason = f"retention: {counted(len(plan.jobs), 'job')} beyond the time that the rules allow"
    number = None if dry_run else as_owner(lambda engine: forget(engine, plan, reason))
    if as_json:
        print_json({"tombstone": number, "bodies": len(plan.names), "jobs": plan.jobs, "shared": plan.shared})
    elif number is None:
        click.echo(f"Due: {bodies_of(plan)}.")
    else:
        click.echo(f"Deleted {bodies_of(plan)}; tombstone {number}.")


async def _due(engine: Engine) -> Plan:
    with err.status("Looking for what is due …"):
        jobs = await store.due_jobs(engine, await store.read_rules(engine), datetime.now(UTC))
        return await plan_jobs(engine, jobs)


def _ask(plan: Plan) -> None:
    if not is_interactive():
        raise click.UsageError("Not a terminal: pass --yes to confirm, or --dry-run to see.")
    click.confirm(f"Delete {bodies_of(plan)}? This cannot be undone.", abort=True)


def _sentence(rule: RetentionSet) -> str:
    whose = f"of jobs with the tag {rule.tag}" if rule.tag else "of all jobs"
    where = f" of {rule.tenant}" if rule.tenant else ""
    if not rule.days:
        return f"the rule for bodies {whose}{where} is ended."
    return f"bodies {whose}{where} are kept for {counted(rule.days, 'day')}."
