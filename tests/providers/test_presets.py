"""Each preset matches what its server documents.

That is the request it gets, the reply, and its errors.
"""

import json

import httpx
import msgspec
import pytest

from app.domain.tools import NextStep
from app.errors import ProviderError
from app.providers.presets import PRESETS, preset_at
from tests.mocks.dialects import DIALECTS
from tests.mocks.openai import completion, streamed, success
from tests.mocks.successes import SAID, SUCCESSES
from tests.providers.conformance import ASKS, TEXTS
from tests.scripted import PLAN, REASONING

FIRST = ASKS["first"]
STEP = msgspec.json.encode(NextStep(REASONING, PLAN)).decode()
LONG = {name: text * 300 for name, text in TEXTS.items()}
CASES = [(name, case) for name, cases in DIALECTS.items() for case in cases]
LIMITS = {
    "openai": {"max_completion_tokens"},
    "azure": {"max_completion_tokens"},
    "groq": {"max_completion_tokens"},
    "vllm": {"max_completion_tokens", "max_tokens"},
    "other": {"max_completion_tokens", "max_tokens"},
}


@pytest.fixture
def playing(openai_mock, monkeypatch):
    """Makes the mock answer with these replies, one after the other."""

    def play(*replies):
        named = {
            f"reply {n}": lambda mock, request, one=one: one(mock, request) for n, one in enumerate(replies)
        }
        monkeypatch.setattr(openai_mock, "profiles", {**openai_mock.profiles, **named})
        openai_mock.play(*named)
        return openai_mock

    return play


def saying(case):
    return lambda mock, request: httpx.Response(case.status, json=case.body, headers=case.headers)


def test_each_preset_has_documented_answers_and_failures():
    assert DIALECTS.keys() == PRESETS.keys() == SUCCESSES.keys()


