"""Each line that the documents tell people to type is typed here.

It runs as the one who would type it, against a real server, or stands in a table with the reason why not.
"""

import asyncio
import re
import shlex
import shutil
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from click.testing import CliRunner

from app.cli.root import dossier
from tests.api.finished import finished
from tests.conftest import serving
from tests.ingest.pdfs import pdf
from tests.scripted import SCRIPT, ScriptedModel
from tests.steps import until

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PROGRAMS = (
    "dossier|curl|make|cp|export|python|pip|docker|systemctl|kubectl|helm"
    "|pg_ctl|pg_upgrade|pg_basebackup|cd|npm|claude"
)
TYPED = re.compile(rf"(?: {{4}})?(?:\$ )?((?:[A-Z_]+=\S+ )*(?:{PROGRAMS}) ?(?! ).*)")
# What would not be the product that is tried, by the beginning of the line.
NOT_HERE = {
    "make ": "has a test of its own, or is what runs the tests",
    "docker ": "needs Docker; tests/test_compose.py reads the file",
    "cp deploy/systemd": "needs root and systemd; tests/test_deploy.py has systemd look at the units",
    "systemctl ": "needs root and systemd; tests/test_deploy.py has systemd look at the units",
    "kubectl ": "needs a cluster; tests/chart renders the chart and checks it",
    "helm ": "needs a cluster; tests/chart renders the chart and checks it",
    "pip install": "tests/wheel installs the wheel and its extras",
    "pg_ctl ": "tests/upgrade does the same with servers of its own",
    "pg_upgrade ": "tests/upgrade does the same with servers of its own",
    "pg_basebackup ": "tests/failover makes standbys",
    "cd clients/typescript": "tests/typescript packs and installs the client",
    "npm install ./dossier-client": "tests/typescript packs and installs the client",
    "claude ": "is another's program; tests/mcp_server starts the same command",
    "dossier serve": "stays; tests/cli starts it",
    "dossier worker ": "stays; tests/worker starts it",
    "dossier archive verify": "needs an archived month; tests/upkeep has one",
    "dossier forget --page": "needs a page's hash; tests/upkeep has one",
    "DATABASE_URL=postgresql://me@db.internal/new": "needs an empty database; tests/upkeep has one",
    "curl http://127.0.0.1:8000/documents -H 'Content-Type: application/json' -d '{\"url\"": "reads the web",
}
# What somebody would have typed before, or would type at a question.
BEFORE = {"reliability.md": ("dossier checkpoint --export checkpoints.ndjson",)}
AT_THE_DATABASE = {"audit.md", "security.md"}  # whose commands are the operator's, without a server
FIRST = (
    "dossier keygen",
    "export ",
    "dossier checkpoint",
    "dossier secret master",
)  # other lines use what they make
LAST = "curl -X POST -H 'Authorization"  # once there is a key, each line needs one
ANSWERS = {"dossier sql": "SELECT 1;\n", "dossier secret set acme tavily": "tvly-a-key-of-acme-0123\n"}
CONFIRMED = "dossier forget"  # asks on a terminal, and wants --yes without one
SAMPLE_ID = r"0199d2a4-5c3b(?:-7000-8000-3f1a5b7c9d00)?|01a20937-[0-9a-f-]{27}|0199d2a4\b|\$JOB\b"
SERVER = r"https://dossier\.example\.com|(?:http://)?(?:127\.0\.0\.1|localhost):8000"
ENDLESS = 28  # curl's exit code where --max-time ended it, as it has to end a stream that goes on


class TypedLine(NamedTuple):
    """A line that a document tells people to type."""

    page: str
    text: str


def typed_lines() -> Iterator[TypedLine]:
    """Yield what is typed, page by page, in order."""
    for page in PAGES:
        is_shell = fenced = False
        lines = iter(page.read_text().splitlines())
        for line in lines:
            if line.startswith("```"):
                fenced = not fenced
                is_shell = fenced and line in {"```sh", "```"}
                continue
            found = TYPED.fullmatch(line)
            if found and (line.startswith("$ ") or (line.startswith("    ") and not fenced) or is_shell):
                text = found[1]
                while text.endswith("\\"):
                    text = text[:-1] + next(lines).strip()
                yield TypedLine(page.name, text)


LINES = list(typed_lines())
RUN = [
    line for line in LINES if not line.text.startswith(tuple(NOT_HERE)) and "checkpoint 1" not in line.text
]


