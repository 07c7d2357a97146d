"""Tell slips in the names of settings from other programs' names."""

import difflib
import re
from collections.abc import Collection, Iterable

from app.errors import BadSetting

BEGINNING = "DOSSIER_"
CLOSE = 0.88  # how alike a slip and a name are
MAX_NAME = 100  # characters; a longer name is not a typing error
# Tests of crashes have one, and Kubernetes gives every process those of a service that is called "dossier".
OTHERS = re.compile(r"DOSSIER_(?:CRASH_AT$|SERVICE_|PORT$|PORT_)")


def unknown_names(given: Iterable[str], known: Collection[str]) -> list[str]:
    """Return the names that look like settings and are not."""
    return sorted(
        name for name in given if name.startswith(BEGINNING) and name not in known and not OTHERS.match(name)
    )


def refuse_slips(given: Iterable[str], known: Collection[str]) -> None:
    """Refuse a name that is nearly a setting's.

    Its value would be lost in silence.
    """
    meant = {name if name.startswith(BEGINNING) else BEGINNING + name: name for name in known}
    for name in unknown_names(given, known):
        if close := difflib.get_close_matches(name[:MAX_NAME], meant, 1, CLOSE):
            raise BadSetting(f"{name[:MAX_NAME]} is not a setting. Did you mean {meant[close[0]]}?")
