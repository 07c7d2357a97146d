"""The documents name everything, link somewhere, and their examples run."""

import ast
import asyncio
import json
import re
import shlex
import subprocess
from collections import Counter
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import click
import httpx
import msgspec
import pytest
from openai import OpenAI

from app.agent.limits import PRESETS
from app.api import jobs, problem_details
from app.api.problem_details import BadRequest, InvalidField
from app.cli.root import COMMANDS, dossier
from app.domain import upcast
from app.domain.chain import line
from app.domain.events import EVENT_TYPES
from app.domain.tools import Clarify
from app.store import analyst_session
from tests.conftest import FAST, TestHouse, execute, serving
from tests.documented import SETTINGS, routes
from tests.reporting.questions import QUESTIONS
from tests.scripted import SCRIPT
from tests.steps import completed_job, until

ROOT = Path(__file__).parent.parent
DOCS = sorted((ROOT / "docs").glob("*.md"))
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *DOCS]
TEXT = "\n".join(page.read_text() for page in PAGES)

TARGETS = re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)


class Fence(NamedTuple):
    """A block of code in a document, and where it stands."""

    page: Path
    number: int
    language: str
    text: str

    def __str__(self):
        return f"{self.page.name}-{self.number}"


def fences(page: Path) -> list[Fence]:
    found, start = [], None
    lines = page.read_text().splitlines()
    for number, text in enumerate(lines, 1):
        if text.startswith("```"):
            if start is None:
                start = number
            else:
                body = "\n".join(lines[start : number - 1])
                found.append(Fence(page, start, lines[start - 1][3:].strip(), body))
                start = None
    assert start is None, f"{page.name}:{start} is not closed"
    return found


FENCES = [fence for page in PAGES for fence in fences(page)]
PYTHON = [fence for fence in FENCES if fence.language == "python" and fence.text.startswith("# runs")]
SQL = [fence for fence in FENCES if fence.language == "sql" and fence.text.startswith("-- runs")]


def section(page: str, heading: str) -> str:
    """What stands under a heading, up to the next one."""
    _, found, rest = (ROOT / "docs" / page).read_text().partition(f"\n{heading}\n")
    assert found, f"{page} has no {heading}"
    return re.split(r"^#+ ", rest, maxsplit=1, flags=re.MULTILINE)[0]


# Completeness


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_is_described_with_its_default(name):
    default = SETTINGS[name]
    shown = "none" if default == "" else f"`{default}`"

    assert f"\n| `{name}` | {shown} |" in (ROOT / "docs/settings.md").read_text()


def test_no_setting_is_described_that_does_not_exist():
    renamed = {"DOSSIER_PAGE_CHARACTERS"}  # the changelog says what each is called now
    assert set(re.findall(r"\bDOSSIER_[A-Z_]+\b", TEXT)) - renamed <= SETTINGS.keys()


def test_every_route_is_described():
    described = (ROOT / "docs/api.md").read_text()
    assert [route for route in sorted(routes()) if f"`{' '.join(route)}`" not in described] == []


def test_no_route_is_described_that_does_not_exist():
    described = set(re.findall(r"`(GET|POST|DELETE|PUT|PATCH) (/[^`?\s]*)", TEXT))

    assert described - {("GET", "/schema")} == routes()


@pytest.mark.parametrize("type_", EVENT_TYPES)
def test_every_event_is_described_with_its_fields_and_an_example_that_loads(type_):
    kind = EVENT_TYPES[type_]
    text = section("events.md", f"#### `{type_}`")

    words, _, rest = text.partition("```json\n")
    event = upcast.load(type_, kind.schema_version, rest.partition("\n```")[0])

    assert type(event) is kind
    assert set(json.loads(rest.partition("\n```")[0])) <= set(kind.__struct_fields__)
    for name in kind.__struct_fields__:
        assert f"`{name}`" in words


def test_no_event_is_described_that_does_not_exist():
    text = (ROOT / "docs/events.md").read_text()

    assert set(re.findall(r"^#### `(\w+)`$", text, re.MULTILINE)) == EVENT_TYPES.keys()


def test_the_line_in_the_documents_is_a_line_as_the_code_makes_it():
    text = section("events.md", "## The line").partition("```json\n")[2].partition("\n```")[0]
    event = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    plain = json.loads(text)
    at = datetime.fromisoformat(plain["at"])

    again = line(
        plain["job_id"], plain["seq"], plain["type"], 1, plain["status"], plain["progress"], at,
        bytes(event["data"]).decode(),
    )  # fmt: skip

    assert again.decode() == text


