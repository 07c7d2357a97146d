"""Make the logins of API, workers and SQL users.

A password reaches Postgres as a SCRAM verifier: neither its log nor its list of statements shows it.
"""

import base64
import hashlib
import hmac
import os
import secrets
from collections.abc import Mapping
from typing import Literal, get_args

from msgspec import Struct

from app.errors import BadSetting
from app.store.analyst_session import ANALYST_ROLE, LOGIN_SETTINGS
from app.store.database import APP_ROLE, TENANT_ROLE, Engine, fetch

LoginKind = Literal["api", "worker", "analyst"]
LOGIN_KINDS: tuple[LoginKind, ...] = get_args(LoginKind)
MEMBERSHIPS: Mapping[LoginKind, str] = {"api": APP_ROLE, "worker": APP_ROLE, "analyst": ANALYST_ROLE}
SCRAM_ROUNDS = 4096  # as Postgres makes them
SALT_BYTES = 16
PASSWORD_BYTES = 24
MAX_PASSWORD = 200  # characters

# A name and a verifier are of characters that need no quoting beyond these.
MAKE_LOGIN = """
    DO $$ BEGIN
        IF to_regrole('{name}') IS NULL THEN
            CREATE ROLE {name} LOGIN;
        END IF;
        ALTER ROLE {name} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS{password};
        IF NOT pg_has_role('{name}', '{role}', 'MEMBER') THEN
            GRANT {role} TO {name};
        END IF;
    END $$"""

# A login that is a member of another role, or owns a table, may do more than it should.
BEYOND_LOGIN = """
    SELECT r.rolname::text FROM pg_roles r
    WHERE pg_has_role($1::text, r.oid, 'MEMBER') AND r.rolname <> ALL ($2::text[])
    UNION ALL
    SELECT 'the owner of ' || c.oid::regclass::text FROM pg_class c
    WHERE c.relowner = to_regrole($1) LIMIT 5"""

HAS_LOGIN = "SELECT to_regrole($1::text) IS NOT NULL"


class Login(Struct, frozen=True):
    """A login, and its password where it was set now."""

    kind: LoginKind
    name: str
    role: str
    password: str | None = None

    def __repr__(self) -> str:
        """Without the password."""
        return f"Login({self.name})"


async def make_logins(owner: Engine, given: Mapping[LoginKind, str], prefix: str) -> list[Login]:
    """Make the logins that are missing, and set given passwords.

    A new login without one gets a random one. Raises BadSetting, DatabaseUnavailable.
    """
    return [await _make_login(owner, kind, given.get(kind), prefix) for kind in LOGIN_KINDS]


async def _make_login(owner: Engine, kind: LoginKind, password: str | None, prefix: str) -> Login:
    name, role = f"{prefix}_{kind}", MEMBERSHIPS[kind]
    [(is_there,)] = await fetch(owner, HAS_LOGIN, name)
    if password is None and not is_there:
        password = secrets.token_urlsafe(PASSWORD_BYTES)
    clause = f" PASSWORD '{scram_verifier(password)}'" if password is not None else ""
    await fetch(owner, MAKE_LOGIN.format(name=name, role=role, password=clause))
    if kind == "analyst":
        for setting, value in LOGIN_SETTINGS.items():
            await fetch(owner, f"ALTER ROLE {name} SET {setting} = '{value}'")
    if found := await fetch(owner, BEYOND_LOGIN, name, [name, *_implied(role)]):
        raise BadSetting(f"The login {name} is also {', '.join(row[0] for row in found)}: revoke that first.")
    return Login(kind, name, role, password)


def _implied(role: str) -> tuple[str, ...]:
    """Return a role, and those that it may take on."""
    return (role, TENANT_ROLE) if role == APP_ROLE else (role,)


def scram_verifier(password: str, salt: bytes = b"") -> str:
    """Return what Postgres keeps of a password (RFC 5803).

    Raises BadSetting for a password that would need SASLprep.
    """
    if not (0 < len(password) <= MAX_PASSWORD and password.isascii() and password.isprintable()):
        raise BadSetting(f"A password must be 1 to {MAX_PASSWORD} printable characters of ASCII.")
    salt = salt or os.urandom(SALT_BYTES)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, SCRAM_ROUNDS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    salt64, stored64, server64 = (base64.b64encode(part).decode() for part in (salt, stored, server))
    return f"SCRAM-SHA-256${SCRAM_ROUNDS}:{salt64}${stored64}:{server64}"
