"""The packed TypeScript client works under Node and in a browser.

The server is a real one.
"""

import asyncio
import contextlib
import json
import re
import subprocess

import pytest
from msgspec.structs import replace

from dossier import AsyncDossier
from dossier.version import __version__
from tests.api.stored import stored
from tests.conftest import FAST, TestHouse, serving
from tests.page.install import HERE, TSC
from tests.readers.browser import launched, page_of
from tests.readers.install import shell, without_chromium
from tests.readers.outages import read_through_outages
from tests.readers.proxy import By, Cut, proxying
from tests.scripted import ScriptedModel
from tests.typescript.node import node
from tests.typescript.package import SOURCE

DOCUMENTED = (SOURCE.parents[1] / "docs/typescript.md").read_text()
TELL = "process.stdout.write(JSON.stringify(told));"
METHODS = {name for name in dir(AsyncDossier) if not name.startswith("_")}
PINS = json.loads((HERE / "package.json").read_text())["dependencies"]
NO_VERBS = {"close"}  # fetch keeps no connection that has to be closed


class PatientModel(ScriptedModel):
    """Does not answer the question WAIT."""

    async def next_step(self, ask, texts, writing=None):
        if ask.query == "WAIT":
            await asyncio.sleep(300)
        return await super().next_step(ask, texts, writing)


def camel(name: str) -> str:
    return re.sub(r"_(\w)", lambda found: found[1].upper(), name)


async def test_every_method_of_the_python_client_is_there_and_works(user, house):
    house.model = PatientModel()
    async with serving(house) as url:
        told = await node(user, "journey.mjs", url)

    assert {camel(name) for name in METHODS - NO_VERBS} <= set(told["methods"])
    [job_id] = {json.loads(line)["job_id"] for line in told["lines"]}
    log = [frame.data for frame in await stored(house, job_id) if frame.event.startswith("job_")]
    assert told["lines"] == log


async def test_a_job_is_followed_through_every_outage(user, house, successor):
    async def client(origin: str, job_id: str) -> list[str]:
        told = await node(user, "follow.mjs", origin, job_id, QUICK="1")
        assert told["error"] is None
        return [event["line"] for event in told["seen"]]

    reading = await read_through_outages(client, house, successor)

    assert reading.seen == [frame.data for frame in reading.log]
    assert not reading.proxy.cuts, "A cut was not made."


async def test_the_documented_example_runs(user, server):
    [example] = re.findall(r"^```ts\n// runs\n(.*?)^```$", DOCUMENTED, re.MULTILINE | re.DOTALL)
    told = "console.log = (...words) => told.push(words);\nconst told = [];\n"
    script = told + example.replace("http://127.0.0.1:8000", server) + TELL

    shown = await node(user, "--input-type=module", "--eval", script)

    assert ["[1] Page a"] in shown
    assert shown[-1][0] == "Boiling water"


async def test_a_key_is_taken_from_the_environment(user, house):
    async with serving(house, workers=0) as url:
        script = "import { Dossier } from 'dossier-client'; console.log(JSON.stringify(new Dossier()))"
        told = await node(
            user, "--input-type=module", "--eval", script, DOSSIER_URL=f"{url}/", DOSSIER_API_KEY="k"
        )

    assert told["connection"]["url"] == url
    assert told["connection"]["apiKey"] == "k"


async def test_a_page_of_another_origin_follows_a_job_in_chromium(user, house, database_url):
    """The stream is cut once."""
    if reason := without_chromium():
        pytest.skip(reason)
    modules = user / "node_modules/dossier-client/dist"

    async def module(route):
        name = route.request.url.rpartition("/")[2]
        await route.fulfill(body=(modules / name).read_text(), content_type="text/javascript")

    async with contextlib.AsyncExitStack() as stack:
        host = await stack.enter_async_context(serving(house, workers=0))
        listing = TestHouse(replace(FAST, allowed_origins=host), database_url)
        stack.push_async_callback(listing.engine.dispose)
        server = await stack.enter_async_context(serving(listing))
        proxy = await stack.enter_async_context(proxying(server, Cut(b"id: 3\n", By.RESET)))
        browser = await stack.enter_async_context(launched(shell()))
        page = await stack.enter_async_context(page_of(browser, host))
        await page.goto(f"{host}/health/live")
        await page.route(f"{host}/client/*", module)
        seqs, title = await page.evaluate(IN_A_PAGE, proxy.url)

    assert seqs == list(range(1, len(seqs) + 1))
    assert title == "Boiling water"
    assert [asked.cursor for asked in proxy.streams][:2] == [None, "2"]


def test_its_types_hold_a_user_to_them(user):
    (user / "use.ts").write_text(USE)
    strictly = (
        "--strict",
        "--noEmit",
        "--target",
        "es2022",
        "--module",
        "es2022",
        "--moduleResolution",
        "bundler",
    )
    done = subprocess.run(
        [TSC, *strictly, "use.ts"],
        cwd=user, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout


def test_the_package_has_the_servers_version_and_needs_no_other():
    package = json.loads((SOURCE / "package.json").read_text())

    assert package["version"] == __version__
    assert "dependencies" not in package
    assert package["devDependencies"]["typescript"] == PINS["typescript"]


IN_A_PAGE = """
async (url) => {
  const { Dossier } = await import("/client/index.js");
  const dossier = new Dossier({ url });
  const { job_id } = await dossier.submit("What boils?", { effort: "quick" });
  const seqs = [];
  for await (const event of dossier.stream(job_id)) seqs.push(event.seq);
  return [seqs, (await dossier.result(job_id)).title];
}
"""

USE = """
import { ApiError, Dossier, type JobEvent } from "dossier-client";

export function words(event: JobEvent): string {
  switch (event.type) {
    case "source_found":
      return `[${event.data.number}] ${event.data.title}`;
    case "job_completed":
      return event.data.stop_reason;
    default:
      return event.type;
  }
}
export async function ask(dossier: Dossier): Promise<string> {
  const job = await dossier.submit("Why?", { effort: "quick", sources: { search: "corpus" } });
  for await (const event of dossier.stream(job.job_id)) words(event);
  return (await dossier.result(job.job_id, { timeoutSeconds: 5 })).title;
}
export const code = (error: unknown): string => (error instanceof ApiError ? error.code : "");

export const dossier = new Dossier({ url: "https://dossier.example.com" });
// Each of these lines must be refused, or the types say nothing.
// @ts-expect-error there is no such effort
dossier.submit("Why?", { effort: "immense" });
// @ts-expect-error there is no such field
dossier.submit("Why?", { colour: "red" });
// @ts-expect-error a plan has no number
export const wrong = (event: JobEvent): unknown => event.type === "plan_drafted" && event.data.number;
"""
