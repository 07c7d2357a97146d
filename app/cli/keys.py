"""`dossier key` makes, lists and revokes API keys."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import click

from app.cli.database_work import at_server_or_database
from app.cli.exits import FAILED, Ended
from app.cli.printing import print_table
from app.cli.terminal import complain, print_json
from app.domain.api_key import SCOPES, Scope
from app.domain.caller import DEFAULT_TENANT
from app.store.api_keys import add_key, read_keys, revoke_key, shown_key
from app.store.database import Engine
from dossier import Dossier
from dossier.key_types import Key

WHOLE_DAY = timedelta(days=1)
SPAN_UNITS = {"d": WHOLE_DAY, "h": timedelta(hours=1)}


@click.group(epilog="Example: dossier key create laptop --scope read --scope submit")
def key() -> None:
    """Make, list and revoke API keys.

    As long as there is none, everybody who reaches the server may use it. With DOSSIER_URL that server is
    asked, with the key of an admin; the first key is made without it, on the server's machine.
    """


@key.command(epilog="Example: dossier key create reports --scope read --expires 90d")
@click.argument("name")
@click.option(
    "--scope", "scopes", multiple=True, type=click.Choice(SCOPES), help="Repeatable; default: read, submit."
)
@click.option("--expires", metavar="90d", help="Days (d) or hours (h) from now; default: never.")
@click.option("--tenant", help="Whose key it is; default: your own, without DOSSIER_URL 'default'.")
@click.option("--json", "as_json", is_flag=True, help="Print the key as JSON.")
def create(
    name: str, scopes: tuple[Scope, ...], expires: str | None, tenant: str | None, *, as_json: bool
) -> None:
    """Make a key and print it once."""
    span = _span(expires) if expires else None
    wanted: tuple[Scope, ...] = scopes or ("read", "submit")
    key_id, text, whose = at_server_or_database(
        lambda dossier: _made_there(dossier, name, wanted, span, tenant),
        lambda engine: _made_here(engine, name, wanted, span, tenant or DEFAULT_TENANT),
    )
    if as_json:
        print_json({"key_id": key_id, "key": text, "tenant": whose, "scopes": wanted})
        return
    click.echo(text)
    complain(
        f"Key {key_id} may {', '.join(wanted)}. It is shown only once; send it as Authorization: Bearer."
    )


def _made_there(
    dossier: Dossier, name: str, scopes: Sequence[Scope], span: timedelta | None, tenant: str | None
) -> tuple[str, str, str]:
    if span and span % WHOLE_DAY:
        raise click.UsageError("A server counts in days: use --expires with whole days, such as 1d.")
    days = span // WHOLE_DAY if span else None
    # A server says of each scope whether it has it.
    made = dossier.create_key(name, scopes=scopes, expires_in_days=days, tenant=tenant)  # type: ignore[arg-type]
    return made.key.key_id, made.secret, made.key.tenant


async def _made_here(
    engine: Engine, name: str, scopes: Sequence[Scope], span: timedelta | None, tenant: str
) -> tuple[str, str, str]:
    expires_at = datetime.now(UTC) + span if span else None
    return *await add_key(engine, name, scopes, expires_at, tenant), tenant


@key.command("list", epilog="Example: dossier key list --json")
@click.option("--json", "as_json", is_flag=True, help="Print the keys as JSON.")
def list_keys(*, as_json: bool) -> None:
    """List the keys, never their secrets."""
    keys = at_server_or_database(lambda dossier: dossier.keys().keys, _stored)
    if as_json:
        print_json(keys)
        return
    names = ("Id", "Tenant", "Name", "Scopes", "State", "Last used")
    print_table(names, list(map(_cells, keys)), empty="No keys yet. Make one: dossier key create NAME")


async def _stored(engine: Engine) -> list[Key]:
    return [shown_key(one) for one in await read_keys(engine)]


def _cells(one: Key) -> tuple[str, ...]:
    used = f"{one.last_used_at:%Y-%m-%d %H:%M}" if one.last_used_at else "never"
    return one.key_id, one.tenant, one.name, " ".join(one.scopes), one.state, used


@key.command(epilog="Example: dossier key revoke 0Ab3dE6h")
@click.argument("key_id")
@click.option("--json", "as_json", is_flag=True, help="Print {revoked} as JSON.")
def revoke(key_id: str, *, as_json: bool) -> None:
    """Revoke a key.

    Every process refuses it within seconds.
    """
    at_server_or_database(lambda dossier: dossier.revoke_key(key_id), lambda engine: _revoke(engine, key_id))
    if as_json:
        print_json({"revoked": key_id})
    else:
        click.echo(f"Key {key_id} is revoked.")


async def _revoke(engine: Engine, key_id: str) -> None:
    if not await revoke_key(engine, key_id):
        raise Ended(f"No key has the id {key_id}; `dossier key list` shows all.", FAILED)


def _span(text: str) -> timedelta:
    found = re.fullmatch(r"([1-9]\d{0,4})([dh])", text)
    if not found:
        raise click.BadParameter(f"{text!r} is not a time span. Use days or hours, such as 90d.")
    return int(found[1]) * SPAN_UNITS[found[2]]