@pytest.mark.parametrize("is_streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("name", PRESETS)
async def test_a_documented_answer_is_the_step_and_its_bill(playing, name, is_streamed):
    body = SUCCESSES[name][1] if is_streamed else json.dumps(SUCCESSES[name][0])
    content = body.replace(SAID, json.dumps(STEP)[1:-1]).encode()
    kind = "text/event-stream" if is_streamed else "application/json"
    mock = playing(lambda mock, request: httpx.Response(200, content=content, headers={"content-type": kind}))
    mock.streams = False
    model = mock.model(preset=name)

    for _ in range(2):
        reply = await model.next_step(FIRST, {})

    assert (reply.step.function, reply.repaired) == (PLAN, ())
    assert reply.usage.input_tokens == 1200
    assert reply.usage.output_tokens == (180 if name == "gemini" else 80)
    assert reply.usage.cached_tokens == (1024 if name in {"openai", "azure", "deepseek"} else 0)
    assert (reply.usage.cost_usd == 0.00014) == (name == "openrouter")
    assert len(mock.requests) == 2
    assert mock.requests[0]["stream"]
    assert ("stream" in mock.requests[1]) == is_streamed


@pytest.mark.parametrize("name", PRESETS)
async def test_a_request_is_put_as_the_server_documents_it(openai_mock, name):
    model = openai_mock.model(preset=name)

    reply = await model.next_step(ASKS["last"], TEXTS)

    [sent], [headers] = openai_mock.requests, openai_mock.headers
    assert reply.step.function.content
    assert {"max_tokens", "max_completion_tokens"} & sent.keys() == LIMITS.get(name, {"max_tokens"})
    key = headers["api-key"] if name == "azure" else headers["authorization"].removeprefix("Bearer ")
    assert key == openai_mock.key
    form = sent.get("response_format", {}).get("type")
    assert form == ("json_object" if name == "deepseek" else "json_schema")
    is_shown = PRESETS[name].shows_schema
    assert ("For example" in sent["messages"][-1]["content"]) == (not is_shown)


@pytest.mark.parametrize(
    ("name", "case"), CASES, ids=lambda value: value if isinstance(value, str) else value.words
)
async def test_an_error_is_what_the_server_means_by_it(playing, name, case):
    if case.kind == "context":
        mock = playing(saying(case), success)
        reply = await mock.model(preset=name).next_step(ASKS["last"], LONG)
        assert case.words in reply.repaired[0]
        first, last = (len(json.dumps(sent["messages"])) for sent in (mock.requests[0], mock.requests[-1]))
        assert last < first
        return

    mock = playing(saying(case))
    with pytest.raises(ProviderError, match=case.words) as refused:
        await mock.model(preset=name, key_name=PRESETS[name].key_name).next_step(FIRST, {})

    assert (refused.value.error_type, refused.value.retry_after) == (case.kind, case.retry_after)


EXTRA = {"type": "extra_forbidden", "msg": "Extra inputs are not permitted"}
INSTEAD = "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead."


@pytest.mark.parametrize(
    ("name", "body", "then"),
    [
        (
            "mistral",
            {"message": {"detail": [{**EXTRA, "loc": ["body", "max_tokens"]}]}},
            "max_completion_tokens",
        ),
        ("other", {"detail": [{**EXTRA, "loc": ["body", "max_completion_tokens"]}]}, "max_tokens"),
        ("other", {"error": {"message": INSTEAD}}, "max_completion_tokens"),
    ],
)
async def test_the_limit_is_asked_for_by_the_name_that_the_server_takes(playing, name, body, then):
    mock = playing(lambda mock, request: httpx.Response(422, json=body), success)
    model = mock.model(preset=name)

    for _ in range(2):
        await model.next_step(FIRST, {})

    asked = [{"max_tokens", "max_completion_tokens"} & sent.keys() for sent in mock.requests]
    assert asked[1:] == [{then}, {then}]


async def test_a_limit_that_is_too_high_is_lowered_to_what_the_server_allows(playing):
    said = "Invalid max_tokens value, the valid range of max_tokens is [1, 8192]"
    mock = playing(lambda mock, request: httpx.Response(400, json={"error": {"message": said}}), success)
    model = mock.model(preset="deepseek")

    for _ in range(2):
        await model.next_step(ASKS["last"], TEXTS)

    assert [sent["max_tokens"] for sent in mock.requests] == [16_000, 8192, 8192]


async def test_an_option_that_the_server_refuses_is_left_out_from_then_on(playing):
    said = "Unsupported value: 'temperature' does not support 0.2 with this model."
    mock = playing(lambda mock, request: httpx.Response(400, json={"error": {"message": said}}), success)
    model = mock.model(options={"temperature": 0.2, "seed": 7})

    for _ in range(2):
        await model.next_step(FIRST, {})

    assert [("temperature" in sent, sent["seed"]) for sent in mock.requests] == [
        (True, 7),
        (False, 7),
        (False, 7),
    ]


async def test_a_prompt_that_ollama_cut_in_silence_is_noticed_and_asked_again(playing):
    def cut(mock, request):
        body = success(mock, request).json()
        return httpx.Response(200, json=body | {"usage": {"prompt_tokens": 4096, "completion_tokens": 50}})

    def counted(mock, request):
        tokens = len(request.content) // 4
        return httpx.Response(200, json=success(mock, request).json() | {"usage": {"prompt_tokens": tokens}})

    mock = playing(cut, counted)

    reply = await mock.model(preset="ollama", model="qwen3").next_step(ASKS["last"], LONG)

    assert "the server read 4,096 of about" in reply.repaired[0]
    assert reply.usage.input_tokens > 4096  # both replies are on the bill
    assert reply.prompt_bytes == 0  # and so they say nothing of one prompt
    first, last = (len(json.dumps(sent["messages"])) for sent in mock.requests)
    assert last < first


async def test_openrouter_says_what_a_call_cost(playing):
    def billed(mock, request):
        body = completion(STEP).json()
        return httpx.Response(200, json=body | {"usage": {**body["usage"], "cost": 0.0123}})

    reply = await playing(billed).model(preset="openrouter", model="x/y").next_step(FIRST, {})

    assert reply.usage.cost_usd == 0.0123


async def test_reasoning_that_is_in_the_total_alone_is_priced(playing):
    usage = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1600}
    usage |= {"completion_tokens_details": {"reasoning_tokens": 500}}

    def counted(mock, request):
        return httpx.Response(200, json=completion(STEP).json() | {"usage": usage})

    reply = await playing(counted).model(preset="gemini").next_step(FIRST, {})

    assert (reply.usage.output_tokens, reply.usage.reasoning_tokens) == (600, 500)
    assert reply.usage.cost_usd == pytest.approx((1000 * 0.40 + 600 * 1.60) / 1e6)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("", "openai"),
        ("https://me.openai.azure.com/openai/v1", "azure"),
        ("https://api.mistral.ai/v1", "mistral"),
        ("http://localhost:11434/v1", "ollama"),
        ("https://api.openai.com.evil.example/v1", "other"),
        ("http://10.0.0.1:9000/v1", "other"),
    ],
)
def test_a_server_is_known_by_its_host(url, name):
    assert preset_at(url).name == name