REFUSALS = {code: status for code, (status, _) in problem_details.CODES.items()} | {"http_error": None}


def raised() -> set[str]:
    """Return every code that a line of the product raises."""
    codes = set()
    for path in sorted((ROOT / "app").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                if node.func.id == BadRequest.__name__:
                    codes.add(node.args[0].value)
                elif node.func.id == InvalidField.__name__ and isinstance(node.args[-1], ast.Constant):
                    codes.add(node.args[-1].value)
    return codes


def test_every_error_code_that_is_raised_has_its_status():
    assert raised() <= REFUSALS.keys()


@pytest.mark.parametrize(("code", "status"), sorted(REFUSALS.items()))
def test_every_error_code_is_described_with_its_status_and_what_to_do(code, status):
    found = re.search(rf"^\| `{code}` \| (\w+) \| (.+) \|$", section("api.md", "## Errors"), re.MULTILINE)

    assert found, f"{code} is not in the table of docs/api.md"
    assert status is None or found[1] == str(status)


def test_no_error_code_is_described_that_does_not_exist():
    described = re.findall(r"^\| `(\w+)` \| \w+ \|", section("api.md", "## Errors"), re.MULTILINE)

    assert set(described) == REFUSALS.keys()


@pytest.mark.parametrize("target", TARGETS)
def test_every_make_target_is_described(target):
    assert f"make {target}" in TEXT


def test_no_make_target_is_described_that_does_not_exist():
    assert set(re.findall(r"(?:`|^ *\$? )make ([a-z-]+)", TEXT, re.MULTILINE)) <= set(TARGETS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_described(command):
    assert f"dossier {command}" in TEXT


def test_no_command_is_described_that_does_not_exist():
    described = set(re.findall(r"(?:`|^ *\$? )dossier ([a-z]+)", TEXT, re.MULTILINE))

    assert described <= COMMANDS.keys()


# Form


def slug(heading: str) -> str:
    """The anchor that a heading gets where the documents are shown."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def headings(page: Path) -> set[str]:
    return {slug(text) for text in re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
        if target.startswith("https://"):
            continue
        name, _, anchor = target.partition("#")
        to = (page.parent / name).resolve() if name else page
        assert to.exists(), f"{page.name} links to {target}"
        assert not anchor or anchor in headings(to), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_that_are_named_exist(page):
    for name in re.findall(r"`((?:app|tests|docs|migrations)/[\w./]+)`", page.read_text()):
        assert (ROOT / name).exists(), f"{page.name} names {name}"


def names_in_code() -> set[str]:
    """Everything that is defined, assigned or a module in app/ and dossier/."""
    found = set()
    for path in [*(ROOT / "app").rglob("*.py"), *(ROOT / "dossier").rglob("*.py")]:
        found.add(path.stem if path.stem != "__init__" else path.parent.name)
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                    found.add(node.name)
                case ast.Name(ctx=ast.Store()):
                    found.add(node.id)
                case ast.arg():
                    found.add(node.arg)
    return found


def test_the_journeys_name_functions_that_exist():
    text = (ROOT / "docs/architecture.md").read_text()
    journeys = text[text.index("## One POST") : text.index("## The states")]
    known = names_in_code() | EVENT_TYPES.keys() | {"events", "jobs", "blobs"}  # the last are made in SQL

    for name in re.findall(r"`([A-Za-z_.]+)(?:\([\w, ]*\))?`", journeys):
        for part in name.split("."):
            assert part in known, f"{name} is not in the code"


def test_a_newcomer_finds_the_first_commands_at_once():
    first = "\n".join((ROOT / "README.md").read_text().splitlines()[:25])

    for command in ("make demo", "make test", "curl ", "/jobs", "curl -N", "/stream"):
        assert command in first


def test_no_line_of_the_changelog_begins_as_another_does():
    """A merge that tears an entry leaves parts of it twice."""
    begins = [line[:50] for line in (ROOT / "CHANGELOG.md").read_text().splitlines() if len(line) > 50]
    assert [line for line, times in Counter(begins).items() if times > 1] == []


def test_readme_and_architecture_stay_short():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 120
    assert len((ROOT / "docs/architecture.md").read_text().splitlines()) <= 150


def test_no_file_names_a_machine_or_a_package_index():
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    found = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=False)
    if found.returncode:
        pytest.skip("This is no git checkout.")
    # Put together here, so that this file does not match itself.
    paths = r"work(?!ers|s\b)|root|Users|mnt|opt|home/(?!me/|dossier)"
    hosts = "|".join(("python" + "hosted", "pypi" + r"\.org", "/sim" + "ple/", "index" + "[-_]url"))
    forbidden = re.compile(rf"(?<![\w.}}</-])/(?:{paths})/?\w|{hosts}")
    for name in found.stdout.splitlines():
        path = ROOT / name
        text = path.read_text(errors="replace") if path.is_file() else ""
        match = forbidden.search(text)
        assert not match, f"{name}: {text[max(0, match.start() - 30) : match.end() + 30]!r}"


# Examples


@pytest.mark.parametrize("fence", PYTHON, ids=str)
async def test_python_in_the_documents_runs(house, database_url, monkeypatch, fence):
    await completed_job(house.writer)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    async with serving(house) as url:
        program = compile(fence.text.replace("http://127.0.0.1:8000", url), str(fence), "exec")
        names = {"__name__": "__main__"}
        async with asyncio.timeout(60):
            await asyncio.to_thread(exec, program, names)
        for made in names.values():  # what a script leaves to its process's end
            if isinstance(made, OpenAI):
                made.close()


async def test_the_program_that_verifies_hashes_finds_a_changed_event(writer, database_url, monkeypatch):
    job = await completed_job(writer)
    monkeypatch.setenv("DATABASE_URL", database_url)
    [fence] = [fence for fence in PYTHON if fence.page.name == "events.md"]
    await execute(
        database_url,
        "ALTER TABLE events DISABLE TRIGGER events_append_only",
        "UPDATE events SET actor = 'nobody' WHERE seq = 2",
    )

    with pytest.raises(AssertionError, match=f"{job.id}, event 2"):
        await asyncio.to_thread(exec, compile(fence.text, str(fence), "exec"), {"__name__": "__main__"})


@pytest.mark.parametrize("fence", SQL, ids=str)
async def test_sql_in_the_documents_runs_as_the_role_it_is_meant_for(writer, database_url, fence):
    await completed_job(writer)
    if fence.text.startswith("-- runs as owner"):
        await execute(database_url, f"BEGIN; {fence.text}; ROLLBACK")
        return
    async with analyst_session.asking(database_url, 60, fence.text.rstrip().rstrip(";")) as answer:
        assert answer.columns


CLUSTER_WIDE = ("ALTER SYSTEM", "SELECT pg_promote")  # tests of standbys do these to a cluster of their own


def test_every_query_in_the_documents_runs_in_a_test():
    asked = {question.sql for question in QUESTIONS}  # tests/reporting compares the answers with an oracle
    silent = [
        fence.text
        for fence in FENCES
        if fence.language == "sql" and fence not in SQL and fence.text.strip().rstrip(";") not in asked
    ]
    assert [text for text in silent if not text.startswith(CLUSTER_WIDE)] == []


def lines_of_commands():
    """Each line of the documents that runs `dossier`, with its page."""
    for page in PAGES:
        for text in page.read_text().splitlines():
            found = re.match(r"^(?: {4}|\t)?(?:\$ )?(?:[A-Z_]+=\S+ )*dossier (\S.*)$", text)
            if found and (text.startswith(" ") or page.name != "CHANGELOG.md"):
                yield page.name, found[1]


A_TEXT = {("audit.md", "checkpoint 1")}  # the first line of what is hashed
COMMAND_LINES = sorted(set(lines_of_commands()) - A_TEXT)


@pytest.mark.parametrize(("page", "text"), COMMAND_LINES, ids=str)
def test_every_command_line_in_the_documents_is_understood(page, text):
    """Commands accept every documented name, option and count of arguments.

    Nothing is run.
    """
    text = re.split(r" [|&<>]|\s#\s|;", text)[0]
    text = re.sub(r"\$\([^)]*\)|\$\w+", "2026-01", text).replace("…", "")
    name, *words = shlex.split(text)
    command = dossier.load(name)
    while isinstance(command, click.Group) and words and words[0] in command.commands:
        command, words = command.commands[words[0]], words[1:]
    try:
        command.make_context(name, list(words))
    except click.BadParameter as error:  # the file of an example is not here
        if "does not exist" not in error.message:
            raise


class Message(NamedTuple):
    """An HTTP request or response as the documents show it."""

    first: list[str]
    headers: dict[str, str]
    body: str


def message(fence: Fence) -> Message:
    head, _, body = fence.text.partition("\n\n")
    first, *headers = head.splitlines()
    return Message(first.split(maxsplit=2), dict(text.split(": ", 1) for text in headers), body)


def exchanges() -> list[tuple[Message, Message]]:
    """Request and response, in the order of the document."""
    found = [message(fence) for fence in FENCES if fence.language == "http"]
    return list(zip(found[::2], found[1::2], strict=True))


def shape(value):
    """Reduce an answer to what no run changes: members and their kinds."""
    match value:
        case dict():
            return {name: shape(inner) for name, inner in value.items()}
        case list():
            return [shape(value[0])] if value else []
        case bool() | None:
            return value
        case int() | float():
            return "number"
        case _:
            return "text"


def alike(shown, real) -> bool:
    """Say whether two answers have the same members.

    A list or a member that is empty on one side is like any other.
    """
    match shown, real:
        case dict(), dict():
            return shown.keys() == real.keys() and all(alike(shown[name], real[name]) for name in shown)
        case list(), list():
            return not shown or not real or alike(shown[0], real[0])
        case (None, _) | (_, None):
            return True
        case _:
            return shown == real


ASKING = Clarify(("Which one?",), ("Mercury",), ("The planet.", "Its diameter."))


async def test_the_http_examples_are_answered_as_they_are_shown(database_url, monkeypatch):
    monkeypatch.setattr(jobs, "CANCEL_WAIT", 60)  # a slow machine answers 202, which is no fault
    house = TestHouse(FAST, database_url)
    known: dict[str, str] = {}  # job id in the document -> job id here

    def here(text: str) -> str:
        for shown, real in known.items():
            text = text.replace(shown, real)
        return text

    async with serving(house) as url, httpx.AsyncClient(base_url=url, timeout=90) as http:
        for (request, response), (following, _) in pairwise([*exchanges(), exchanges()[0]]):
            method, path = request.first[:2]
            house.model.pause = 30 if following.first[0] == "DELETE" else 0
            house.model.script = (ASKING, *SCRIPT) if "clarify" in request.body else SCRIPT
            answer = await http.request(
                method, here(path), headers=request.headers, content=request.body or None
            )

            assert f"{answer.status_code}" == response.first[1], f"{method} {path}: {answer.text}"
            if answer.status_code == 204:
                assert not answer.content
                continue
            if answer.headers["content-type"].startswith(("text/", "application/zip")):
                assert answer.headers["content-type"].startswith(response.headers["Content-Type"])
                continue
            shown = json.loads(response.body)
            assert alike(shape(shown), shape(answer.json())), f"{method} {path}: {answer.text}"
            if answer.status_code == 201:
                known[shown["job_id"]] = answer.json()["job_id"]
                assert answer.headers["location"] == answer.json()["url"]
            elif "code" in shown:
                assert answer.json() == shown
                assert answer.headers["content-type"] == "application/problem+json"
            if answer.status_code == 201 and not house.model.pause:
                await _rest(http, answer.json()["url"])


async def _rest(http, url):
    """Until the job has come to an end, or asks."""

    async def resting():
        return (await http.get(url)).json()["status"] in {"completed", "input_required"}

    await until(resting)


def test_every_route_has_an_example_or_a_page_of_its_own():
    def route(path):
        named = re.sub(r"[0-9a-f-]{36}", "{job_id}", path.split("?")[0])
        return re.sub(r"/sources/\d+", "/sources/{number}", named.replace("/diff/{job_id}", "/diff/{other}"))

    shown = {(request.first[0], route(request.first[1])) for request, _ in exchanges()}

    own_page = {
        route
        for route in routes()
        if route[1].startswith(
            (
                "/v1/",
                "/webhooks",
                "/workers",
                "/queue",
                "/access",
                "/keys",
                "/share",
                "/tenants",
                "/quotas",
                "/library",
                "/costs",
                "/provider-keys",
                "/sign-in",
            )
        )
        or route[1].startswith("/ingestions")
        or (
            route[1].startswith("/documents") and not route[1].endswith(("s/search", "s/text", "s/embedding"))
        )
        or route[1].endswith(("/requeue", "/retry", "/shares", "/mark", "/stream-token"))
    }  # openai.md, webhooks.md, documents.md, operations.md, security.md, library.md

    assert shown == routes() - {("GET", "/jobs/{job_id}/stream")} - own_page


def test_the_presets_of_effort_stand_in_the_documents_as_they_are():
    table = (ROOT / "docs/agent.md").read_text()

    for name, bounds in PRESETS.items():
        figures = (bounds.turns, bounds.searches, bounds.reads, bounds.calls, bounds.seconds // 60)
        assert f"| `{name}` | " + " | ".join(map(str, figures)) + " |" in table
