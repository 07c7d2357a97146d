"""Check settings that are text: addresses, paths, keys and names.

Each check returns what is wrong with a value, or "". No answer repeats a value: some are secrets.
"""

import base64
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

Check = Callable[[str], str]

MASTER_KEY_BYTES = 32
MAX_PREFIX = 500  # characters
NO_FILE = "none"  # instead of a file of settings

DATABASE_URL = re.compile(r"postgres(?:ql)?(?:\+\w+)?://.+")
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
HOST = re.compile(r"[\w.\-]+(?::(?:\d+|\*))?|\[[0-9A-Fa-f:.]+\](?::(?:\d+|\*))?")
BARE_HOST = re.compile(r"[\w.\-]+|\[?[0-9A-Fa-f:.]+\]?")
ORIGIN = re.compile(r"https?://(?:[\w.\-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?/?")
ROOT_PATH = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,99}){1,8}/?")
# Of whatever looks like an address, right or wrong: before the host, and in the query.
USER_OF_ADDRESS = re.compile(r"://[^:/?#]{0,300}:")
QUERY_PASSWORD = re.compile(r"[?&](?:ssl)?password=([^&#]+)", re.IGNORECASE)
KEY = re.compile(r"[!-~]+")  # it is sent in a header


def wrong_address(value: str) -> str:
    """Return what is wrong with a server's address."""
    if _has_gaps(value):
        return "must be an address without spaces or control characters"
    try:
        parts = urlsplit(value)
        is_web = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is not a number, brackets without an address
        is_web = False
    return "" if is_web else "must be an address that begins with http:// or https://"


def wrong_open_address(value: str) -> str:
    """Return what is wrong with an address that may hold no password."""
    if wrong := wrong_address(value):
        return wrong
    parts = urlsplit(value)
    if parts.username or parts.password:
        return "must be an address without a user and a password; set the key instead"
    return ""


def wrong_database(value: str) -> str:
    """Return what is wrong with the address of a Postgres."""
    if CONTROL.search(value) or not DATABASE_URL.fullmatch(value):  # a password may have spaces
        return "must be an address that begins with postgresql://"
    return ""


def passwords_in(url: str) -> set[str]:
    """Return the passwords in an address, as they are written in it."""
    found = set(QUERY_PASSWORD.findall(url))
    last, at = url.rfind("@"), 0
    while (user := USER_OF_ADDRESS.search(url, at)) and user.end() < last:
        at = url.index("@", user.end())
        found.add(url[user.end() : at])
    return found - {""}


def wrong_key(value: str) -> str:
    """Return what is wrong with a secret key."""
    return "" if KEY.fullmatch(value) else "must be letters, digits and signs of ASCII, without spaces"


def wrong_master_key(value: str) -> str:
    """Return what is wrong with a key that wraps others."""
    try:
        has_length = len(base64.b64decode(value, validate=True)) == MASTER_KEY_BYTES
    except ValueError:
        has_length = False
    return "" if has_length else "must be 32 bytes in base64: make one with `dossier secret master`"


def wrong_name(value: str) -> str:
    """Return what is wrong with the name of a model."""
    return "" if value.strip() and value.isprintable() else "must be a name without control characters"


def wrong_prefix(value: str) -> str:
    """Return what is wrong with what stands before a text."""
    if len(value) <= MAX_PREFIX and not CONTROL.search(value.replace("\n", "")):
        return ""
    return f"must be at most {MAX_PREFIX} characters, none of them a control character"


def wrong_hosts(value: str) -> str:
    """Return what is wrong with host names that are separated by spaces."""
    hosts = value.split()
    if hosts and all(map(HOST.fullmatch, hosts)):
        return ""
    return "must be host names without http://, separated by spaces"


def wrong_host(value: str) -> str:
    """Return what is wrong with a host name without a port."""
    return "" if BARE_HOST.fullmatch(value) else "must be a host name without http:// and a port"


def wrong_private_hosts(value: str) -> str:
    """Return what is wrong with comma-separated host names without ports."""
    if all(BARE_HOST.fullmatch(host.strip()) for host in value.split(",")):
        return ""
    return "must be host names without http:// and ports, separated by commas"


def wrong_origins(value: str) -> str:
    """Return what is wrong with comma-separated origins."""
    if all(origin.strip() == "*" or ORIGIN.fullmatch(origin.strip()) for origin in value.split(",")):
        return ""
    return "must be origins such as https://app.example.com, separated by commas, or *"


def wrong_root_path(value: str) -> str:
    """Return what is wrong with a path before all others."""
    return "" if ROOT_PATH.fullmatch(value) else "must be a path such as /dossier"


def wrong_source(value: str) -> str:
    """Return what is wrong with a path to read."""

    def check(path: Path) -> str:
        if path.is_dir():
            return "names a folder; it must be a file"
        return "" if path.exists() else "names a file that does not exist"

    return _wrong_path(value, check)


def wrong_env_file(value: str) -> str:
    """Return what is wrong with the path of a file of settings."""
    return "" if value == NO_FILE else wrong_source(value)


def wrong_target(value: str) -> str:
    """Return what is wrong with a path to write."""

    def check(path: Path) -> str:
        if path.is_dir():
            return "names a folder; it must be a file"
        return "" if path.parent.is_dir() else "is in a folder that does not exist"

    return _wrong_path(value, check)


def wrong_folder(value: str) -> str:
    """Return what is wrong with a folder to be made."""

    def check(path: Path) -> str:
        known = next(one for one in (path, *path.absolute().parents) if one.exists())
        return "" if known.is_dir() else "names a file, or is under one; it must be a folder"

    return _wrong_path(value, check)


def _has_gaps(value: str) -> bool:
    return not value.isprintable() or any(map(str.isspace, value))


def _wrong_path(value: str, check: Callable[[Path], str]) -> str:
    """Return what is wrong with a path.

    What another user may see is not checked here: opening the file reports it.
    """
    if not value.strip() or CONTROL.search(value):
        return "must be a path without control characters"
    try:
        return check(Path(value).expanduser())
    except PermissionError:
        return ""
    except RuntimeError:
        return "begins with ~ and a user who is not known here"
    except (OSError, ValueError) as error:
        return f"is not a path that can be used ({getattr(error, 'strerror', None) or error})"
