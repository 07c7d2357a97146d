"""Find a saved filter by its name."""

from typing import Any

import msgspec

from app.cli.exits import FAILED, Ended
from dossier import Dossier
from dossier.library_types import SavedFilter


def find_filter(dossier: Dossier, name: str) -> SavedFilter:
    """Return the filter of this name. Raises Ended."""
    filters = dossier.library().filters
    for one in filters:
        if one.name == name:
            return one
    known = ", ".join(f.name for f in filters) or "none yet"
    raise Ended(f"No saved filter is named {name!r}. There are: {known}.", FAILED)


def saved_search(dossier: Dossier, name: str) -> dict[str, Any]:
    """Return a saved filter as what `Dossier.jobs` takes."""
    search = msgspec.structs.asdict(find_filter(dossier, name).search)
    search["search"] = search.pop("q")
    return search
