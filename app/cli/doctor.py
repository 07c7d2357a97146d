"""`dossier doctor` looks at everything that Dossier needs."""

import asyncio
import shutil
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import asyncpg
import click
import httpx
from click.exceptions import Exit

from app.cli import check_results as judge
from app.cli.check_results import CheckResult
from app.cli.database_checks import database_findings
from app.cli.database_url import owner_url, ready_url
from app.cli.exits import FAILED
from app.cli.model_commands import test_models
from app.cli.printing import print_table
from app.cli.provider_checks import provider_checks
from app.cli.terminal import counted, print_json
from app.configuration import master_keys, model_book, offered_by
from app.domain.caller import ANYBODY
from app.errors import BadSetting, MasterKeyUnusable
from app.settings import Settings, load_settings, names_without_meaning
from app.store import condition, embedding_models, provider_keys, workers
from app.store.address import BadAddress
from app.store.database import Engine, dispose_after, make_engine
from app.store.standby_reads import StandbyReads
from dossier.asynchronous import LOOPBACK
from dossier.problems import DossierError

USUAL_PORT = 8000  # that `dossier serve` listens on where nothing else is said
ANSWERS_WITHIN = 3.0  # seconds


@click.command(epilog="Example: dossier doctor --call")
@click.option(
    "--call",
    "calls",
    is_flag=True,
    help="Also call each model, and what embeds and reranks, once: it may cost a little.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a list of {check, grade, said, what_to_do}.")
def doctor(*, calls: bool, as_json: bool) -> None:
    """Check settings, database, disk, clock, models, search and ports.

    Each finding says what to do. The exit code is 1 if something keeps Dossier from working.
    """
    found = list(_all_findings(calls=calls))
    if as_json:
        print_json(found)
    else:
        rows = [(one.grade, one.check, one.said, one.what_to_do) for one in found]
        print_table(("Grade", "Check", "Found", "What to do"), rows, cut="")
    raise Exit(FAILED.number if any(one.grade == "problem" for one in found) else 0)


def _all_findings(*, calls: bool) -> Iterator[CheckResult]:
    try:
        settings = load_settings()
    except BadSetting as error:
        yield CheckResult(
            "settings", "problem", str(error), "Correct it; docs/settings.md lists what is allowed."
        )
        return
    yield from _of_settings()
    yield from _of_database(settings)
    yield _of_disk(settings)
    yield from _of_models(settings, calls=calls)
    yield from provider_checks(settings, calls=calls)
    yield from _of_ports(settings)


def _of_settings() -> Iterator[CheckResult]:
    slips = names_without_meaning()
    if slips:
        advice = "Correct or remove them: docs/settings.md lists all."
        yield CheckResult("settings", "warning", f"These change nothing: {', '.join(slips)}.", advice)
    else:
        yield CheckResult("settings", "ok", "Every setting is understood.")


def _of_database(settings: Settings) -> Iterator[CheckResult]:
    advice = "Start it, or correct DATABASE_URL."
    try:
        # The process that starts the embedded one migrates it; the owner migrates others.
        url = owner_url(settings) if settings.database_url else ready_url(settings)
        found = asyncio.run(_findings_of(url, is_own=not settings.database_url))
    except BadAddress as error:
        yield CheckResult("database", "problem", str(error), "Correct it, or leave it out.")
    except (DossierError, asyncpg.PostgresError) as error:
        yield CheckResult("database", "problem", f"The database does not answer: {error}", advice)
    else:
        yield from found


async def _findings_of(url: str, *, is_own: bool) -> list[CheckResult]:
    found = await database_findings(url, is_own=is_own)
    if any(one.check == "role in force" and one.grade == "ok" for one in found):
        engine = make_engine(url, pool_size=1)
        async with dispose_after(engine):
            state = await condition.read_state(engine)
            found += [*judge.judge_state(state), await _of_workers(engine), _of_search(state)]
            found.append(await of_provider_keys(engine))
            found += await _of_embedding(engine)
            if read_url := load_settings().read_url:
                found.append(await _of_standby(read_url, engine))
    return found


async def _of_standby(read_url: str, primary: Engine) -> CheckResult:
    reading = StandbyReads(read_url, primary, pool_size=1)
    async with dispose_after(reading):
        await reading.fetch("SELECT 1")
    if reading.take_counts()["standby"]:
        return CheckResult("standby", "ok", "The standby of DATABASE_URL_READ answers reads.")
    advice = "Look at pg_stat_replication on the primary: docs/operations.md, Read replicas."
    said = "The standby of DATABASE_URL_READ is behind, away or promoted: the primary answers reads."
    return CheckResult("standby", "warning", said, advice)


async def _of_workers(engine: Engine) -> CheckResult:
    states = await workers.count_states(engine)
    said = ", ".join(f"{int(count)} {state}" for state, count in sorted(states.items())) or "none"
    if states.get("silent"):
        return CheckResult("workers", "warning", f"{said}.", "`dossier workers` names the silent one's host.")
    if not states.get("ready"):
        return CheckResult("workers", "warning", f"No worker is ready ({said}).", "Run dossier worker.")
    return CheckResult("workers", "ok", f"{said}.")


