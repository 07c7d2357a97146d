"""Find the database of a command.

It is the one in DATABASE_URL, else the embedded Postgres, at the right level.
"""

import asyncio
import subprocess

import asyncpg

from app.errors import BadSetting, DatabaseUnavailable
from app.settings import Settings
from app.store import embedded, migrate
from app.store.condition import encoding_of
from app.store.database import make_engine
from dossier.problems import DossierError

RECREATE = (
    "Only UTF8 holds every text: CREATE DATABASE dossier ENCODING 'UTF8' LOCALE 'C.UTF-8' TEMPLATE template0."
)


class WrongLevel(DossierError):
    """The database must be migrated first."""


def ready_url(settings: Settings) -> str:
    """Return the URL of a database that this code serves.

    Blocks, and runs event loops of its own.

    The embedded Postgres is started and migrated for you. A database in DATABASE_URL belongs to
    somebody: Raises WrongLevel where it is not at the level.
    """
    url = owner_url(settings)
    found, expected = asyncio.run(level(url)), migrate.expected()
    if migrate.serves(found):
        return url
    if settings.database_url:
        raise WrongLevel(
            f"The database is at level {found or 'none'}, this version needs {expected}: "
            "run `dossier migrate` first."
        )
    migrate.migrate(url)
    return url


def owner_url(settings: Settings) -> str:
    """Return the URL of the database at whatever level it is.

    The embedded Postgres runs until this process ends.
    """
    if settings.database_url:
        return settings.database_url
    try:
        return embedded.start(settings.data_folder).get_uri()
    except (OSError, subprocess.SubprocessError) as error:
        folder = settings.data_folder
        raise DossierError(
            f"The embedded Postgres in {folder} does not start ({error}). See {folder / 'postgres' / 'log'}, "
            "or set DATABASE_URL to use another one."
        ) from error


async def level(url: str) -> str:
    """Return the level that the database is at.

    It is empty where the database was never migrated. Raises BadSetting, DatabaseUnavailable.
    """
    engine = make_engine(url, role=None, pool_size=1)
    try:
        if (encoding := await encoding_of(engine)) != "UTF8":
            raise BadSetting(f"The database in DATABASE_URL is encoded in {encoding}. {RECREATE}")
        return await migrate.level(engine)
    except DatabaseUnavailable as error:
        raise DatabaseUnavailable(f"The database in DATABASE_URL does not answer: {error}") from error
    except asyncpg.PostgresError as error:
        raise BadSetting(f"The database in DATABASE_URL cannot be used: {error}") from error
    finally:
        await engine.dispose()
