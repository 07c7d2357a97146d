"""What the page is served with, and that nothing else is."""

import gzip
import re
import tomllib
from pathlib import Path

import httpx
import pytest

from app.api.app import make_app
from app.api.page import MEDIA_TYPES, PAGE_POLICY, PAGE_VIEWS, WEB_FOLDER, files, web_version
from app.domain.caller import Caller
from tests.page.conftest import ask
from tests.page.played import QUESTION
from tests.steps import until

ROOT = Path(__file__).parent.parent.parent
PATHS = ["/", "/browse/jobs", "/browse/documents", "/browse/operations",
         "/browse/jobs/01a20937-51e3-763d-b2e2-cb25b04281b4", "/overview", "/compare",
         "/browse/jobs/01a20937-51e3-763d-b2e2-cb25b04281b4/report"]  # fmt: skip


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.mark.parametrize("path", PATHS)
async def test_each_view_is_a_page_with_a_strict_policy(asking, path):
    answer = await asking.get(path, headers={"Accept": BROWSER})

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    for part in ("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", "trusted-types 'none'"):
        assert part in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "{" not in answer.text


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html;q=0.1, application/json"])
async def test_the_overview_is_figures_for_all_but_browsers(asking, accept):
    answer = await asking.get("/overview", headers={"Accept": accept})

    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["vary"] == "Accept"
    assert answer.json()["efforts"]


async def test_the_old_address_of_the_overview_leads_to_the_new_one(asking):
    answer = await asking.get("/dash", follow_redirects=False)

    assert (answer.status_code, answer.headers["location"]) == (308, "/overview")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/runs", "/browse/jobs"),
        ("/runs?status=failed&tags=a%20b", "/browse/jobs?status=failed&tags=a%20b"),
        ("/runs/01a2/report", "/browse/jobs/01a2/report"),
        ("/runs/01a2?at=3", "/browse/jobs/01a2?at=3"),
        ("/runs//elsewhere.example", "/browse/jobs/elsewhere.example"),
        ("/runs/a%0d%0aSet-Cookie:x", "/browse/jobs/a%0D%0ASet-Cookie%3Ax"),
    ],
)
async def test_an_old_address_of_a_job_leads_to_the_new_one(asking, old, new):
    answer = await asking.get(old, follow_redirects=False)

    assert (answer.status_code, answer.headers["location"]) == (308, new)
    assert "set-cookie" not in answer.headers


def test_no_page_needs_what_the_policy_forbids():
    for path in WEB_FOLDER.glob("*.html"):
        text = path.read_text()
        assert not re.search(r"\s(style|on\w+)=|<style|<script(?![^>]*\bsrc=)", text), path
        assert not re.search(r"(src|href)=.https?:", text), path
    assert "https:" not in PAGE_POLICY


