"""Take the application's filters by tenant out.

Row level security alone is left.
"""

import importlib
import pkgutil
import re

from app import store
from app.store import job_lists

# What says whose the rows of a statement are, as $1 or another parameter.
FILTER = re.compile(
    r"(?:\b\w+\.)?\btenant = (\$\d)(?:::text)?|\(SELECT tenant FROM jobs WHERE [^()]*\) = (\$\d)::text"
)
CHANGES = re.compile(r"\b(?:INSERT|DELETE|UPDATE\s+\w+\s+(?:\w+\s+)?SET)\b")  # these have one fence
# They ask before there is a caller, or for all tenants.
OTHERS = {"api_keys", "tenants", "quotas", "provider_keys", "queue", "access_log", "stream_tokens"}


def without_filter(sql: str) -> str:
    """Return a statement that asks for everybody's rows."""
    return FILTER.sub(lambda found: f"{found[1] or found[2]}::text <> ''", sql)


def is_filtered(sql: object) -> bool:
    """Return whether this is a statement that reads by tenant."""
    return isinstance(sql, str) and not CHANGES.search(sql) and without_filter(sql) != sql


def forget_tenants(monkeypatch) -> list[str]:
    """Make every statement that reads forget its tenant, and return their names."""
    forgotten = []
    for found in pkgutil.iter_modules(store.__path__):
        module = importlib.import_module(f"app.store.{found.name}")
        for name, sql in vars(module).items():
            if found.name not in OTHERS and is_filtered(sql):
                monkeypatch.setattr(module, name, without_filter(sql))
                forgotten.append(f"{found.name}.{name}")
    listed = job_lists.list_sql

    def list_sql(*asked):
        sql, values = listed(*asked)
        assert is_filtered(sql)
        return without_filter(sql), values

    monkeypatch.setattr(job_lists, "list_sql", list_sql)
    return forgotten
