"""A fork reuses what it has and pays only for the rest."""

import asyncio
from datetime import date, timedelta

import pytest
from msgspec import structs

from app import handle
from app.agent import limits
from app.agent.ports import SearchReply
from app.domain import tools
from app.domain.history import check
from app.domain.view import job_view
from app.store.history import histories
from app.store.rebuild import rebuild
from dossier.request import Changes, Limits, Sources
from tests.api.problems import assert_problem
from tests.api.sse import read
from tests.replays import assert_all_replay
from tests.scripted import PLAN, REPORT, SCRIPT, ScriptedModel, ScriptedSearch
from tests.steps import assert_chain, row_of, rows, submitted_job, until, whole_log
from tests.worker.dear_model import ASK, PRICE, DearModel
from tests.worker.working import over, working

LONGER = (*SCRIPT[:3], tools.WebSearch(("sea",)), REPORT)


async def run(house, job):
    async with working(house, lease=timedelta(seconds=15)):
        return await over(house, job.id)


async def origin(house, script=SCRIPT, **fields):
    house.model = ScriptedModel(script)
    return await run(house, await submitted_job(house.writer, **fields))


async def forked(house, job, after=None, **changes):
    """A fork, with nothing asked of the providers so far."""
    house.model, house.search = type(house.model)(house.model.script), ScriptedSearch()
    fork, is_new = await handle.fork(house.writer, job.id, after, Changes(**changes), tenant="default")
    assert is_new
    return fork


async def seq_of(house, job, type_, key=""):
    """The seq of an event of the job."""
    for row in await whole_log(house.engine, job.id):
        if row.type == type_ and key in row.data:
            return row.seq
    raise AssertionError((type_, key))


async def assert_sound(house):
    """Assert that logs, rows, rebuilds and replays agree for every job."""
    before = await rows(house.engine)
    for job_id in before:
        log = await whole_log(house.engine, job_id)
        assert_chain(log)
        assert before[job_id] == row_of(await handle.load(house.writer, job_id))
        keys = [row.recorded().event.key for row in log if row.type == "call_completed"]
        assert len(keys) == len(set(keys))
    async for history in histories(house.engine):
        assert check(history) == []
    await assert_all_replay(house.engine)


# What is reused


async def test_a_fork_is_whole_before_it_has_begun(house, owner):
    first = await origin(house)
    after = await seq_of(house, first, "page_read")

    fork = await forked(house, first, after)

    log = await whole_log(house.engine, fork.id)
    assert [row.type for row in log[:2]] == ["job_submitted", "job_forked"]
    assert {row.actor for row in log} == {"api"}
    assert {row.epoch for row in log} == {None}
    assert (fork.status, fork.current_step) == ("pending", "Waiting for a worker")
    assert [turn.function for turn in fork.research.turns] == list(SCRIPT[:3])
    assert [source.sha256 for source in fork.research.sources] == [
        source.sha256 for source in first.research.sources
    ]
    view = job_view(fork)
    assert (view.usage.calls, view.usage.cost_usd) == (0, 0.0)
    assert (view.forked_from.job_id, view.forked_from.after) == (first.id, after + 1)  # both pages, one reply
    told = log[1].recorded().event
    assert told.origin_hash == (await whole_log(house.engine, first.id))[told.after - 1].hash.hex()
    assert (told.reused_turns, told.reused_calls, told.changed) == (3, 7, ())
    await assert_sound(house)
    before = await rows(house.engine)
    assert await rebuild(owner) == 2
    assert await rows(house.engine) == before


async def nothing_found(query, limit, **_):
    return SearchReply(())


async def test_nothing_that_is_reused_is_asked_for_again_and_only_what_is_new_is_billed(house):
    house.model = DearModel((PLAN, *SCRIPT[1:]))
    first = await run(house, await submitted_job(house.writer))
    after = await seq_of(house, first, "page_read")

    fork = await run(house, await forked(house, first, after))

    assert [ask.step for ask in house.model.asks] == [4]
    assert (house.search.searches, house.search.reads) == ([], [])
    assert fork.research.report == first.research.report
    assert fork.research.bill.cost_usd == PRICE.cost_usd
    assert fork.research.bill.calls == 1
    assert fork.research.forked.saved_cost_usd == 3 * PRICE.cost_usd
    assert fork.research.bill.dearest_call == PRICE.cost_usd
    await assert_sound(house)


