"""What models and their servers send, over both wires, streamed and whole.

Each test is a row of what was seen to go wrong with real servers. A reply is written down once, as its parts,
and sent in the shape of chat completions and in that of the Responses API.
"""

import json

import httpx
import pytest
from msgspec import Struct

from app.agent.ports import BadReply
from app.domain import tools
from app.errors import ProviderError
from tests.providers.conformance import ASKS, TEXTS, ask_of
from tests.providers.test_replies import LONGER, MENU, POINT, WHOLE, report, step

ANY = ask_of(1, MENU)
FOUND = tools.WebSearch((POINT,))


class Said(Struct, frozen=True):
    """A reply's parts, whichever wire it comes over."""

    text: str = ""
    thought: str = ""
    call: tuple[str, str] | None = None  # a tool's name and its arguments
    usage: object = None


class Chat:
    """A reply of chat completions."""

    name = "chat"

    @staticmethod
    def whole(said):
        message = {"role": "assistant", "content": said.text or None}
        if said.thought:
            message["reasoning_content"] = said.thought
        if said.call:
            message["tool_calls"] = [{"function": dict(zip(("name", "arguments"), said.call, strict=True))}]
        return {"choices": [{"message": message, "finish_reason": "stop"}], "usage": said.usage}

    @classmethod
    def events(cls, said):
        [choice] = cls.whole(said)["choices"]
        message = choice["message"]
        pieces = [{"content": piece} for piece in cut(said.text)]
        pieces += [{"reasoning_content": piece} for piece in cut(said.thought)]
        for place, call in enumerate(message.get("tool_calls", ())):
            pieces += [
                {"tool_calls": [{"index": place, "function": {"name": call["function"]["name"]}}]},
                *(
                    {"tool_calls": [{"index": place, "function": {"arguments": piece}}]}
                    for piece in cut(call["function"]["arguments"])
                ),
            ]
        yield from ({"choices": [{"delta": piece}]} for piece in pieces)
        yield {"choices": [{"delta": {}, "finish_reason": "stop"}]}
        yield {"choices": [], "usage": said.usage}

    @staticmethod
    def failed(error):
        return {"error": error}


class Responses:
    """A reply of OpenAI's Responses API."""

    name = "responses"

    @staticmethod
    def whole(said):
        items = []
        if said.thought:
            thoughts = [{"type": "reasoning_text", "text": said.thought}]
            items.append({"type": "reasoning", "summary": [], "content": thoughts})
        if said.text:
            parts = [
                {"type": "output_text", "text": piece, "annotations": []} for piece in cut(said.text, 50)
            ]
            items.append({"type": "message", "role": "assistant", "content": parts})
        if said.call:
            items.append({"type": "function_call", "name": said.call[0], "arguments": said.call[1]})
        return {"object": "response", "status": "completed", "output": items, "usage": said.usage}

    @classmethod
    def events(cls, said):
        whole = cls.whole(said)
        yield {"type": "response.created", "response": {**whole, "status": "in_progress", "output": []}}
        yield from ({"type": "response.reasoning_text.delta", "delta": piece} for piece in cut(said.thought))
        yield from ({"type": "response.output_text.delta", "delta": piece} for piece in cut(said.text))
        for item in whole["output"]:
            yield {"type": "response.output_item.done", "item": item}
        yield {"type": "response.completed", "response": whole}

    @staticmethod
    def failed(error):
        return {"object": "response", "status": "failed", "output": [], "error": error}


class Terse(Responses):
    """A server whose last event leaves out what it has sent."""

    @classmethod
    def events(cls, said):
        for event in super().events(said):
            is_end = event["type"] == "response.completed"
            yield {**event, "response": {**event["response"], "output": []}} if is_end else event


def cut(text, size=20):
    return [text[at : at + size] for at in range(0, len(text), size)]


def as_stream(pieces):
    text = "".join(f"data: {json.dumps(piece)}\n\n" for piece in pieces)
    return httpx.Response(200, content=text.encode(), headers={"content-type": "text/event-stream"})


WIRES = [(Chat, False), (Chat, True), (Responses, False), (Responses, True), (Terse, True)]


