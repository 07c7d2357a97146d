"""`dossier secret` keeps tenants' provider keys, in the database itself."""

import sys
from collections.abc import Awaitable, Callable
from typing import TypeVar

import click

from app.cli.database_work import in_database
from app.cli.exits import FAILED, Ended
from app.cli.printing import print_table
from app.cli.terminal import complain, counted, print_json
from app.configuration import master_keys
from app.domain.caller import Caller
from app.domain.master_key import MasterKeys, new_master_key
from app.providers.tenant_keys import KEYED_PROVIDERS, check_provider_key
from app.settings import load_settings
from app.store import provider_keys as store
from app.store.database import Engine
from dossier.provider_key_types import KeyedProvider, NewProviderKey, ProviderKey

MAX_KEY_TEXT = 4000  # characters
ACTOR = "cli"

WorkT = TypeVar("WorkT")


@click.group("secret", epilog="Example: dossier secret set acme openai")
def secret() -> None:
    """Keep tenants' own keys with model and search providers.

    They are sealed by DOSSIER_MASTER_KEY, and used for the jobs of their tenant instead of the server's.
    """


@secret.command("master", epilog="Example: dossier secret master")
@click.option("--json", "as_json", is_flag=True, help="Print {master_key} as JSON.")
def master(*, as_json: bool) -> None:
    """Make a master key and print it once.

    Without it, no key that it sealed can be read again.
    """
    made = new_master_key()
    if as_json:
        print_json({"master_key": made})
        return
    click.echo(made)
    complain("Set it as DOSSIER_MASTER_KEY for servers and workers, and keep a copy apart from backups.")


@secret.command("set", epilog="Example: dossier secret set acme openai")
@click.argument("tenant")
@click.argument("provider", type=click.Choice(KEYED_PROVIDERS))
@click.option("--base-url", default="", help="Where it is sent; default: the provider's own address.")
@click.option("--json", "as_json", is_flag=True, help="Print what is kept, without the key, as JSON.")
def set_key(tenant: str, provider: KeyedProvider, base_url: str, *, as_json: bool) -> None:
    """Set a key, which is read from standard input or a prompt."""
    wanted = NewProviderKey(provider, _read_key(provider), base_url)
    check_provider_key(wanted, load_settings().private_hosts)
    caller = Caller(tenant, actor=ACTOR)
    made = _with_masters(lambda engine, masters: store.set_provider_key(engine, caller, masters, wanted))
    if as_json:
        print_json(made)
    else:
        click.echo(f"The key of {tenant} for {provider} is set. Jobs that begin from now on use it.")


@secret.command("list", epilog="Example: dossier secret list --json")
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
def list_keys(*, as_json: bool) -> None:
    """List whose keys there are for what, never the keys."""
    found = in_database(store.all_provider_keys)
    if as_json:
        print_json(found)
        return
    empty = "No provider keys yet. Set one: dossier secret set TENANT PROVIDER"
    print_table(("Tenant", "Provider", "Address", "Set", "By"), list(map(_cells, found)), empty=empty)


def _cells(one: ProviderKey) -> tuple[str, ...]:
    return one.tenant, one.provider, one.base_url or "its own", f"{one.set_at:%Y-%m-%d %H:%M}", one.set_by


@secret.command("remove", epilog="Example: dossier secret remove acme openai")
@click.argument("tenant")
@click.argument("provider")
@click.option("--json", "as_json", is_flag=True, help="Print {tenant, removed} as JSON.")
def remove(tenant: str, provider: str, *, as_json: bool) -> None:
    """Remove a key, so that later jobs use the server's own."""
    if not in_database(lambda engine: store.remove_provider_key(engine, Caller(tenant), provider)):
        raise Ended(f"{tenant} has no key for {provider}; `dossier secret list` shows all.", FAILED)
    if as_json:
        print_json({"tenant": tenant, "removed": provider})
    else:
        click.echo(f"The key of {tenant} for {provider} is removed.")


@secret.command("rotate", epilog="Example: dossier secret rotate")
@click.option("--json", "as_json", is_flag=True, help="Print {rotated} as JSON.")
def rotate(*, as_json: bool) -> None:
    """Seal all keys anew, under DOSSIER_MASTER_KEY.

    To replace that, set the old one as DOSSIER_PREVIOUS_MASTER_KEY everywhere first, and unset it afterwards.
    """
    count = _with_masters(store.rotate_data_keys)
    if as_json:
        print_json({"rotated": count})
    else:
        click.echo(f"The keys of {counted(count, 'tenant')} are sealed anew.")


def _with_masters(work: Callable[[Engine, MasterKeys], Awaitable[WorkT]]) -> WorkT:
    masters = master_keys(load_settings())
    return in_database(lambda engine: work(engine, masters))


def _read_key(provider: str) -> str:
    """Return the key, which no list of processes shows."""
    if sys.stdin.isatty():
        text: str = click.prompt(f"Key for {provider}", hide_input=True, err=True)
        return text.strip()
    text = sys.stdin.read(MAX_KEY_TEXT + 1).strip()
    if len(text) > MAX_KEY_TEXT:
        raise click.UsageError(f"The key is longer than {MAX_KEY_TEXT:,} characters.")
    return text