async def test_a_model_is_told_in_a_fork_what_it_was_told_in_the_origin(house):
    first = await origin(house)
    asked = house.model.asks[3]

    await run(house, await forked(house, first, await seq_of(house, first, "page_read")))

    [told] = house.model.asks
    assert told.left != asked.left  # what the origin paid is in no limit of the fork
    assert structs.replace(told, left=asked.left) == asked


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
async def test_a_fork_at_every_event_ends_with_the_same_report(house, turns):
    first = await origin(house)
    log = await whole_log(house.engine, first.id)
    for after in [row.seq for row in log if row.seq % 4 == turns]:
        fork = await run(house, await forked(house, first, after))

        made = len(house.model.asks) + len(house.search.searches) + len(house.search.reads)
        assert fork.research.report == first.research.report, after
        assert made + fork.research.forked.reused_calls == 8, after
        assert fork.research.bill.calls == made, after
    await assert_sound(house)


async def test_a_half_done_turn_is_finished_and_learnt_as_a_whole(house):
    first = await origin(house)
    after = await seq_of(house, first, "call_completed", '"2/search/')

    fork = await run(house, await forked(house, first, after))

    assert len(house.search.searches) == 1
    assert [source.url for source in fork.research.sources] == [
        source.url for source in first.research.sources
    ]
    await assert_sound(house)


async def test_a_half_done_turn_for_which_there_is_no_room_is_left_as_it_is(house):
    first = await origin(house)
    after = await seq_of(house, first, "call_completed", '"2/search/')

    fork = await run(house, await forked(house, first, after, limits=Limits(max_searches=0)))

    assert (house.search.searches, fork.status) == ([], "completed")
    await assert_sound(house)


async def test_a_call_that_failed_because_of_the_old_job_is_made_again(house):
    from app.errors import ProviderError

    async def refuse(query, limit, **_):
        raise ProviderError("auth", "no key", retryable=False)

    house.search.search = refuse
    first = await origin(house)
    assert first.status == "failed"

    fork = await run(house, await forked(house, first, sources=Sources(search="corpus")))

    assert fork.stop_reason == "answered"
    assert house.search.searches == ["boiling point", "everest"]
    assert [ask.step for ask in house.model.asks] == [3, 4]
    await assert_sound(house)


async def test_a_running_job_can_be_forked_and_goes_on_by_itself(house):
    house.model.pause = 0.2
    first = await submitted_job(house.writer)
    async with working(house):
        await until(lambda: _searched(house, first))
        fork, _ = await handle.fork(house.writer, first.id, None, Changes(), tenant="default")
        one, other = await over(house, first.id), await over(house, fork.id)

    assert one.research.report == other.research.report
    await assert_sound(house)


async def _searched(house, job):
    return len((await handle.load(house.writer, job.id)).research.turns) >= 2


async def test_an_answered_question_is_reused_and_an_open_one_asked_again(house):
    house.model = ScriptedModel((ASK, *SCRIPT))
    first = await submitted_job(house.writer, clarify=True)
    async with working(house):
        await until(lambda: _asks(house, first))
        waiting = await forked(house, first)
        assert waiting.research.turns == ()
        from app.domain import commands as c

        job = await handle.load(house.writer, first.id)
        await handle.handle(house.writer, job, c.ProvideInput(("Salt.",)), actor="api")
        await over(house, first.id)
    fork = await run(house, await forked(house, first))

    assert fork.research.answers == ("Salt.",)
    assert house.model.asks[-1].answers == ("Salt.",)


async def _asks(house, job):
    return (await handle.load(house.writer, job.id)).status == "input_required"


async def test_a_fork_of_a_fork_reuses_both(house):
    first = await origin(house, LONGER)
    second = await run(
        house, await forked(house, first, await seq_of(house, first, "page_read"), instruction="a?")
    )
    searched = await seq_of(house, second, "call_completed", '"4/search/1"')

    third = await run(house, await forked(house, second, searched, instruction="b?"))

    assert [ask.step for ask in house.model.asks] == [5]
    assert house.model.asks[0].follow_up.instruction == "a?\nb?"
    assert third.research.forked.reused_turns == 4
    assert third.research.bill.calls == 1
    await assert_sound(house)


# What is otherwise


async def test_the_limits_of_a_fork_count_only_what_is_new(house, monkeypatch):
    tight = {**limits.PRESETS, "quick": limits.Bounds(5, 1, 1, 6, 5, 120)}
    first = await origin(house, LONGER)
    monkeypatch.setattr(limits, "PRESETS", tight)

    fork = await run(
        house, await forked(house, first, await seq_of(house, first, "page_read"), effort="quick")
    )

    assert house.search.searches == ["sea"]
    assert fork.stop_reason == "answered"
    assert fork.research.turns_taken == 2
    assert fork.research.forked.changed == ("effort",)


