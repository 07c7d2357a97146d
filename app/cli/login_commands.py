"""`dossier logins` makes the logins of API, workers and SQL users."""

import re
import sys

import click

from app.cli.database_work import as_owner
from app.cli.terminal import complain, print_json
from app.errors import BadSetting
from app.settings import load_settings
from app.store.address import parsed
from app.store.logins import LOGIN_KINDS, Login, LoginKind, make_logins

LOGIN_PREFIX = re.compile(r"[a-z][a-z0-9_]{0,40}")
MAX_PASSWORDS_TEXT = 4_000  # characters


@click.command(epilog="Example: dossier logins > logins.txt")
@click.option("--passwords", is_flag=True, help="Read lines `api PASSWORD` from standard input.")
@click.option("--prefix", default="dossier", show_default=True, help="What the names begin with.")
@click.option("--json", "as_json", is_flag=True, help="Print the logins and new passwords as JSON.")
def logins(*, passwords: bool, prefix: str, as_json: bool) -> None:
    """Make logins for API, workers and SQL users.

    None of them owns anything or may change the log. Run again, it makes what is missing, and leaves
    passwords that are not given. The user in DATABASE_URL must own the tables, and be one who may make roles.
    """
    if not LOGIN_PREFIX.fullmatch(prefix):
        raise click.BadParameter("Use up to 41 of a-z, 0-9 and _, a letter first.", param_hint="--prefix")
    if not load_settings().database_url:
        raise BadSetting("The embedded Postgres lets in its own user alone. Set DATABASE_URL to another one.")
    given = _read_passwords() if passwords else {}
    made = as_owner(lambda owner: make_logins(owner, given, prefix))
    if as_json:
        print_json(made)
        return
    for one in made:
        click.echo(f"{one.name} ({one.role}): {_url_of(one)}")
    if any(one.password and one.kind not in given for one in made):
        complain("New passwords are shown this once.")


def _url_of(one: Login) -> str:
    """Return a login's address, with a password that is new."""
    parts = parsed(load_settings().database_url)
    url = parts.set(drivername="postgresql", username=one.name, password=one.password)
    return url.render_as_string(hide_password=False)


def _read_passwords() -> dict[LoginKind, str]:
    """Return passwords by the kind of login.

    No argument has one, since every list of processes shows those.
    """
    given: dict[LoginKind, str] = {}
    text = sys.stdin.read(MAX_PASSWORDS_TEXT)
    for line in filter(None, map(str.strip, text.splitlines())):
        name, _, password = line.partition(" ")
        kind = next((one for one in LOGIN_KINDS if one == name), None)
        if kind is None or not password.strip():
            raise click.UsageError(
                f"A line must be one of {', '.join(LOGIN_KINDS)}, a space, and a password."
            )
        given[kind] = password.strip()
    return given
