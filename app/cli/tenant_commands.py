"""`dossier tenant` makes, lists, suspends and resumes tenants."""

import click

from app.cli.database_work import at_server_or_database
from app.cli.printing import print_table
from app.cli.terminal import print_json
from app.store import tenants as store
from dossier.tenant_types import Tenant

AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print the tenant as JSON.")


@click.group(epilog="Example: dossier tenant create acme")
def tenant() -> None:
    """Make, list, suspend and resume tenants.

    A key belongs to one tenant, and sees only what is that tenant's. Without any, all is of `default`.
    """


@tenant.command(epilog="Example: dossier tenant create acme")
@click.argument("name")
@AS_JSON
def create(name: str, *, as_json: bool) -> None:
    """Make a tenant.

    Its keys are made with `dossier key create --tenant`.
    """
    at_server_or_database(
        lambda dossier: dossier.create_tenant(name), lambda engine: store.add_tenant(engine, name)
    )
    _say(name, "is made", "open", as_json=as_json)


@tenant.command("list", epilog="Example: dossier tenant list --json")
@click.option("--json", "as_json", is_flag=True, help="Print the tenants as JSON.")
def list_tenants(*, as_json: bool) -> None:
    """List the tenants, and how many valid keys each has."""
    found = at_server_or_database(lambda dossier: dossier.tenants().tenants, store.read_tenants)
    if as_json:
        print_json(found)
        return
    print_table(("Tenant", "State", "Keys", "Created"), list(map(_cells, found)), right=("Keys",))


def _cells(one: Tenant) -> tuple[str, ...]:
    created = f"{one.created_at:%Y-%m-%d %H:%M}" if one.created_at else "–"
    return one.tenant, "suspended" if one.suspended_at else "open", str(one.keys), created


@tenant.command(epilog="Example: dossier tenant suspend acme")
@click.argument("name")
@AS_JSON
def suspend(name: str, *, as_json: bool) -> None:
    """Refuse all keys of a tenant within seconds.

    Its jobs go on; cancel them where they should not.
    """
    at_server_or_database(
        lambda dossier: dossier.suspend_tenant(name), lambda engine: store.suspend_tenant(engine, name)
    )
    _say(name, "is suspended", "suspended", as_json=as_json)


@tenant.command(epilog="Example: dossier tenant resume acme")
@click.argument("name")
@AS_JSON
def resume(name: str, *, as_json: bool) -> None:
    """Let the keys of a suspended tenant in again."""
    at_server_or_database(
        lambda dossier: dossier.resume_tenant(name), lambda engine: store.resume_tenant(engine, name)
    )
    _say(name, "is resumed", "open", as_json=as_json)


def _say(name: str, what: str, state: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"tenant": name, "state": state})
    else:
        click.echo(f"Tenant {name} {what}.")