async def test_a_job_that_was_cut_off_goes_on_in_a_fork_with_more(house):
    first = await origin(house, LONGER, limits=Limits(max_calls=6))
    assert first.stop_reason == "budget_reached"

    fork = await run(house, await forked(house, first, limits=Limits(max_calls=40)))

    assert (fork.stop_reason, fork.research.tripped) == ("answered", None)
    await assert_sound(house)


async def test_what_the_sources_of_a_fork_forbid_is_neither_shown_nor_cited(house):
    first = await origin(house)
    blocked = Sources(blocked_domains=("example.com",))

    fork = await run(
        house, await forked(house, first, await seq_of(house, first, "page_read"), sources=blocked)
    )

    assert house.model.asks[0].sources == ()
    assert fork.research.report.claims == ()
    assert "write_report" not in house.model.asks[0].menu  # nothing that it may use was read
    assert fork.stop_reason == "model_failed"  # it wrote one all the same, three times
    await assert_sound(house)


async def test_an_instruction_on_a_finished_report_is_a_further_question(house):
    first = await origin(house)
    fork = await forked(house, first, instruction="And https://example.com/a at sea?")
    house.model.script = (*SCRIPT[:3], tools.WebSearch(("sea",)), REPORT)
    fork = await run(house, fork)

    further = house.model.asks[0].follow_up
    assert further.instruction == "And https://example.com/a at sea?"
    assert (further.after, further.title) == (3, "Boiling water")
    assert further.content == first.research.report.content
    assert fork.research.forked.earlier.content == further.content
    assert [ask.step for ask in house.model.asks] == [4, 5]
    assert house.search.searches == ["sea"]
    assert [source.number for source in fork.research.sources] == [1, 2]  # the page was known
    from app.agent.prompts import messages

    told = [message.content for message in messages(house.model.asks[1], {})]
    assert "The person now asks, beyond the question:\nAnd https://example.com/a at sea?" in told[7]
    assert "Water boils at 100 degrees" in told[7]
    assert told[:7] == [message.content for message in messages(house.model.asks[0], {})][:7]
    await assert_sound(house)


async def test_a_page_that_an_instruction_names_may_be_read(house):
    house.search.search = nothing_found
    first = await origin(house, (PLAN, REPORT))

    async def nothing(query, limit, **_):
        raise AssertionError

    fork = await forked(house, first, instruction="What does https://example.com/b say?")
    house.model.script = (PLAN, tools.ReadPages(("https://example.com/b",)), REPORT)
    house.search.search = nothing
    fork = await run(house, fork)

    # It stands in the instruction, so it is known once the fork's first turn is over.
    assert [(source.url, source.found_by) for source in fork.research.sources] == [
        ("https://example.com/b", "caller")
    ]
    await assert_sound(house)


async def test_without_an_instruction_the_report_is_written_anew_and_the_old_one_is_not_shown(house):
    first = await origin(house)

    fork = await run(house, await forked(house, first, effort="deep"))

    from msgspec import UNSET

    assert [ask.step for ask in house.model.asks] == [4]
    assert house.model.asks[0].follow_up is UNSET
    assert fork.research.report == first.research.report


async def test_another_model_is_asked_where_there_is_one_and_else_the_job_fails_and_says_why(house):
    from app.agent.extractive import Extractive
    from app.worker.providers import Tools

    first = await origin(house)
    fork = await forked(house, first, model="big-1")
    job = await run(house, fork)

    assert (job.status, job.failure.error_type) == ("failed", "auth")
    assert "'big-1'" in job.failure.error_message
    assert "OPENAI_API_KEY" in job.failure.error_message
    assert house.model.asks == []

    class Big(ScriptedModel):
        name = "openai:big-1"

    other = Big()
    house.tools = lambda: Tools(house.model, Extractive(), lambda _job: house.search, {"big-1": other}.get)
    job = await run(house, await forked(house, job))
    assert job.stop_reason == "answered"
    assert job_view(job).model == "big-1"
    assert (len(other.asks), len(house.model.asks)) == (1, 0)
    requested = [
        row.recorded().event for row in await whole_log(house.engine, job.id) if row.type == "call_requested"
    ]
    assert requested[-1].provider == "openai:big-1"


# By HTTP


