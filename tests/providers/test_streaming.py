"""Streamed replies over real sockets: patience, progress, and who hangs up.

What had arrived is kept.
"""

import asyncio
import json

import msgspec
import pytest

from app.agent.ports import Writing
from app.agent.prompts import messages
from app.domain.tools import NextStep
from app.errors import ProviderError
from app.providers.exchange import ModelPatience, ServerRefusal
from app.providers.habits import ModelHabits
from app.providers.http import make_client
from app.providers.language_model import LanguageModel
from app.providers.model_spec import ModelSpec
from app.providers.presets import PRESETS
from app.providers.slots import ServerSlots
from tests.mocks.streaming import PAUSE, chunk, reply, streaming
from tests.providers.conformance import ASKS
from tests.scripted import PLAN, REASONING
from tests.steps import until

FIRST = ASKS["first"]
STEP = msgspec.json.encode(NextStep(REASONING, PLAN)).decode()
COUNTED = {
    "prompt_tokens": 900,
    "completion_tokens": 100,
    "completion_tokens_details": {"reasoning_tokens": 60},
}


async def says(writing):
    return writing.said


async def is_asked(server):
    return server.at_once


@pytest.fixture
async def server():
    async with streaming() as server:
        yield server


@pytest.fixture
async def model_of(server):
    async with make_client() as client:

        def make(slots=None, preset="vllm", **patience):
            spec = ModelSpec(
                model="m", preset=PRESETS[preset], base_url=server.url, patience=ModelPatience(**patience)
            )
            return LanguageModel(client, spec, messages, slots=slots)

        yield make


async def test_a_reply_is_put_together_and_its_usage_read(server, model_of):
    thought = chunk(delta={"reasoning_content": "Let me think. "})
    server.play([": keep alive\n\n", chunk(delta={"role": "assistant"}), thought, *reply(STEP, COUNTED)])
    writing = Writing()

    step = await model_of().next_step(FIRST, {}, writing)

    assert step.step.function == PLAN
    assert (step.usage.input_tokens, step.usage.output_tokens, step.usage.reasoning_tokens) == (900, 100, 60)
    assert writing.said == STEP
    assert server.requests[0]["stream"] is True


@pytest.mark.parametrize("ending", ["data: [DONE]", "data: [DONE]\n\n", ""])
async def test_a_stream_may_end_in_any_way_once_the_model_said_why_it_stopped(server, model_of, ending):
    server.play([*reply(STEP)[:-1], ending])

    assert (await model_of().next_step(FIRST, {})).step.function == PLAN


async def test_a_server_that_does_not_stream_is_read_whole(server, model_of):
    server.kind = "application/json"
    said = {"choices": [{"message": {"content": STEP}, "finish_reason": "stop"}]}
    server.play([json.dumps(said)])
    model = model_of()

    for _ in range(2):
        assert (await model.next_step(FIRST, {})).step.function == PLAN

    assert ["stream" in sent for sent in server.requests] == [True, False]


@pytest.mark.parametrize(
    ("patience", "script", "words"),
    [
        ({"first_token": 0.2}, [": keep alive\n\n", PAUSE], "did not begin to answer within 0.2 seconds"),
        ({"silence": 0.2}, [chunk(STEP[:50]), PAUSE], "fell silent for 0.2 seconds"),
        ({"call": 0.3}, [chunk(STEP[:50]), PAUSE], "did not finish its reply within 0.3 seconds"),
    ],
)
async def test_each_wait_is_bounded_by_its_own_setting_and_the_server_is_stopped(
    server, model_of, patience, script, words
):
    server.play(script)
    writing = Writing()

    with pytest.raises(ProviderError, match=words) as late:
        await model_of(**patience).next_step(FIRST, {}, writing)

    assert (late.value.error_type, late.value.retryable) == ("timeout", True)
    assert writing.said == "".join(STEP[:50] for line in script if STEP[1:12] in line.replace('\\"', '"'))
    await asyncio.wait_for(server.left.wait(), 10)


async def test_a_cancelled_call_keeps_what_was_written_and_stops_the_server(server, model_of):
    server.play([chunk(STEP[:50]), PAUSE])
    writing = Writing()
    call = asyncio.create_task(model_of().next_step(FIRST, {}, writing))
    await until(lambda: says(writing))

    call.cancel()

    with pytest.raises(asyncio.CancelledError):
        await call
    assert (writing.said, writing.state) == (STEP[:50], "writing")
    await asyncio.wait_for(server.left.wait(), 10)


def test_a_server_that_breaks_is_still_asked_for_streams():
    habits = ModelHabits(ModelSpec(model="m"))
    sent = habits.begin({}, 100)

    habits.adapt(sent, ServerRefusal(500, {"error": {"message": "error in upstream stream"}}))
    assert habits.streams
    habits.adapt(sent, ServerRefusal(400, {"error": {"message": "stream is not supported"}}))
    assert not habits.streams


@pytest.mark.parametrize(
    ("script", "kind", "words"),
    [
        ([chunk(STEP[:50])], "network", "broke off"),
        (
            [chunk(STEP[:50]), 'data: {"error": {"message": "worker died", "code": 500}}\n\n'],
            "network",
            "worker died",
        ),
        (['event: error\ndata: {"message": "slow down", "code": 429}\n\n'], "rate_limit", "slow down"),
        (['data: {"error": "out of memory"}\n\n'], "network", "out of memory"),
        (["data: {not json\n\n"], "network", "not a chat completion"),
        ([], "network", "broke off"),
    ],
)
async def test_a_stream_that_fails_says_why(server, model_of, script, kind, words):
    server.play(script)

    with pytest.raises(ProviderError, match=words) as failed:
        await model_of().next_step(FIRST, {})

    assert failed.value.error_type == kind


async def test_a_server_with_one_slot_gets_calls_one_after_the_other_and_the_wait_is_no_time_out(
    server, model_of
):
    server.play([*reply(STEP)[:3], PAUSE, *reply(STEP)[3:]])
    model = model_of(ServerSlots(), preset="llama.cpp", first_token=5, call=5)
    writings = [Writing() for _ in range(3)]
    calls = [asyncio.create_task(model.next_step(FIRST, {}, writing)) for writing in writings]
    await until(lambda: is_asked(server))

    assert [writing.state for writing in writings].count("queued") == 2
    server.go_on.set()
    steps = await asyncio.gather(*calls)

    assert [step.step.function for step in steps] == [PLAN] * 3
    assert (len(server.requests), server.most_at_once) == (3, 1)


async def test_a_tool_call_in_pieces_is_one_step(server, model_of):
    text = json.dumps(json.loads(STEP))
    pieces = [text[at : at + 30] for at in range(0, len(text), 30)]
    named = {"index": 0, "id": "1", "function": {"name": "next_step", "arguments": ""}}
    calls = [named, *({"index": 0, "function": {"arguments": piece}} for piece in pieces)]
    server.play([*(chunk(delta={"tool_calls": [call]}) for call in calls), chunk(finish="tool_calls")])

    assert (await model_of().next_step(FIRST, {})).step.function == PLAN