async def of_provider_keys(engine: Engine) -> CheckResult:
    """Open the data key of every tenant, and no provider's."""
    masters = master_keys(load_settings())
    try:
        count = await provider_keys.count_openable(engine, masters)
    except MasterKeyUnusable as error:
        advice = "Set DOSSIER_MASTER_KEY as it was: docs/security.md, Keys of providers."
        return CheckResult("provider keys", "problem", str(error), advice)
    said = f"Those of {counted(count, 'tenant')} can be opened." if count else "No tenant has its own."
    return CheckResult("provider keys", "ok", said)


async def _of_embedding(engine: Engine) -> list[CheckResult]:
    """Look at what embeds documents, where that is on."""
    if load_settings().embedding_documents != "on":
        return []
    told = await embedding_models.progress(engine, ANYBODY, is_wanted=True)
    if not told.is_on:
        said = "The database has no pgvector of 0.8.4 or later: documents are found by their words alone."
        return [
            CheckResult("embedding", "warning", said, "docs/operations.md, Vectors, says how it gets one.")
        ]
    waiting = await embedding_models.count_unembedded(engine)
    names = ", ".join(f"{one.name} ({one.state})" for one in told.models) or "no worker has begun"
    said = f"{names}; waiting: {counted(waiting, 'document')}."
    if error := next((one.error for one in told.models if one.error), None):
        advice = "Correct DOSSIER_EMBEDDING_URL, _MODEL and _KEY, or start that server."
        return [CheckResult("embedding", "warning", f"{said} {error}", advice)]
    return [CheckResult("embedding", "ok", said)]


def _of_search(state: condition.ServiceState) -> CheckResult:
    engines = offered_by(load_settings()).search_engines
    said = f"{', '.join(engines) or 'no engine'} for the web; {counted(state.documents, 'document')}."
    if not engines and not state.documents:
        advice = "Add documents with `dossier ingest`, or name a search engine: docs/sources.md."
        return CheckResult("search", "warning", f"Nothing can be searched: {said}", advice)
    return CheckResult("search", "ok", said)


def _of_disk(settings: Settings) -> CheckResult:
    place = settings.data_folder
    while not place.exists() and place != place.parent:
        place = place.parent
    return judge.judge_space(shutil.disk_usage(place).free, str(place))


def _of_models(settings: Settings, *, calls: bool) -> Iterator[CheckResult]:
    try:
        book = model_book(settings)
    except DossierError as error:
        yield CheckResult("models", "problem", str(error), "Correct DOSSIER_MODELS or DOSSIER_PRICES.")
        return
    if book is None:
        advice = "Set OPENAI_API_KEY, OPENAI_BASE_URL or DOSSIER_MODELS: docs/models.md."
        yield CheckResult("models", "warning", "No model is set: reports are sentences of the pages.", advice)
        return
    names = ", ".join(book.names)
    if not calls:
        yield CheckResult("models", "ok", f"{names}; none was called (--call does).")
        return
    for one in asyncio.run(test_models(book, list(book.names))):
        if one.error:
            yield CheckResult("models", "problem", f"{one.name}: {one.error}", "Correct its key and address.")
        else:
            cost = "at an unknown cost" if one.cost_usd is None else f"for ${one.cost_usd:.6f}"
            yield CheckResult("models", "ok", f"{one.name} answered in {one.seconds:g} s {cost}.")


def _of_ports(settings: Settings) -> Iterator[CheckResult]:
    port = urlsplit(settings.url).port or USUAL_PORT
    yield from _of_server(settings.url or f"http://127.0.0.1:{port}", port, is_named=bool(settings.url))
    if settings.metrics_port:
        busy = "In use: by a Dossier process, or choose another DOSSIER_METRICS_PORT."
        is_free = _is_free(settings.metrics_host, settings.metrics_port)
        said = f"{settings.metrics_host}:{settings.metrics_port} is {'free' if is_free else 'in use'}."
        yield CheckResult("metrics port", "ok" if is_free else "warning", said, "" if is_free else busy)


def _of_server(url: str, port: int, *, is_named: bool) -> Iterator[CheckResult]:
    try:
        is_here = urlsplit(url).hostname in LOOPBACK  # no proxy leads to this machine itself
        answer = httpx.get(f"{url}/health/ready", timeout=ANSWERS_WITHIN, trust_env=not is_here)
        status = str(answer.json()["status"])
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
        if is_named:
            said = f"No Dossier server answers at {url} ({type(error).__name__})."
            yield CheckResult("port", "problem", said, "Start it, or correct DOSSIER_URL.")
        elif _is_free("127.0.0.1", port):
            yield CheckResult("port", "ok", f"Port {port} is free: `dossier serve` can use it.")
        else:
            said = f"Another program answers on port {port}."
            yield CheckResult("port", "warning", said, "Choose another: dossier serve --port.")
        return
    if answer.is_success:
        yield CheckResult("port", "ok", f"A Dossier server answers at {url}.")
    else:
        advice = "See docs/operations.md, Health."
        yield CheckResult("port", "problem", f"The server at {url} is not ready: {status}.", advice)


def _is_free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as sock:
        return sock.connect_ex((host, port)) != 0
