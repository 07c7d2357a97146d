"""Chat completions: what is sent, returned, billed, and how it fails."""

import asyncio
import json

import msgspec
import pytest

from app.agent.ports import BadReply
from app.agent.turns import ModelCall
from app.domain import tools
from app.domain.events import Usage
from app.domain.tools import NextStep
from app.errors import BadSetting, ProviderError
from app.providers import http
from app.providers.completion import decode
from app.worker.call_maker import completed
from tests.mocks.openai import KEY
from tests.providers.conformance import ASKS, TEXTS, ask_of
from tests.scripted import PLAN, REASONING

FIRST = ASKS["first"]
STEP = msgspec.json.encode(NextStep(REASONING, PLAN)).decode()
MENU = ("generate_plan",)


def styles(mock):
    return [request.get("response_format", {}).get("type", "text") for request in mock.requests]


def is_loose(request):
    """True for a schema without unions and counts."""
    return "anyOf" not in json.dumps(request.get("response_format", {}))


async def error_of(call, kind=ProviderError):
    with pytest.raises(ProviderError) as caught:
        await call
    error = caught.value
    assert type(error) is kind
    assert KEY not in str(error)
    assert "\x00" not in str(error)
    assert len(str(error)) <= http.MAX_ERROR_TEXT + 100
    shown = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    assert KEY not in repr(shown)
    return error


async def test_a_turn_is_one_request_under_the_schema_of_its_menu(openai_mock):
    model = openai_mock.model()

    reply = await model.next_step(FIRST, {})

    [sent] = openai_mock.requests
    assert isinstance(reply.step.function, tools.GeneratePlan)
    assert (model.name, sent["model"]) == ("openai:gpt-4.1-mini", "gpt-4.1-mini")
    assert sent["response_format"]["json_schema"]["strict"] is True
    function = sent["response_format"]["json_schema"]["schema"]["properties"]["function"]
    assert [tool["properties"]["tool"]["enum"] for tool in function["anyOf"]] == [
        [name] for name in FIRST.menu
    ]
    assert (sent["stream"], sent["stream_options"]) == (True, {"include_usage": True})
    streaming = {"stream", "stream_options"}
    assert set(sent) == {"model", "messages", "response_format", "max_completion_tokens"} | streaming


async def test_a_bill_is_the_providers_own_count_at_the_listed_price(openai_mock):
    usage = (await openai_mock.model().next_step(FIRST, {})).usage

    cost = (600 * 0.40 + 400 * 0.10 + 200 * 1.60) / 1e6
    assert usage == Usage(1000, 200, cost_usd=pytest.approx(cost), cached_tokens=400)


async def test_an_unknown_price_is_not_zero(openai_mock):
    usage = (await openai_mock.model(model="qwen3:8b").next_step(FIRST, {})).usage

    assert (usage.input_tokens, usage.cost_usd) == (1000, None)


async def test_an_unknown_usage_is_not_free(openai_mock):
    openai_mock.play("without_usage")

    assert (await openai_mock.model().next_step(FIRST, {})).usage == Usage(cost_usd=None)


@pytest.mark.parametrize(
    ("profile", "error_type", "retryable"),
    [
        ("timeout", "timeout", True),
        ("disconnected", "network", True),
        ("rate_limited", "rate_limit", True),
        ("out_of_credits", "resource", False),
        ("server_error", "network", True),
        ("auth_error", "auth", False),
        ("garbage", "network", True),
        ("context_too_long", "resource", False),
        ("prompt_filtered", "resource", False),
        ("key_in_error", "resource", False),
        ("no_choices", "network", True),
    ],
)
async def test_errors_are_typed_and_each_is_one_request(openai_mock, profile, error_type, retryable):
    openai_mock.play(profile)

    error = await error_of(openai_mock.model().next_step(FIRST, {}))

    assert (error.error_type, error.retryable) == (error_type, retryable)
    assert len(openai_mock.requests) == 1


async def test_a_rate_limit_says_how_long_to_wait(openai_mock):
    openai_mock.play("rate_limited")

    assert (await error_of(openai_mock.model().next_step(FIRST, {}))).retry_after == 2


async def test_a_refused_key_is_named_by_its_setting(openai_mock):
    openai_mock.play("auth_error")

    assert "OPENAI_API_KEY" in str(await error_of(openai_mock.model().next_step(FIRST, {})))