# OpenAI's Responses API

EVENTS = (
    {"type": "response.created", "response": {"id": "resp_1", "status": "in_progress"}},
    {"type": "response.reasoning_summary_text.delta", "delta": "Thinking."},
    {"type": "response.output_text.delta", "delta": STEP[:40]},
    {"type": "response.output_text.delta", "delta": STEP[40:]},
)
USED = {
    "input_tokens": 1000,
    "output_tokens": 200,
    "input_tokens_details": {"cached_tokens": 400, "cache_write_tokens": 100},
}


def responding(*events, begun=EVENTS):
    text = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in (*begun, *events))
    return lambda mock, request: httpx.Response(
        200, content=text.encode(), headers={"content-type": "text/event-stream"}
    )


def ended(kind="completed", **fields):
    return {"type": f"response.{kind}", "response": {"status": kind, "usage": USED, **fields}}


CUT = ended("incomplete", incomplete_details={"reason": "max_output_tokens"})


async def test_a_model_may_be_asked_by_the_responses_api(playing):
    mock = playing(responding(ended()))
    model = mock.model(wire="responses", options={"reasoning_effort": "low", "verbosity": "low"})

    reply = await model.next_step(FIRST, {})

    [sent] = mock.requests
    assert reply.step.function == PLAN
    assert (reply.usage.cached_tokens, reply.usage.cache_write_tokens) == (400, 100)
    assert (sent["text"]["format"]["type"], sent["text"]["verbosity"]) == ("json_schema", "low")
    assert (sent["reasoning"], sent["store"], sent["max_output_tokens"]) == ({"effort": "low"}, False, 16_000)
    assert sent["instructions"].startswith("You are a research agent")
    assert not {"messages", "response_format", "stream_options"} & sent.keys()


@pytest.mark.parametrize(
    "said",
    [
        f"<think>{STEP[:40]}</think>{STEP}",
        f"```json\n{STEP}\n```",
        f"{STEP[:-1]},}}",
        f"Here it is: {STEP} // done",
        STEP.replace("true", "True").replace("false", "False"),
    ],
)
async def test_a_slip_is_repaired_in_the_responses_api_too(playing, said):
    text = json.dumps({"type": "response.output_text.delta", "delta": said})
    body = f"data: {text}\n\ndata: {json.dumps(ended())}\n\n"
    events = httpx.Response(200, content=body.encode(), headers={"content-type": "text/event-stream"})

    reply = await playing(lambda mock, request: events).model(wire="responses").next_step(FIRST, {})

    assert reply.step.function == PLAN


async def test_a_model_that_has_the_responses_api_alone_is_asked_by_it(playing):
    said = "This model is only supported in v1/responses and not in v1/chat/completions."
    refusing = lambda mock, request: httpx.Response(404, json={"error": {"message": said}})  # noqa: E731
    mock = playing(refusing, responding(ended()))
    model = mock.model()

    for _ in range(2):
        assert (await model.next_step(FIRST, {})).step.function == PLAN

    assert ["input" in sent for sent in mock.requests] == [False, True, True]


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (CUT, "too long"),
        (ended("failed", error={"code": "server_error", "message": "it broke"}), "it broke"),
        ({"type": "error", "code": "server_error", "message": "it broke"}, "it broke"),
    ],
)
async def test_a_response_that_fails_says_why(playing, end, words):
    with pytest.raises(ProviderError, match=words):
        await playing(responding(end, begun=EVENTS[:-1])).model(wire="responses").next_step(FIRST, {})


async def test_a_whole_step_is_taken_though_the_response_was_cut_after_it(playing):
    reply = await playing(responding(CUT)).model(wire="responses").next_step(FIRST, {})

    assert reply.step.function == PLAN


def test_the_mock_streams_what_it_says():
    assert streamed(completion("x").json()).endswith(b"data: [DONE]\n\n")
