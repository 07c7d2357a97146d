"""`dossier serve` and `dossier worker`: the processes that an operator runs."""

import asyncio
import contextlib
import ipaddress
import logging
import os
import signal
import socket
import threading

import asyncpg
import click
import uvloop
from uvicorn import Server

from app import logs
from app.api.discovery import Offered
from app.api.http_protocol import PeerCount
from app.api.keyring import Keyring
from app.api.request_guard import AllowedHosts
from app.api.server import Door, allow_sockets, listen, make_server
from app.cli.database_checks import database_findings
from app.cli.database_url import ready_url
from app.cli.ingesting import add_examples
from app.cli.terminal import counted, print_json
from app.configuration import offered_by, secrets_of
from app.domain.caller import ANYBODY
from app.errors import DatabaseUnavailable
from app.mcp_server.mount import McpMount
from app.settings import Settings, env_path, load_settings, names_without_meaning
from app.store.database import make_engine
from app.store.past_figures import count_documents
from app.wiring import Container, run_worker, showing
from dossier.problems import DossierError

logger = logging.getLogger(__name__)

NEEDS_KEY = (
    "Others can reach this address, and there is no key yet: anybody could read and cancel every job. "
    "Make one first: dossier key create NAME. Or pass --insecure."
)


@click.command(epilog="Example: dossier serve --port 8080 --workers 4")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one."
)
@click.option(
    "--workers",
    default=2,
    show_default=True,
    type=click.IntRange(0, 1000),
    help="Jobs at a time; 0: the API alone.",
)
@click.option("--examples", is_flag=True, help="Add Python's reference if there are no documents yet.")
@click.option("--insecure", is_flag=True, help="Allow a public address.")
@click.option("--with-parent", is_flag=True, hidden=True, help="End when standard input does.")
@click.option("--json", "as_json", is_flag=True, help="Print {url, page, workers} as JSON when it is ready.")
def serve(
    host: str, port: int, workers: int, *, examples: bool, insecure: bool, with_parent: bool, as_json: bool
) -> None:
    """Run the API and a worker.

    Without DATABASE_URL it keeps its own Postgres under DOSSIER_HOME.
    """
    settings = load_settings()
    _log(settings)
    allow_sockets()
    if with_parent:
        _end_with_parent()
    url = ready_url(settings)
    _say_findings(settings, url)
    if examples:
        add_examples(url, only_first=True)
    if not insecure and not settings.oidc_issuer and not _is_loopback(host):
        asyncio.run(_require_key(url))
    try:
        sock = listen(host, port)
    except OSError as error:
        raise DossierError(
            f"Cannot listen on {host}:{port} ({error.strerror}); choose another --port."
        ) from error
    process_key = settings.api_key if with_parent else None
    hosts = AllowedHosts([*settings.hosts, host])
    uvloop.run(_serve(settings, url, sock, workers, hosts=hosts, process_key=process_key, as_json=as_json))


async def _require_key(url: str) -> None:
    """Refuse an address that others can reach while nobody needs a key."""
    engine = make_engine(url)
    try:
        if not await Keyring(engine).is_in_use():
            raise DossierError(NEEDS_KEY)
    finally:
        await engine.dispose()


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _log(settings: Settings) -> None:
    logs.set_up(settings.log_level, settings.log_format, secrets_of(settings))
    if path := env_path():
        click.echo(f"Settings are also read from {path}", err=True)
    for name in names_without_meaning():
        logger.warning("%s is not a setting: it changes nothing.", name)


def _say_findings(settings: Settings, url: str) -> None:
    """Log what `dossier doctor` would warn of in this database."""
    try:
        found = asyncio.run(database_findings(url, is_own=not settings.database_url))
    except (DatabaseUnavailable, asyncpg.PostgresError) as error:
        logger.warning("The database could not be looked at: %s", error)
        return
    for one in found:
        if one.grade != "ok":
            logger.warning("%s %s", one.said, one.what_to_do, extra={"check": one.check})


def _end_with_parent() -> None:
    """End this server when the command that started it ends.

    That command holds our standard input, which ends with it, however it ends.
    """

    def wait() -> None:
        while os.read(0, 1024):  # not sys.stdin, whose lock would be held when the interpreter ends
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True, name="parent").start()


async def _serve(
    settings: Settings,
    url: str,
    sock: socket.socket,
    workers: int,
    *,
    hosts: AllowedHosts,
    process_key: str | None,
    as_json: bool,
) -> None:
    container = Container(settings, url, process_key=process_key)
    mounts = {"/mcp": McpMount(settings.root_path, settings.public_url)}
    app = container.app(workers, mounts)
    door = Door(hosts, PeerCount(settings.peer_connections), settings.origins, settings.root_path)
    server = make_server(
        app,
        container.draining,
        settings.log_level,
        container.force_stop,
        container.metrics,
        door,
        container.access,
    )
    announcing = asyncio.create_task(_announce(server, sock, workers, container, as_json=as_json))
    # uvicorn obeys a signal, stops, and then raises it again; by then there is nothing left to do.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    async with showing(container):
        await server.serve([sock])
    announcing.cancel()


async def _announce(
    server: Server, sock: socket.socket, workers: int, container: Container, *, as_json: bool
) -> None:
    """Say where requests are answered, once they are, and what with."""
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.02)
    host, port = sock.getsockname()[:2]
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    if as_json:
        print_json({"url": f"http://{address}", "page": f"http://{address}/", "workers": workers})
        return
    click.echo(
        f"Dossier is ready on http://{address} ({counted(workers, 'job')} at a time). Ctrl-C stops it."
    )
    click.echo(f"The page is http://{address}/")
    with contextlib.suppress(DatabaseUnavailable):  # the log says so
        click.echo(
            offer_line(await count_documents(container.engine, ANYBODY), offered_by(container.settings))
        )


def offer_line(documents: int, offered: Offered) -> str:
    """Say what can be searched, who writes, and what is missing."""
    engines = ", ".join(offered.search_engines)
    places = f"Jobs search {counted(documents, 'document')}" + (
        f" and the web ({engines})." if engines else " and not the web."
    )
    if not documents and not engines:
        places += " Add documents with `dossier ingest`, or name a search engine: see docs/sources.md."
    model = offered.default_model
    writer = f"The model is {model}." if model else "No model is set: reports are sentences of the pages."
    return f"{places} {writer}"


@click.command(epilog="Example: dossier worker --concurrency 4")
@click.option(
    "--concurrency", default=2, show_default=True, type=click.IntRange(1, 1000), help="Jobs at a time."
)
@click.option("--json", "as_json", is_flag=True, help="Print {concurrency} as JSON when it begins.")
def worker(concurrency: int, *, as_json: bool) -> None:
    """Run a worker without an API.

    SIGTERM or Ctrl-C lets the steps in flight finish and hands the rest back; a second one
    hands back at once.
    """
    settings = load_settings()
    _log(settings)
    url = ready_url(settings)
    _say_findings(settings, url)
    if as_json:
        print_json({"concurrency": concurrency})
    else:
        click.echo(
            f"Working on up to {counted(concurrency, 'job')} at once. Ctrl-C returns them to the queue."
        )
    uvloop.run(run_worker(settings, url, concurrency))
