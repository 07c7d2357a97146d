"""`dossier quota` shows and sets what tenants may use."""

import click
from msgspec.structs import asdict

from app.cli.database_work import at_server_or_database
from app.cli.printing import print_table
from app.cli.terminal import print_json
from app.store import quotas as store
from dossier.cost_types import QuotaUse
from dossier.tenant_types import Quota

QUOTA_HEADINGS = (
    "Tenant",
    "Unfinished jobs",
    "Jobs today",
    "USD this month",
    "Of which reserved",
    "Tokens this month",
    "Bytes of documents",
    "Streams",
)


@click.group(epilog="Example: dossier quota set acme --usd-per-month 50")
def quota() -> None:
    """Show and set what tenants may use.

    What goes beyond it is refused (429) until there is room again. Days and months are those of UTC.
    """


@quota.command("list", epilog="Example: dossier quota list --json")
@click.option("--json", "as_json", is_flag=True, help="Print the quotas as JSON.")
def list_quotas(*, as_json: bool) -> None:
    """List the quotas, and how much of each is used."""
    found = at_server_or_database(lambda dossier: dossier.quotas().quotas, store.read_quotas)
    if as_json:
        print_json(found)
        return
    print_table(
        QUOTA_HEADINGS, list(map(_cells, found)), empty="No quotas yet. Set one: dossier quota set TENANT"
    )


@quota.command("set", epilog="Example: dossier quota set acme --jobs-per-day 100 --usd-per-month 50")
@click.argument("tenant")
@click.option("--unfinished-jobs", type=click.IntRange(1), help="That wait or run at a time.")
@click.option("--jobs-per-day", type=click.IntRange(1), help="That are submitted on a day.")
@click.option(
    "--usd-per-month", type=click.FloatRange(0, min_open=True), help="That its jobs and documents may cost."
)
@click.option("--tokens-per-month", type=click.IntRange(1), help="That its jobs and documents may use.")
@click.option("--document-bytes", type=click.IntRange(1), help="Of its documents and their files.")
@click.option("--streams", type=click.IntRange(1), help="That are open at a time, in each server process.")
@click.option("--json", "as_json", is_flag=True, help="Print the quota as JSON.")
def set_quota(tenant: str, *, as_json: bool, **most: float | None) -> None:
    """Set a tenant's quota.

    What is left out is unlimited.
    """
    wanted = Quota(**{f"max_{name}": value for name, value in most.items()})  # type: ignore[arg-type]
    at_server_or_database(
        lambda dossier: dossier.set_quota(tenant, **asdict(wanted)),
        lambda engine: store.set_quota(engine, tenant, wanted),
    )
    if as_json:
        print_json({"tenant": tenant, "quota": wanted})
    else:
        click.echo(f"The quota of {tenant} is set; every process knows it within seconds.")


def _cells(one: QuotaUse) -> tuple[str, ...]:
    return (
        one.tenant,
        _of(one.unfinished_jobs, one.max_unfinished_jobs),
        _of(one.jobs_today, one.max_jobs_per_day),
        _of(round(one.spent_usd + one.reserved_usd, 4), one.max_usd_per_month),
        f"{one.reserved_usd:g}",
        _counted(one.used_tokens + one.reserved_tokens, one.max_tokens_per_month),
        _counted(one.document_bytes, one.max_document_bytes),
        f"{one.max_streams} at a time" if one.max_streams else "",
    )


def _counted(used: int, most: int | None) -> str:
    return f"{used:,} of {most:,}" if most is not None else ""


def _of(used: float, most: float | None) -> str:
    return f"{used:g} of {most:g}" if most is not None else f"{used:g}"