@pytest.mark.parametrize(
    ("profile", "words"),
    [
        ("off_menu", "allowed now: generate_plan, web_search"),
        ("refusal", "You refused: I cannot help with that."),
        ("content_filter", "content filter"),
        ("cut_off", "too long"),
    ],
)
async def test_a_reply_that_is_no_step_is_billed_and_says_what_is_wrong(openai_mock, profile, words):
    openai_mock.play(profile)
    ask = ask_of(1, ("generate_plan", "web_search"))

    error = await error_of(openai_mock.model().next_step(ask, {}), BadReply)

    assert words in str(error)
    assert (error.usage.input_tokens, error.usage.cost_usd) == (1000, pytest.approx(0.0006))


@pytest.mark.parametrize(
    ("profile", "first", "later"),
    [
        ("json_schema_refused", ["json_schema"] * 2 + ["json_object"], "json_object"),
        ("json_refused", ["json_schema"] * 2 + ["json_object", "text"], "text"),
    ],
)
async def test_a_server_that_refuses_the_schema_is_asked_otherwise_and_remembered(
    openai_mock, profile, first, later
):
    openai_mock.play(profile)
    model = openai_mock.model()

    for _ in range(3):
        await model.next_step(FIRST, {})

    assert styles(openai_mock) == [*first, later, later]
    assert '"additionalProperties": false' in openai_mock.requests[-1]["messages"][-1]["content"]


async def test_one_crash_does_not_cost_a_server_its_schema_but_two_do(openai_mock):
    openai_mock.play("schema_crashes", "success")
    model = openai_mock.model()
    await model.next_step(FIRST, {})
    await model.next_step(FIRST, {})
    assert styles(openai_mock) == ["json_schema"] * 3
    assert [is_loose(sent) for sent in openai_mock.requests] == [False, True, False]

    openai_mock.requests.clear()
    openai_mock.play("schema_crashes")
    model = openai_mock.model()
    for _ in range(3):
        await model.next_step(FIRST, {})
    crashing = ["json_schema", "json_schema", "json_object"]
    assert styles(openai_mock) == [*crashing, *crashing, "json_object"]


async def test_a_schema_that_has_worked_is_not_given_up_for_an_error_without_words(openai_mock):
    model = openai_mock.model()
    await model.next_step(FIRST, {})
    openai_mock.play("refused_without_words")

    error = await error_of(model.next_step(FIRST, {}))

    assert error.error_type == "validation"
    assert styles(openai_mock) == ["json_schema", "json_schema"]


async def test_a_schema_that_has_worked_is_given_up_where_the_server_says_that_it_is_the_schema(openai_mock):
    model = openai_mock.model()
    await model.next_step(FIRST, {})
    openai_mock.play("json_schema_refused")

    reply = await model.next_step(FIRST, {})

    assert reply.step.function == (await model.next_step(FIRST, {})).step.function
    assert styles(openai_mock)[-2:] == ["json_object", "json_object"]


async def test_a_server_that_knows_no_limit_on_the_reply_gets_none(openai_mock):
    openai_mock.play("limit_refused")
    model = openai_mock.model()

    await model.next_step(FIRST, {})
    await model.next_step(FIRST, {})

    asked = [{"max_completion_tokens", "max_tokens"} & sent.keys() for sent in openai_mock.requests]
    assert asked == [{"max_completion_tokens"}, {"max_tokens"}, set(), set()]
    assert styles(openai_mock) == ["json_schema"] * 4


async def test_a_prompt_that_is_too_long_does_not_cost_the_limit(openai_mock):
    openai_mock.play("context_full", "success")
    model = openai_mock.model()

    error = await error_of(model.next_step(FIRST, {}))
    await model.next_step(FIRST, {})

    assert error.error_type == "resource"
    assert ["max_completion_tokens" in sent for sent in openai_mock.requests] == [True, True]


async def test_a_slow_answer_is_given_up_in_time(openai_mock):
    openai_mock.play("slow")
    openai_mock.delay = 3600  # seconds, which is to say never

    error = await error_of(openai_mock.model(patience={"first_token": 0.2}).next_step(FIRST, {}))

    assert (error.error_type, error.retryable) == ("timeout", True)


async def test_cancelling_a_call_ends_it(openai_mock):
    openai_mock.play("slow")
    openai_mock.delay = 5
    running = asyncio.create_task(openai_mock.model().next_step(FIRST, {}))
    await asyncio.sleep(0.1)

    running.cancel()

    with pytest.raises(asyncio.CancelledError):
        await running


async def test_it_sends_through_the_shared_client(openai_mock):
    sent = []

    async def note(request):
        sent.append(request.url.host)

    openai_mock.client.event_hooks = {"request": [note]}

    await openai_mock.model().next_step(FIRST, {})

    assert sent == ["openai.test"]