async def test_a_fork_by_http(http, house):
    job_id = (await http.post("/jobs", json={"query": "boil?", "tags": ["x"]})).json()["job_id"]
    await until(lambda: _completed(http, job_id))
    answer = await http.post(
        f"/jobs/{job_id}/fork", json={"after": 12, "changes": {"instruction": "And tea?"}}
    )
    fork = answer.json()

    assert answer.status_code == 201
    assert answer.headers["location"] == fork["url"] == f"/jobs/{fork['job_id']}"
    assert fork["status"] == "pending"
    view = await until(lambda: _completed(http, fork["job_id"]))
    assert view["forked_from"]["job_id"] == job_id
    assert (view["query"], view["tags"]) == ("boil?", ["x"])
    frames = await read(http, fork["job_id"])
    assert [frame.id for frame in frames] == [str(seq) for seq in range(1, view["seq"] + 1)]
    assert (await http.get(fork["url"], params={"at": view["seq"]})).json() == view
    listed = (await http.get("/jobs")).json()["jobs"][0]
    assert listed["forked_from"] == view["forked_from"]
    assert listed["forked_from"]["instruction"] == "And tea?"
    forks = (await http.get("/jobs", params={"forked_from": job_id})).json()["jobs"]
    assert [job["job_id"] for job in forks] == [fork["job_id"]]
    assert (await http.get("/jobs", params={"forked_from": fork["job_id"]})).json()["jobs"] == []
    assert (await http.get("/jobs", params={"forked_from": "x"})).json()["code"] == "malformed_job_id"


async def _completed(http, job_id):
    view = (await http.get(f"/jobs/{job_id}")).json()
    return view if view["status"] == "completed" else None


async def test_the_same_key_and_changes_are_the_same_fork(api, house):
    job, other = await submitted_job(house.writer), await submitted_job(house.writer)
    headers = {"Idempotency-Key": "once"}
    body = {"changes": {"effort": "deep"}}
    first = await api.post(f"/jobs/{job.id}/fork", json=body, headers=headers)
    again = await asyncio.gather(
        *(api.post(f"/jobs/{job.id}/fork", json=body, headers=headers) for _ in range(5))
    )

    assert first.status_code == 201
    assert {(answer.status_code, answer.json()["job_id"]) for answer in again} == {
        (200, first.json()["job_id"])
    }
    for url, changed in ((f"/jobs/{job.id}/fork", {}), (f"/jobs/{other.id}/fork", body)):
        assert_problem(await api.post(url, json=changed, headers=headers), 409, "idempotency_conflict")
    mixed = await api.post("/jobs", json={"query": "why?", "effort": "deep"}, headers=headers)
    assert_problem(mixed, 409, "idempotency_conflict")


BODIES = [
    ({"after": 0}, 400, "out_of_range", "after"),
    ({"after": 2}, 400, "out_of_range", "after"),
    ({"after": "one"}, 400, "wrong_type", "after"),
    ({"colour": 1}, 400, "unknown_field", "colour"),
    ({"changes": {"query": "no"}}, 400, "unknown_field", "changes.query"),
    ({"changes": {"limits": {"max_money": 1}}}, 400, "unknown_field", "changes.limits.max_money"),
    ({"changes": {"limits": {"max_calls": 0}}}, 400, "out_of_range", "changes.limits.max_calls"),
    ({"changes": {"instruction": ""}}, 400, "too_short", "changes.instruction"),
    ({"changes": {"instruction": " \n"}}, 400, "too_short", "changes.instruction"),
    ({"changes": {"instruction": "x" * 4001}}, 400, "too_long", "changes.instruction"),
    ({"changes": {"model": "x" * 101}}, 400, "too_long", "changes.model"),
    ({"changes": {"metadata": {"x": "y" * 10_240}}}, 400, "metadata_too_large", "changes.metadata"),
    ({"changes": {"instruction": "nul \x00"}}, 400, "invalid_character", "changes.instruction"),
    ([], 400, "wrong_type", "body"),
]


@pytest.mark.parametrize(("body", "status", "code", "field"), BODIES)
async def test_a_bad_fork_is_refused_by_name_and_changes_nothing(api, house, body, status, code, field):
    job = await submitted_job(house.writer)

    assert_problem(await api.post(f"/jobs/{job.id}/fork", json=body), status, code, field)
    assert len(await rows(house.engine)) == 1