class Typing:
    """Type lines in a folder, against one server and its database."""

    def __init__(self, home: Path, environment: dict[str, str], places: dict[str, str]) -> None:
        self.home, self.environment, self.places = home, environment, places

    async def type_line(self, line: TypedLine) -> None:
        """Type one line, and expect it to end well."""
        text = re.split(r"\s+# ", line.text)[0]
        for shown, real in self.places.items():
            text = re.sub(shown, real, text)
        if text.startswith("export "):
            name, _, value = text.removeprefix("export ").partition("=")
            self.environment.setdefault(name, value)
        elif text.startswith("dossier "):
            self.learn(await self._dossier(line, text))
        else:
            await self._program(line, text)

    def learn(self, said: str) -> None:
        """Keep a key that was made, for the lines that name one."""
        for name, pattern in (("0Ab3dE6h", r"dsk_(\w+?)_"), ("dsk_…", r"(dsk_\w+)")):
            if found := re.search(pattern, said):
                self.places[name] = found[1]
        if "DOSSIER_MASTER_KEY" in said or re.fullmatch(r"\S{40,}\n.*", said, re.DOTALL):
            self.environment.setdefault(
                "DOSSIER_MASTER_KEY", said.split(maxsplit=1)[0].removeprefix("DOSSIER_MASTER_KEY=")
            )

    async def _dossier(self, line: TypedLine, text: str) -> str:
        words, _, given = re.split(r"\s>", text)[0].partition("<")
        typed = (self.home / given.strip()).read_text() if given else ANSWERS.get(text, "y\n")
        arguments = shlex.split(words)[1:] + ["--yes"] * text.startswith(CONFIRMED)
        runner = CliRunner(env=self.environment)
        ran = await asyncio.to_thread(runner.invoke, dossier, arguments, input=typed)
        ends = {0, 1} if "doctor" in text else {0}  # 1: it found something in this machine
        assert ran.exit_code in ends, f"{line}: {ran.output} {ran.exception!r}"
        return str(ran.stdout)

    async def _program(self, line: TypedLine, text: str) -> None:
        name, *words = shlex.split(text)
        if shutil.which(name) is None:
            pytest.skip(f"{name} is not installed.")
        is_endless = "after=now" in text
        if name == "curl":
            words = [
                "--silent",
                "--show-error",
                "--fail-with-body",
                "--max-time",
                "2" if is_endless else "60",
                *words,
            ]
        pipe = asyncio.subprocess.PIPE
        ran = await asyncio.create_subprocess_exec(
            sys.executable if name == "python" else name, *words, stdout=pipe, stderr=pipe, cwd=self.home
        )
        out, err = await ran.communicate()
        ends = {ENDLESS} if is_endless else {0}
        assert ran.returncode in ends, f"{line}: {out.decode()} {err.decode()}"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with the files that the lines name."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "cursor.md").write_text("The cursor is the seq of the last event that you have.")
    (tmp_path / "handbook.pdf").write_bytes(pdf("A yak is an ox."))
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        archive.writestr("yaks.txt", "A yak is an ox.")
    (tmp_path / "questions.jsonl").write_text('{"question": "What does the with statement do?"}\n')
    (tmp_path / "question.sql").write_text("SELECT 1 AS one")
    (tmp_path / "key.txt").write_text("sk-a-key-of-acme-0123456789")
    monkeypatch.chdir(tmp_path)
    return tmp_path


async def known_workers(http):
    return (await http.get("/workers")).json()["workers"]


@pytest.mark.parametrize("page", sorted({line.page for line in RUN}))
async def test_each_line_that_a_page_tells_to_type_runs(house, database_url, folder, page):
    house.model = ScriptedModel(SCRIPT)
    async with serving(house) as url:
        async with httpx.AsyncClient(base_url=url) as http:
            [worker] = await until(lambda: known_workers(http))
            job = (await http.post("/jobs", json={"query": "Why?"})).json()["job_id"]
            await finished(http, job)
        environment = {"DATABASE_URL": database_url, "DOSSIER_HOME": str(folder)}
        if page not in AT_THE_DATABASE:
            environment["DOSSIER_URL"] = url
        places = {
            SAMPLE_ID: job,
            SERVER: url,
            "/(archive|backups)": str(folder),
            "db1-4711-3fa2c1": worker["name"],
        }
        shell = Typing(folder, environment, places)
        lines = [TypedLine(page, text) for text in BEFORE.get(page, ())]
        lines += [line for line in RUN if line.page == page]
        for line in sorted(
            lines, key=lambda line: (not line.text.startswith(FIRST), line.text.startswith(LAST))
        ):
            if line.text.startswith(LAST):
                shell.learn(await key_of(shell))
            await shell.type_line(line)


async def key_of(shell):
    """Make the key that a line sends."""
    made = await asyncio.to_thread(
        CliRunner(env=shell.environment).invoke, dossier, ["key", "create", "page"]
    )
    return made.stdout


def test_each_reason_for_not_running_a_line_is_about_one():
    for beginning in NOT_HERE:
        assert any(line.text.startswith(beginning) for line in LINES), beginning