async def test_the_shared_client_never_gets_the_key(openai_mock):
    before = dict(openai_mock.client.headers)

    await openai_mock.model().next_step(FIRST, {})

    assert dict(openai_mock.client.headers) == before
    assert openai_mock.headers[0]["authorization"] == f"Bearer {KEY}"
    assert openai_mock.headers[0]["user-agent"].startswith("dossier/")


@pytest.mark.parametrize("key", ["", "two words", "sk-ключ", "sk-1\n"])
async def test_a_key_that_cannot_be_one_is_a_bad_setting(openai_mock, key):
    with pytest.raises(BadSetting, match="OPENAI_API_KEY") as caught:
        openai_mock.model(key=key)
    assert not key or key not in str(caught.value)


@pytest.mark.parametrize("url", ["openai.test", "ftp://openai.test", "http://", "http://[", "https://a:b"])
async def test_an_address_that_cannot_be_one_is_a_bad_setting(openai_mock, url):
    with pytest.raises(BadSetting, match="OPENAI_BASE_URL"):
        openai_mock.model(base_url=url)


@pytest.mark.parametrize(
    "text",
    [
        STEP,
        f"\n\n  {STEP}  \n",
        f"```json\n{STEP}\n```",
        f"Here it is: {STEP} Is that fine?",
        f'<think>First {{a}} then {{"b": 1}}.</think>{STEP}',
        json.dumps(json.loads(STEP), indent=2),
        STEP[:-1],
        STEP.replace("boiling", "boil\\u0000ing"),
        f"{STEP[:-1]},}}",
        STEP.replace("true", "yes").replace("false", "no"),
    ],
)
def test_what_stands_around_the_object_is_passed_over(text):
    assert decode(text, MENU)[0].function == PLAN


NO_STEPS = {
    "empty": "",
    "blank": "   ",
    "prose": "no",
    "brace": "{",
    "array": "[]",
    "null": "null",
    "nothing": "{}",
    "braces": "{" * 100_000,
    "deep objects": '{"a":' * 100_000,
    "deep before the tool": '{"function":{"a":' + "[" * 100_000,
    "deep arrays": "[" * 100_000,
    "unknown tool": STEP.replace("generate_plan", "fly"),
    "unknown field": STEP.replace('"goal"', '"aim"'),
}


@pytest.mark.parametrize("text", NO_STEPS.values(), ids=NO_STEPS)
def test_everything_else_is_refused_quickly_with_words_for_the_model(text):
    with pytest.raises(ValueError, match=r"Your reply|You chose") as caught:
        decode(text, MENU)

    assert 5 < len(str(caught.value)) <= http.MAX_ERROR_TEXT


def test_an_escaped_backslash_is_no_nul_character():
    assert decode(STEP.replace("boiling", "boil\\\\u0000ing"), MENU)[0].function.goal == "boil\\u0000ing"


async def test_a_model_that_reads_its_pages_cites_them(openai_mock):
    reply = await openai_mock.model().next_step(ASKS["last"], TEXTS)

    assert "[1]" in reply.step.function.content
    assert "[2]" in reply.step.function.content


async def test_another_model_of_the_same_server_has_its_own_name_and_price(openai_mock):
    model = openai_mock.model()
    other, unpriced = openai_mock.model(model="gpt-4.1"), openai_mock.model(model="qwen3:8b")

    usages = [(await one.next_step(FIRST, {})).usage for one in (model, other, unpriced)]

    assert [one.name for one in (model, other, unpriced)] == [
        "openai:gpt-4.1-mini", "openai:gpt-4.1", "openai:qwen3:8b",
    ]  # fmt: skip
    assert [sent["model"] for sent in openai_mock.requests] == ["gpt-4.1-mini", "gpt-4.1", "qwen3:8b"]
    assert usages[1].cost_usd == pytest.approx(5 * usages[0].cost_usd)
    assert usages[2].cost_usd is None


async def test_the_size_of_the_prompt_that_was_counted_is_in_the_log(openai_mock):
    ask = ASKS["last"]
    reply = await openai_mock.model().next_step(ask, TEXTS)

    [sent] = openai_mock.requests
    said = sum(len(message["content"].encode()) for message in sent["messages"])
    schema = msgspec.json.encode(sent["response_format"]["json_schema"]["schema"])
    assert reply.prompt_bytes == said + len(schema)
    assert completed(ModelCall("1/model", ask), reply, 1).prompt_bytes == reply.prompt_bytes

    openai_mock.play("without_usage")
    uncounted = await openai_mock.model().next_step(ask, TEXTS)
    assert completed(ModelCall("1/model", ask), uncounted, 1).prompt_bytes is msgspec.UNSET