async def test_nobody_forks_or_compares_another_tenants_job(api, house):
    from app.errors import JobNotFound
    from dossier.request import ResearchRequest

    other, _ = await handle.submit(house.writer, ResearchRequest("why?"), tenant="other")
    mine = await submitted_job(house.writer)

    assert_problem(await api.post(f"/jobs/{other.id}/fork", json={}), 404, "job_not_found")
    assert_problem(await api.get(f"/jobs/{other.id}/diff/{mine.id}"), 404, "job_not_found")
    assert_problem(await api.get(f"/jobs/{mine.id}/diff/{other.id}"), 404, "job_not_found")
    assert_problem(await api.get(f"/jobs/{mine.id}/diff/x"), 400, "malformed_job_id", "other")
    with pytest.raises(JobNotFound):
        await handle.fork(house.writer, other.id, None, Changes(), tenant="default")


async def test_a_full_queue_takes_no_forks(database_url):
    from app.settings import Settings
    from tests.conftest import TestHouse, serving

    house = TestHouse(Settings(queue_limit=1), database_url)
    import httpx

    async with serving(house, workers=0) as url, httpx.AsyncClient(base_url=url, timeout=90) as http:
        job = await submitted_job(house.writer)
        assert_problem(await http.post(f"/jobs/{job.id}/fork", json={}), 429, "queue_full")


# Side by side


async def test_a_job_and_its_fork_side_by_side(api, house):
    house.model = DearModel((*SCRIPT[:3], REPORT))
    first = await run(house, await submitted_job(house.writer))
    fork = await forked(house, first, await seq_of(house, first, "source_found"), limits=Limits(max_calls=30))
    only_a = tools.WriteReport("B", "Water boils at 100 degrees Celsius at sea level [1].", "low")
    house.model.script = (*SCRIPT[:2], tools.ReadPages(("https://example.com/a",)), only_a)
    fork = await run(house, fork)

    found = (await api.get(f"/jobs/{first.id}/diff/{fork.id}")).json()

    assert (found["a"], found["b"], found["common_prefix"]) == (str(first.id), str(fork.id), 2)
    assert found["requests"] == [{"field": "limits", "a": {}, "b": {"max_calls": 30}}]
    assert [(pair["a"]["reused"], pair["b"]["reused"]) for pair in found["steps"]] == [
        (False, True), (False, True), (False, False), (False, False),
    ]  # fmt: skip
    assert [(pair["a"]["read"], pair["b"]["read"]) for pair in found["steps"]][2] == (2, 1)
    assert {pair["b"]["cost_usd"] for pair in found["steps"]} == {PRICE.cost_usd}
    assert [source["url"] for source in found["sources"]["both"]] == [
        "https://example.com/a", "https://example.com/b",
    ]  # fmt: skip
    assert len(found["claims"]["both"]) == 1
    assert [claim["number"] for claim in found["claims"]["only_a"]] == [2]
    assert found["claims"]["only_b"] == []
    assert found["usage"]["a"]["cost_usd"] == 4 * PRICE.cost_usd
    assert found["usage"]["b"]["cost_usd"] == 2 * PRICE.cost_usd


async def test_two_strangers_have_nothing_in_common(house):
    from app.domain.diff import Side, diff

    one = await origin(house)
    house.search.search = nothing_found
    other = await origin(
        house, (tools.GeneratePlan("x", ("a", "b", "c"), ("d", "e")), tools.Answer("No.", "failed"))
    )
    sides = [
        Side(job.id, (row.recorded() for row in await whole_log(house.engine, job.id)))
        for job in (one, other)
    ]

    found = diff(*sides)

    assert found.common_prefix == 0
    assert found.steps[0].b is not None
    assert len(found.sources.only_a) == 2
    assert len(found.claims.only_a) == 2
    same = diff(sides[0], sides[0])
    assert (same.common_prefix, same.sources.only_a, same.claims.only_b, same.requests) == (4, (), (), ())


async def test_a_fork_with_another_time_judges_the_pages_of_its_origin_anew(house):
    house.search.published = {"https://example.com/a": "2019-03-02"}
    strict, loose = Sources(published_after=date(2020, 1, 1)), Sources(search="web")
    job = await origin(house, sources=strict)
    read = await forked(house, job, sources=loose)
    read = await run(house, read)
    again = await run(house, await forked(house, read, sources=strict))

    assert house.search.reads == []  # nothing is read twice
    assert [source.set_aside is None for source in job.research.sources] == [False, True]
    assert [source.sha256 is None for source in read.research.sources] == [False, False]
    assert [claim.number for claim in read.research.report.claims] == [1, 2]
    assert [claim.number for claim in again.research.report.claims] == [2]
    await assert_sound(house)
