"""The examples of docs/streaming.md run as they stand there."""

import asyncio
import json
import re
from pathlib import Path
from uuid import UUID

import pytest

from app.domain import commands as c
from tests.api.stored import stored
from tests.conftest import serving
from tests.readers.browser import page_of
from tests.readers.clients import Client, complete_frames, path, run
from tests.readers.install import without_curl
from tests.readers.outages import (
    HEAD,
    QUERY,
    begun_job,
    read_through_outages,
    read_through_restore,
    recorded,
)
from tests.readers.proxy import By, Cut, proxying
from tests.steps import as_worker, whole_log

TEXT = (Path(__file__).parents[2] / "docs/streaming.md").read_text()
needs_curl = pytest.mark.skipif(bool(without_curl()), reason=without_curl() or "")

BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
[SCRIPT] = [body for language, body in BLOCKS if language == "js" and "/jobs/" in body]
[PYTHON] = [body for language, body in BLOCKS if language == "python" and '"stream_url"' in body]
[SHOWN] = [body.partition("\n")[2] for _, body in BLOCKS if re.match(r"\$ curl .*/jobs/", body)]
CURLS = re.findall(r"^(?:\$ | {4})(curl .*/jobs/\S+/stream)$", TEXT, re.MULTILINE)

# What the script of the documents takes for granted, and what it has shown in the end.
AROUND = """
async (jobId) => {
  const shown = [];
  const show = (event) => shown.push(event);
  const forgetWhatWasShown = () => shown.splice(0);
  %s
  await new Promise((ended) => stream.addEventListener("end", ended));
  return [shown, stream.readyState === EventSource.CLOSED];
}
"""


def documented(browser) -> Client:
    """Run the browser's example, returning the events shown when it ended."""

    async def follow(origin: str, job_id: str) -> list[dict]:
        async with page_of(browser, origin) as page:
            shown, closed = await page.evaluate(AROUND % SCRIPT, job_id)
            await asyncio.sleep(0.3)  # in which it would come back, if it were not closed
        assert closed
        return shown

    return follow


async def test_the_browsers_example_shows_the_log_through_every_outage_and_closes(browser, house, successor):
    reading = await read_through_outages(documented(browser), house, successor)

    assert reading.seen == [json.loads(event.data) for event in reading.log]
    assert reading.proxy.streams[-1].answer.count(b"event: end\n") == 1


async def test_the_browsers_example_forgets_what_a_restored_database_does_not_have(browser, house, backup):
    reading = await read_through_restore(documented(browser), house, backup)

    assert reading.seen == [json.loads(event.data) for event in reading.log]


def skeleton(frame: str) -> list[tuple[str, ...]]:
    """Reduce a frame to what no job changes: fields, name, data's members."""
    fields = [line.split(": ", 1) for line in frame.split("\n") if line != ":"]
    return [
        (name, *re.findall(r'"(\w+)":', value.partition('"data":')[0]), value if name == "event" else "")
        for name, value in fields
    ]


async def printed(command: str, origin: str, job_id: str) -> str:
    """Return what a documented command prints about this job."""
    output, code = await run("sh", "-c", re.sub(r"http://\S+", origin + path(job_id), command))
    assert code == 0
    return output.decode()


@needs_curl
async def test_the_curl_examples_print_the_log_after_their_cursor_as_it_is_shown(house):
    job = await recorded(house.writer, await begun_job(house.writer), range(HEAD + 1, 16))
    job = await as_worker(house.writer, job, c.CompleteJob(job.epoch, "answered"))
    async with serving(house, workers=0) as url:
        log = await stored(house, job.id)
        outputs = [await printed(command, url, str(job.id)) for command in CURLS]

    for command, output in zip(CURLS, outputs, strict=True):
        cursor = int((re.findall(r"-H '[\w-]+: (\d+)'", command) or ["0"])[0])
        assert [frame for frame in complete_frames(output.encode()) if frame.id] == log[cursor:]
    hello, first, *_, last, end = outputs[0].removesuffix("\n\n").split("\n\n")
    shown = [frame for frame in SHOWN.strip().split("\n\n") if frame != "…"]
    assert [skeleton(frame) for frame in shown] == [skeleton(frame) for frame in (hello, first, last, end)]


async def test_the_python_example_without_our_client_prints_each_event_once(house, capsys):
    house.model.pause = 0.1
    cuts = Cut(b"id: 3\nevent: ", By.RESET), Cut(b"", By.CLOSE), Cut(b"id: 9\nevent: ", By.CLOSE)
    async with serving(house) as url, proxying(url, *cuts) as proxy:
        text = PYTHON.replace("http://127.0.0.1:8000", proxy.url).replace("What is a context manager?", QUERY)
        await asyncio.to_thread(exec, compile(text, "docs/streaming.md", "exec"), {"__name__": "__main__"})
        [job_id] = {asked.path.split("/")[2] for asked in proxy.streams}
        log = await whole_log(house.engine, UUID(job_id))

    lines = [line for line in capsys.readouterr().out.splitlines() if not line.startswith("Lost")]
    assert lines == [f"{row.seq} {row.type}" for row in log]
    assert not proxy.cuts
    assert QUERY in log[0].line().decode()