async def test_a_browser_keeps_the_files_and_checks_the_page(asking):
    page = await asking.get("/browse/jobs")
    [style, *_] = re.findall(r'href="(/web/[^"]+\.css)"', page.text)
    kept = await asking.get(style)

    assert "immutable" in kept.headers["cache-control"]
    assert page.headers["cache-control"] == "no-cache"
    again = await asking.get("/browse/jobs", headers={"If-None-Match": page.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_a_page_of_another_version_gets_the_file_but_may_not_keep_it(asking):
    answer = await asking.get("/web/000000000000/base.css")

    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("suffix", sorted(MEDIA_TYPES.keys() - {".html"}))
async def test_files_have_their_types_plain_and_packed(asking, suffix):
    name = max((name for name in files() if name.endswith(suffix)), key=lambda name: len(files()[name].body))
    async with asking.stream(
        "GET", f"/web/{web_version()}/{name}", headers={"Accept-Encoding": "gzip"}
    ) as packed:
        body = b"".join([part async for part in packed.aiter_raw()])
    plain = await asking.get(f"/web/{web_version()}/{name}", headers={"Accept-Encoding": "gzip;q=0"})

    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(body) == plain.content == files()[name].body
    assert plain.headers["content-type"].startswith(MEDIA_TYPES[suffix])


@pytest.mark.parametrize(
    "name",
    ["frame.html", "../page.py", "..%2fpage.py", "%2e%2e%2fpage.py", "....//page.py", "%00"],
)
async def test_nothing_but_the_files_is_served(standing, name):
    async with httpx.AsyncClient(trust_env=False) as http:
        request = http.build_request("GET", standing)
        request.url = request.url.copy_with(raw_path=f"/web/{web_version()}/{name}".encode())
        answer = await http.send(request)

    assert answer.status_code == 404


@pytest.mark.parametrize("name", sorted(path.stem for path in WEB_FOLDER.glob("*.html")))
def test_no_two_elements_of_a_view_have_one_id(name):
    """Scripts and labels find the first one only."""
    parts = {WEB_FOLDER / "frame.html", WEB_FOLDER / f"{name}.html"}
    ids = [found for path in parts for found in re.findall(r'\bid="([^"]+)"', path.read_text())]

    assert sorted(ids) == sorted(set(ids))


def test_all_files_are_in_the_package():
    kept = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]

    patterns = kept["dossier_server.app.api"]
    for path in WEB_FOLDER.rglob("*.*"):
        assert any(path.relative_to(WEB_FOLDER.parent).match(pattern) for pattern in patterns), path


def test_every_module_that_is_imported_exists():
    for name, file in files().items():
        for found in re.findall(rb'from "\./([\w.]+)"', file.body):
            assert found.decode() in files(), name


def test_views_do_not_stand_in_the_way_of_the_api():
    api = set(make_app(None).openapi_schema.to_schema()["paths"])

    assert not api & {path for _, _, paths in PAGE_VIEWS for path in paths}


async def test_a_source_has_its_page_and_the_quotes_in_it(asking):
    job = await ask(asking, QUESTION)
    result = (await asking.get(f"/jobs/{job}")).json()["result"]

    for source in result["sources"]:
        answer = await asking.get(f"/jobs/{job}/sources/{source['number']}")
        page = answer.json()
        claims = [claim for claim in result["claims"] if claim["number"] == source["number"]]
        assert (page["url"], page["title"], page["read"]) == (source["url"], source["title"], source["read"])
        assert [quote["claim"] for quote in page["quotes"]] == [claim["text"] for claim in claims]
        for quote in page["quotes"]:
            assert page["text"][quote["start"] : quote["end"]] == quote["quote"]
        assert (page["text"] is None) is not source["read"]


@pytest.mark.parametrize("number", ["0", "99", "-1", "9999999999"])
async def test_a_source_that_is_not_there_is_404(asking, number):
    job = await ask(asking, "This is refused", "failed")

    answer = await asking.get(f"/jobs/{job}/sources/{number}")

    assert (answer.status_code, answer.json()["code"]) == (404, "source_not_found")


async def test_a_source_of_another_tenant_is_that_of_no_job(http, monkeypatch):
    job = await ask(http, QUESTION)
    assert (await http.get(f"/jobs/{job}/sources/1")).status_code == 200
    monkeypatch.setattr("app.api.keyring.ANYBODY", Caller("another"))

    answer = await http.get(f"/jobs/{job}/sources/1")

    assert (answer.status_code, answer.json()["code"]) == (404, "job_not_found")


async def has_called(http, job_id):
    page = (await http.get(f"/jobs/{job_id}/events")).json()
    return any(event["type"] == "call_requested" for event in page["events"])


async def test_the_overview_counts_what_there_is(http):
    await ask(http, QUESTION)
    await ask(http, "This is refused", "failed", effort="quick")
    slow = await ask(http, "Answer slowly", "running")
    await until(lambda: has_called(http, slow))

    figures = (await http.get("/overview")).json()

    assert figures["now"]["running"] == 1
    assert figures["now"]["workers_busy"] == 1
    assert figures["now"]["pending"] == 0
    assert len(figures["hours"]) == 24
    assert sum(hour["completed"] for hour in figures["hours"]) == 1
    assert sum(hour["failed"] for hour in figures["hours"]) == 1
    assert figures["failures"] == [{"error_type": "auth", "jobs": 1}]
    assert {day["model"] for day in figures["days"]} == {"played-large"}
    assert sum(day["cost_usd"] for day in figures["days"]) == pytest.approx(0.0876)
    efforts = {one["effort"]: one for one in figures["efforts"]}
    # The search that failed once is no call.
    assert efforts["standard"]["typical"]["calls"] == 13
    assert efforts["quick"]["typical"] is None
    assert efforts["deep"]["calls"] == 150


async def test_many_readers_of_the_overview_share_a_look(http, monkeypatch):
    asked = []
    from app.store import overview_figures

    now = overview_figures.now

    async def counted(engine, caller):
        asked.append(caller.tenant)
        return await now(engine, caller)

    monkeypatch.setattr(overview_figures, "now", counted)
    for _ in range(20):
        await http.get("/overview")

    assert 1 <= len(asked) < 20