@pytest.fixture(
    params=WIRES, ids=lambda wire: f"{wire[0].__name__.lower()} {'streamed' if wire[1] else 'whole'}"
)
def wire(request, openai_mock, monkeypatch):
    """Return a model over one wire, whose server answers as told."""
    shape, is_streamed = request.param
    openai_mock.streams = False  # it sends what it is given, byte for byte

    class Wire:
        mock = openai_mock

        def play(self, *replies):
            named = {
                f"reply {n}": lambda mock, request, one=one: self.sent(one) for n, one in enumerate(replies)
            }
            monkeypatch.setattr(openai_mock, "profiles", {**openai_mock.profiles, **named})
            openai_mock.play(*named)
            return openai_mock.model(wire=shape.name)

        def sent(self, reply):
            match reply:
                case Said():
                    return (
                        as_stream(shape.events(reply))
                        if is_streamed
                        else httpx.Response(200, json=shape.whole(reply))
                    )
                case (200, {"error": error}):
                    whole = {"choices": [], "error": error} if shape is Chat else shape.failed(error)
                    failed = {"type": "response.failed", "response": whole}
                    events = [{"error": error}] if shape is Chat else [failed]
                    return as_stream(events) if is_streamed else httpx.Response(200, json=whole)
                case (status, body):
                    return httpx.Response(status, json=body)
            raise reply

    return Wire()


async def test_a_longer_draft_in_the_thoughts_is_not_taken_for_the_step(wire):
    reply = await wire.play(Said(f"<think>{LONGER}</think>\n{WHOLE}")).next_step(ANY, {})

    assert reply.step.function == FOUND


@pytest.mark.parametrize(
    "slip",
    [
        lambda text: text.replace("]}}", "],}}"),
        lambda text: text.replace('"', "”", 2).replace("”", "“", 1),
        lambda text: text.replace("{", "{ // a thought\n", 1),
        lambda text: text.replace("true", "True").replace("false", "None"),
        lambda text: text[:-1],
    ],
    ids=["comma", "quotes", "comment", "Python", "bracket"],
)
async def test_one_slip_is_repaired_and_on_record(wire, slip):
    reply = await wire.play(Said(slip(WHOLE))).next_step(ANY, {})

    assert reply.step.function == FOUND
    assert "JSON: repaired" in reply.repaired


async def test_a_raw_line_break_and_a_formula_in_the_report_are_kept(wire):
    text = json.dumps(report("One [1].#Two [1].")).replace("#", "\n\n$\\frac{1}{2} \\times \\nu$\n\n")

    reply = await wire.play(Said(text)).next_step(ANY, {})

    assert reply.step.function.content == "One [1].\n\n$\\frac{1}{2} \\times \\nu$\n\nTwo [1]."


async def test_a_bound_on_text_that_nobody_needs_ends_nothing(wire):
    long = step({"tool": "web_search", "queries": list("abcd")}, plan_status="x" * 200)

    reply = await wire.play(Said(json.dumps(long))).next_step(ANY, {})

    assert reply.step.function.queries == ("a", "b", "c")
    assert len(reply.step.reasoning.plan_status) == 150


async def test_words_for_values_do_not_lose_the_report(wire):
    last = report("One [1].", confidence="High")
    last["reasoning"] |= {"task_completed": "true", "remaining_steps": []}

    reply = await wire.play(Said(json.dumps(last))).next_step(ANY, {})

    assert (reply.step.function.confidence, reply.step.reasoning.task_completed) == ("high", True)


@pytest.mark.parametrize("call", [("web_search", json.dumps({"queries": [POINT]})), ("next_step", WHOLE)])
async def test_a_step_that_comes_as_a_tool_call_is_taken(wire, call):
    reply = await wire.play(Said(call=call)).next_step(ANY, {})

    assert reply.step.function == FOUND


async def test_a_step_beside_thoughts_and_one_in_them_alone_are_taken(wire):
    beside, within = Said(WHOLE, thought=f"Perhaps {LONGER}"), Said(thought=f"Well. {WHOLE}")

    for said in (beside, within):
        assert (await wire.play(said).next_step(ANY, {})).step.function == FOUND


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"prompt_tokens": 10.0, "completion_tokens": "5", "prompt_tokens_details": []}, (10, 5)),
        ({"input_tokens": 10.0, "output_tokens": "5", "input_tokens_details": []}, (10, 5)),
        ({"prompt_tokens": 10, "completion_tokens": None}, (10, 0)),
        ({"prompt_tokens": "many"}, (0, 0)),
        ([], (0, 0)),
        (None, (0, 0)),
    ],
)
async def test_usage_of_any_shape_costs_no_reply(wire, usage, tokens):
    reply = await wire.play(Said(WHOLE, usage=usage)).next_step(ANY, {})

    assert (reply.usage.input_tokens, reply.usage.output_tokens) == tokens
    assert (reply.usage.cost_usd is None) == (tokens == (0, 0))
    assert len(wire.mock.requests) == 1


