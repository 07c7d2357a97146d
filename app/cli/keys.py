"""`dossier key` makes, lists and revokes API keys, in the database itself."""

import re
from datetime import UTC, datetime, timedelta

import click

from app.cli.database_work import in_database
from app.cli.exits import FAILED, Ended
from app.cli.printing import print_table
from app.cli.terminal import complain, print_json
from app.domain.api_key import SCOPES, Scope
from app.domain.caller import DEFAULT_TENANT
from app.store.api_keys import ApiKey, add_key, read_keys, revoke_key

SPAN_UNITS = {"d": timedelta(days=1), "h": timedelta(hours=1)}


@click.group(epilog="Example: dossier key create laptop --scope read --scope submit")
def key() -> None:
    """Make, list and revoke API keys.

    As long as there is none, everybody who reaches the server may use it.
    """


@key.command(epilog="Example: dossier key create reports --scope read --expires 90d")
@click.argument("name")
@click.option(
    "--scope", "scopes", multiple=True, type=click.Choice(SCOPES), help="Repeatable; default: read, submit."
)
@click.option("--expires", metavar="90d", help="Days (d) or hours (h) from now; default: never.")
@click.option("--tenant", default=DEFAULT_TENANT, show_default=True, help="Whose key it is.")
@click.option("--json", "as_json", is_flag=True, help="Print the key as JSON.")
def create(name: str, scopes: tuple[Scope, ...], expires: str | None, tenant: str, *, as_json: bool) -> None:
    """Make a key and print it once."""
    expires_at = datetime.now(UTC) + _span(expires) if expires else None
    wanted: tuple[Scope, ...] = scopes or ("read", "submit")
    key_id, text = in_database(lambda engine: add_key(engine, name, wanted, expires_at, tenant))
    if as_json:
        print_json({"key_id": key_id, "key": text, "tenant": tenant, "scopes": wanted})
        return
    click.echo(text)
    complain(
        f"Key {key_id} may {', '.join(wanted)}. It is shown only once; send it as Authorization: Bearer."
    )


@key.command("list", epilog="Example: dossier key list --json")
@click.option("--json", "as_json", is_flag=True, help="Print the keys as JSON.")
def list_keys(*, as_json: bool) -> None:
    """List the keys, never their secrets."""
    keys = in_database(read_keys)
    if as_json:
        print_json([_shown(one) for one in keys])
        return
    names = ("Id", "Tenant", "Name", "Scopes", "State", "Last used")
    print_table(names, list(map(_cells, keys)), empty="No keys yet. Make one: dossier key create NAME")


def _cells(one: ApiKey) -> tuple[str, ...]:
    used = f"{one.last_used_at:%Y-%m-%d %H:%M}" if one.last_used_at else "never"
    return one.key_id, one.tenant, one.name, " ".join(one.scopes), one.state(datetime.now(UTC)), used


@key.command(epilog="Example: dossier key revoke 0Ab3dE6h")
@click.argument("key_id")
@click.option("--json", "as_json", is_flag=True, help="Print {revoked} as JSON.")
def revoke(key_id: str, *, as_json: bool) -> None:
    """Revoke a key.

    Every process refuses it within seconds.
    """
    if not in_database(lambda engine: revoke_key(engine, key_id)):
        raise Ended(f"No key has the id {key_id}; `dossier key list` shows all.", FAILED)
    if as_json:
        print_json({"revoked": key_id})
    else:
        click.echo(f"Key {key_id} is revoked.")


def _span(text: str) -> timedelta:
    found = re.fullmatch(r"([1-9]\d{0,4})([dh])", text)
    if not found:
        raise click.BadParameter(f"{text!r} is not a time span. Use days or hours, such as 90d.")
    return int(found[1]) * SPAN_UNITS[found[2]]


def _shown(one: ApiKey) -> dict[str, object]:
    return {
        "key_id": one.key_id,
        "tenant": one.tenant,
        "name": one.name,
        "scopes": one.scopes,
        "state": one.state(datetime.now(UTC)),
        "created_at": one.created_at,
        "expires_at": one.expires_at,
        "revoked_at": one.revoked_at,
        "last_used_at": one.last_used_at,
    }