LONG = "This model's maximum context length is 2048 tokens. However, you requested 9000 tokens."


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (200, {"error": {"code": 402, "message": "Add credits"}}, "resource", "Add credits"),
        (200, {"error": {"code": "server_error", "message": "it broke"}}, "network", "it broke"),
        (400, {"error": "no such thing"}, "validation", "no such thing"),
        (400, [{"error": {"message": "bad", "code": 400}}], "validation", "bad"),
        (422, {"message": {"detail": [{"msg": "extra", "loc": ["x"]}]}}, "validation", "extra"),
        (400, {"detail": LONG}, "resource", "maximum context length"),
        (400, {"error": {"message": {"text": 1, "message": LONG}}}, "resource", "maximum context length"),
        (429, {"error": {"message": "slow down", "code": "rate_limit_exceeded"}}, "rate_limit", "slow down"),
    ],
)
async def test_an_error_is_shown_in_the_words_of_its_server(wire, status, body, kind, words):
    with pytest.raises(ProviderError, match=words) as refused:
        await wire.play((status, body)).fill([{"role": "user", "content": "?"}], {"type": "object"})

    assert refused.value.error_type == kind


async def test_a_prompt_that_does_not_fit_is_asked_again_with_less_text(wire):
    last = Said(json.dumps(report("Water boils at 100 degrees [1].")))
    texts = {name: text * 300 for name, text in TEXTS.items()}

    reply = await wire.play((400, {"error": {"message": LONG}}), last).next_step(ASKS["last"], texts)

    first, second = (len(json.dumps(sent)) for sent in wire.mock.requests)
    assert second < first
    assert "2,048" in reply.repaired[0]


async def test_a_name_of_the_limit_that_is_refused_is_not_sent_again(wire):
    names = {"max_completion_tokens", "max_tokens", "max_output_tokens"}
    model = wire.play((422, {"detail": []}), Said(WHOLE))
    [first] = names & model._body([], model.habits.begin({"type": "object"}, 100)).keys()
    refused = {"message": {"detail": [{"msg": "Extra inputs are not permitted", "loc": ["body", first]}]}}
    model = wire.play((422, refused), Said(WHOLE))

    for _ in range(2):
        assert (await model.next_step(ANY, {})).step.function == FOUND

    asked = [first in sent for sent in wire.mock.requests]
    assert asked == [True, False, False]


async def test_what_the_server_itself_refused_is_a_reply(wire):
    refused = {"message": "Failed to generate JSON", "code": "json_validate_failed"}
    legal = {**refused, "failed_generation": f"{WHOLE},"}

    reply = await wire.play((400, {"error": legal})).next_step(ANY, {})
    assert reply.step.function == FOUND

    with pytest.raises(BadReply, match="Your reply") as bad:
        await wire.play((400, {"error": {**refused, "failed_generation": "{"}})).next_step(ANY, {})
    assert bad.value.said == "{"


async def test_a_form_that_is_refused_is_put_otherwise(wire):
    about = "response_format/text.format json_schema is not supported"
    refused = (400, {"error": {"message": about}})
    model = wire.play(refused, refused, refused, Said(WHOLE))

    for _ in range(2):
        assert (await model.next_step(ANY, {})).step.function == FOUND

    forms = [json.dumps(sent.get("response_format") or sent.get("text") or {}) for sent in wire.mock.requests]
    forms = ["json_" in form for form in forms]
    assert forms == [True, True, True, False, False]


@pytest.mark.parametrize(
    "base",
    [
        "https://openai.test/v1/",
        "https://openai.test/v1/chat/completions",
        "https://openai.test/v1/responses?a=b",
    ],
)
async def test_a_base_address_of_any_form_leads_to_the_endpoint(wire, base):
    model = wire.play(Said(WHOLE))
    model._base = base

    await model.next_step(ANY, {})

    assert len(wire.mock.requests) == 1


async def test_a_server_that_is_away_is_away(wire):
    with pytest.raises(ProviderError, match="cannot be reached") as away:
        await wire.play(httpx.ConnectError("away")).next_step(ANY, {})

    assert (away.value.error_type, away.value.retryable) == ("network", True)
