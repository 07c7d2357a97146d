"""Harmless oddities of replies are understood, harmful ones refused in words."""

import html
import json
import re
import time

import httpx
import msgspec
import pytest

from app.agent.ports import BadReply
from app.domain import tools
from app.errors import ProviderError
from app.providers import completion
from app.providers.step_text import objects, without_thoughts
from tests.providers.conformance import ASKS, ask_of

MENU = tuple(tools.TOOLS)
REASONING = {
    "reasoning_steps": ["look", "decide"],
    "current_situation": "here",
    "plan_status": "on plan",
    "enough_data": True,
    "remaining_steps": ["write"],
    "task_completed": False,
}
SEARCH = {"tool": "web_search", "queries": ["boiling point"]}


def step(function=None, **reasoning):
    return {"reasoning": {**REASONING, **reasoning}, "function": function or SEARCH}


def report(content, **fields):
    return step({"tool": "write_report", "title": "T", "content": content, "confidence": "high", **fields})


def taken(text, menu=MENU):
    found, _ = completion.decode(text, menu)
    return found


def notes(text):
    return completion.decode(text, MENU)[1]


POINT = "boiling point"
WHOLE = json.dumps(step())
LONGER = json.dumps(
    step({"tool": "web_search", "queries": ["a much longer draft of it"] * 3}, plan_status="x" * 140)
)


@pytest.mark.parametrize(
    "text",
    [
        f"<think>{LONGER}</think>\n{WHOLE}",
        f"{LONGER}</think>\n{WHOLE}",
        f"<thinking>\n{LONGER}\n</thinking>```json\n{WHOLE}\n```",
        f"First:\n```json\n{LONGER}\n```\nBetter:\n```json\n{WHOLE}\n```\nDone {{ok}}.",
        WHOLE.replace("web_search", "Web-Search"),
        json.dumps({**REASONING, "function": SEARCH}),
        json.dumps({**REASONING, **SEARCH}),
        json.dumps(
            {
                "Reasoning": REASONING,
                "Function": {"name": "web_search", "arguments": {"queries": ["boiling point"]}},
            }
        ),
        json.dumps({"reasoning": REASONING, "function": {"web_search": {"queries": ["boiling point"]}}}),
        json.dumps({"reasoning": REASONING, "function": "web_search", "arguments": {"queries": POINT}}),
        json.dumps({"reasoning": REASONING, "tool": "web_search", "queries": ["boiling point", ""]}),
    ],
)
def test_the_last_legal_step_outside_the_thoughts_is_taken_in_any_shape(text):
    found = taken(text)

    assert found.function == tools.WebSearch(("boiling point",))
    assert found.reasoning.plan_status == "on plan"


QUERIES = json.dumps({"queries": [POINT]})
CAMEL = {
    "reasoning": {
        "reasoningSteps": ["a"],
        "planStatus": "on plan",
        "enoughData": True,
        "taskCompleted": False,
    },
    "function": {"tool": "webSearch", "queries": [POINT]},
}


@pytest.mark.parametrize(
    "text",
    [
        f"<function=web_search>{QUERIES}</function>",
        f"[TOOL_CALLS]web_search[ARGS]{QUERIES}",
        f"<｜tool▁call▁begin｜>function<｜tool▁sep｜>web_search\n```json\n{QUERIES}\n```<｜tool▁call▁end｜>",
        f"<|channel|>commentary to=functions.web_search <|constrain|>json<|message|>{QUERIES}<|call|>",
        f"Thought: I should search.\nAction: web_search\nAction Input: {QUERIES}",
        json.dumps(CAMEL),
        WHOLE.replace("web_search", "functions.web_search"),
        WHOLE.replace('"tool"', '"tool\u200b"'),
        json.dumps({"reasoning": REASONING, "function": {"type": "web_search", "queries": [POINT]}}),
        json.dumps({"reasoning": REASONING, "function": {"tool": "web_search", "query": POINT}}),
        json.dumps(
            {"reasoning": REASONING, "function": {"tool": "web_search", "queries": [{"query": POINT}]}}
        ),
        json.dumps({"reasoning": REASONING, "function": {"tool": "web_search", "queries": f'["{POINT}"]'}}),
    ],
)
def test_a_tool_named_beside_its_arguments_or_spelt_otherwise_is_taken(text):
    assert taken(text).function == tools.WebSearch((POINT,))


LIST = f'["{POINT}"]'


@pytest.mark.parametrize(
    "text",
    [
        f"<tool_call><function=web_search>\n<parameter=queries>\n{LIST}\n</parameter>\n</function></tool_call>",
        f"<tool_call><function=web_search><parameter=queries>{POINT}</parameter></function></tool_call>",
        f'<function_calls><invoke name="web_search"><parameter name="queries">{LIST}</parameter></invoke>',
        f'<｜DSML｜invoke name="web_search"><｜DSML｜parameter name="queries" string="x">{LIST}</parameter>',
        f"<tool_call>web_search\n<arg_key>queries</arg_key>\n<arg_value>{LIST}</arg_value></tool_call>",
        f"web_search(queries={LIST})",
        f"<think>web_search(queries=['no'])</think><|tool_call_start|>[web_search(queries=['{POINT}'])]",
        f"```tool_code\nprint(default_api.web_search(queries={LIST}))\n```",
        html.escape(WHOLE),
    ],
)
def test_a_call_in_a_models_own_notation_is_taken(text):
    assert taken(text).function == tools.WebSearch((POINT,))


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(report("SAID")).replace('"SAID"', '"""Water "boils" [1].\n\nIce [2]."""'),
        'write_report(title="T", content="""Water "boils" [1].\n\nIce [2].""", confidence="high")',
        "write_report(title='T', content='Water \"boils\" [1].\\n\\nIce [2].', confidence='high')",
        '<function=write_report><parameter=content>\nWater "boils" [1].\n\nIce [2].</parameter>',
    ],
)
def test_a_report_in_such_a_notation_is_whole(text):
    assert taken(text).function.content == 'Water "boils" [1].\n\nIce [2].'


@pytest.mark.parametrize(
    "text",
    [
        f"web_search(queries={LIST}",
        "web_search(queries=['boiling",
        "web_search()",
        "web_search(" + "[" * 100_000,
        "web_search(queries=" * 20_000,
        "<function=write_report><parameter=content>Water boils",
        '{"note": "web_search(queries=[1])"}',
    ],
)
def test_a_call_that_was_cut_or_is_only_spoken_of_is_refused(text):
    with pytest.raises(ValueError, match="reply"):
        taken(text)


def test_half_a_surrogate_pair_is_replaced():
    text = json.dumps(report("Water \ud83d boils 😀 [1]."))

    assert taken(text).function.content == "Water \ufffd boils 😀 [1]."


@pytest.mark.parametrize(
    "slip",
    [
        lambda text: text.replace("]}}", "],}}"),
        lambda text: text.replace('"', "”", 2).replace("”", "“", 1),
        lambda text: text.replace("{", "{ // a thought\n", 1),
        lambda text: text.replace("true", "True").replace("false", "None"),
        lambda text: text[:-1],
        lambda text: text[:-2],
        lambda text: text.replace('"', "'"),
    ],
)
def test_one_slip_in_a_whole_step_is_repaired_and_on_record(slip):
    broken = slip(WHOLE)
    assert broken != WHOLE
    with pytest.raises(json.JSONDecodeError):
        json.loads(broken)

    assert taken(broken).function == tools.WebSearch(("boiling point",))
    assert "JSON: repaired" in notes(broken)


def test_a_raw_line_break_in_the_report_is_kept():
    text = json.dumps(report("One [1].\n\nTwo [2].")).replace("\\n", "\n")

    assert taken(text).function.content == "One [1].\n\nTwo [2]."


@pytest.mark.parametrize(
    "formula",
    [
        r"$\frac{1}{2} \times \nu$",
        r"$\theta \neq \tau$",
        r"$\alpha + \beta$ and \(\rho\)",
        r"$x \to \text{far} \; \nabla f$",
        r"$\right) \bar{x}$",
    ],
)
def test_latex_in_a_json_string_is_the_formula(formula):
    text = json.dumps(report("X"))[:-1].replace("X", formula) + "}"

    assert taken(text).function.content == formula


def test_escapes_that_are_meant_stay():
    content = 'A line.\nunder it\ta tab, a "quote", é, and C:\\new'

    assert taken(json.dumps(report(content))).function.content == content


def test_bounds_that_nothing_depends_on_clip_and_say_so():
    text = json.dumps(
        step(
            {"tool": "web_search", "queries": ["a", "b", "c", "d"]},
            plan_status="x" * 200,
            reasoning_steps=list("12345"),
            remaining_steps=[],
        )
    )

    found = taken(text)

    assert found.function.queries == ("a", "b", "c")
    assert len(found.reasoning.plan_status) == 150
    assert found.reasoning.reasoning_steps == ("1", "2", "3")
    assert set(notes(text)) == {
        "reasoning_steps: 3 of 5 taken",
        "plan_status: cut to 150 characters",
        "web_search.queries: 3 of 4 taken",
    }


def test_a_plan_of_five_steps_is_taken():
    plan = {"tool": "generate_plan", "goal": "g", "planned_steps": list("abcde"), "search_strategies": "one"}

    assert taken(json.dumps(step(plan))).function == tools.GeneratePlan("g", tuple("abcd"), ("one",))


@pytest.mark.parametrize(
    ("said", "meant"), [("High", "high"), ("MEDIUM ", "medium"), (0.9, "low"), (None, "low"), ("sure", "low")]
)
def test_a_confidence_in_other_words_does_not_lose_the_report(said, meant):
    assert taken(json.dumps(report("It is [1].", confidence=said))).function.confidence == meant


ENTRY = {"field": "/a", "value": "5", "source": 1, "quote": "It is 5.", "confidence": "high"}


@pytest.mark.parametrize(
    "given",
    [
        {"a": 5},
        "none",
        ["x"],
        [{"field": "/a"}],
        [{**ENTRY, "quote": None}],
        [{**ENTRY, "source": None}],
        [{name: said for name, said in ENTRY.items() if name != "source"}],
    ],
)
@pytest.mark.parametrize("name", ["output", "quotes"])
def test_a_report_is_not_lost_for_an_entry_that_lacks_a_part(name, given):
    text = json.dumps(report("Water boils [1].", **{name: given}))

    assert taken(text).function.content == "Water boils [1]."
    assert not getattr(taken(text).function, name)
    assert f"write_report.{name}: one that lacks a part was left out" in notes(text)


def test_entries_beside_one_that_lacks_a_part_are_kept():
    text = json.dumps(report("Water boils [1].", output=[ENTRY, {"field": "/b"}, {**ENTRY, "field": "/c"}]))

    assert [entry.field for entry in taken(text).function.output] == ["/a", "/c"]


def test_numbers_words_and_extra_keys_are_understood():
    text = json.dumps({**step(enough_data="True", task_completed=0, mood="good"), "id": 7})

    found = taken(text).reasoning

    assert (found.enough_data, found.task_completed) == (True, False)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "empty"),
        ("I will search for it.", "no JSON object"),
        ("{" * 100_000, "no JSON object|does not fit"),
        (json.dumps({"reasoning": REASONING, "function": {"tool": "fly"}}), "Name one tool"),
        (json.dumps(step({"tool": "web_search", "queries": []})), "queries is missing or empty"),
        (json.dumps(report("")), "content is missing or empty"),
        (json.dumps(step({"tool": "read_pages"})), "urls is missing or empty"),
    ],
)
def test_what_nothing_can_be_made_of_is_refused_in_words(text, why):
    with pytest.raises(ValueError, match=why):
        taken(text)


def test_a_tool_that_is_not_allowed_is_named_with_those_that_are():
    with pytest.raises(ValueError, match="You chose web_search; allowed now: write_report, answer"):
        taken(WHOLE, ("write_report", "answer"))


def test_a_quotation_mark_too_many_loses_nothing_of_the_report():
    text = json.dumps(report("It is “so” [1]. " * 40), ensure_ascii=False).replace("so", 'so" , "x', 1)

    assert taken(text).function.content.count("[1].") == 40


def test_a_repair_that_would_lose_most_of_the_report_is_refused():
    text = (
        '{"function": {"tool": "write_report", "title": "T", "content": "One [1].", "rest": "'
        + "Two [2]. " * 40
    )

    with pytest.raises(ValueError, match="a part of it would be lost"):
        taken(text)


HOSTILE = (
    '{"a":',
    "<think>",
    '"\\',
    "{}",
    "```",
    "[{",
    "\\frac",
    "$\\nu ",
    '{"function":"',
    '{"function":{"a":1},',
)


@pytest.mark.parametrize("unit", HOSTILE)
def test_reading_a_hostile_reply_takes_time_that_grows_with_its_length(unit):
    """The square would be 16 times as long.

    What is too short to measure counts as 10 ms.
    """

    def seconds(characters):
        text = '{"function": ' + unit * (characters // len(unit))
        before = time.process_time()
        list(objects(text))
        return max(0.01, time.process_time() - before)

    assert any(seconds(200_000) / seconds(50_000) < 10 for _ in range(3))


def test_thoughts_are_left_out_wherever_they_stand():
    assert without_thoughts("a<think>b</think>c") == "ac"
    assert without_thoughts("b</think>c") == "c"
    assert without_thoughts('{"a": 1}<think>never closed') == '{"a": 1}'


# The server around the step


def chat(message, **body):
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": "stop"}
    return msgspec.json.encode({"choices": [choice], **body})


CALL = {"queries": ["boiling point"]}


@pytest.mark.parametrize(
    "message",
    [
        {
            "content": None,
            "tool_calls": [{"function": {"name": "web_search", "arguments": json.dumps(CALL)}}],
        },
        {"content": "", "tool_calls": [{"function": {"name": "next_step", "arguments": WHOLE}}]},
        {"tool_calls": [{"function": {"name": "next_step", "arguments": step()}}]},
        {"content": [{"type": "thinking", "thinking": LONGER}, {"type": "text", "text": WHOLE}]},
        {"content": [{"type": "text", "text": WHOLE[:20]}, {"type": "text", "text": WHOLE[20:]}]},
        {"content": "", "reasoning_content": f"Well. {WHOLE}"},
    ],
)
def test_the_step_is_found_wherever_the_server_puts_it(message):
    found, _ = completion.step_of(completion.read(chat(message)), MENU)

    assert found.function == tools.WebSearch(("boiling point",))


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"prompt_tokens": 10.0, "completion_tokens": "5", "prompt_tokens_details": []}, (10, 5, 0)),
        ({"prompt_tokens": 10, "completion_tokens": None}, (10, None, 0)),
        ({"prompt_tokens": 9, "prompt_tokens_details": {"cached_tokens": 4.0}}, (9, None, 4)),
        ({"prompt_tokens": "many"}, (None, None, 0)),
        ({"prompt_tokens": 1e400}, (None, None, 0)),
        ([], (None, None, 0)),
        (None, (None, None, 0)),
    ],
)
def test_usage_is_read_as_far_as_it_can_be(usage, tokens):
    body = json.dumps(json.loads(chat({"content": WHOLE})) | {"usage": usage}).encode()
    if usage and "prompt_tokens" in usage and usage["prompt_tokens"] == 1e400:
        body = body.replace(b"Infinity", b"1e400")

    found = completion.read(body).tokens

    assert (found.prompt, found.completion, found.cached) == tokens


# Refusals in every dialect


@pytest.fixture
def answering(openai_mock, monkeypatch):
    """Makes the mock answer with this status and body."""

    def answer(status, body):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        profiles = {
            **openai_mock.profiles,
            "given": lambda mock, request: httpx.Response(status, content=content),
        }
        monkeypatch.setattr(openai_mock, "profiles", profiles)
        openai_mock.play("given")
        return openai_mock.model()

    return answer


LONG = "This model's maximum context length is 2048 tokens. However, you requested 9000 tokens."


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (200, {"error": {"code": 402, "message": "Add credits"}}, "resource", "Add credits"),
        (200, {"error": {"code": 429, "message": "slow down"}}, "rate_limit", "slow down"),
        (200, {"error": "upstream is down"}, "network", "upstream is down"),
        (400, {"error": "no such thing"}, "validation", "no such thing"),
        (400, [{"error": {"message": "bad", "code": 400}}], "validation", "bad"),
        (
            422,
            {"message": {"detail": [{"msg": "extra", "loc": ["x"]}]}},
            "validation",
            "extra",
        ),
        (400, {"detail": LONG}, "resource", "maximum context length"),
        (400, {"error": LONG}, "resource", "maximum context length"),
        (400, [{"error": {"message": LONG}}], "resource", "maximum context length"),
        (400, {"error": {"message": {"text": 1, "message": LONG}}}, "resource", "maximum context length"),
        (500, b"<html>boom</html>", "network", "500"),
    ],
)
async def test_a_refusal_is_shown_in_the_servers_words_in_every_dialect(answering, status, body, kind, words):
    model = answering(status, body)

    with pytest.raises(ProviderError, match=words) as refused:
        await model.fill([{"role": "user", "content": "?"}], {"type": "object"})

    assert refused.value.error_type == kind


async def test_a_reply_that_the_server_itself_refused_is_corrected(answering):
    failed = {
        "error": {
            "message": "Failed to generate JSON",
            "code": "json_validate_failed",
            "failed_generation": "{",
        }
    }
    model = answering(400, failed)

    with pytest.raises(BadReply, match="Your reply") as refused:
        await model.next_step(ASKS["first"], {})
    assert (refused.value.said, refused.value.usage.cost_usd) == ("{", None)


async def test_a_legal_step_that_the_server_itself_refused_is_taken(answering):
    failed = {"error": {"message": "x", "code": "json_validate_failed", "failed_generation": f"{WHOLE},"}}
    model = answering(400, failed)

    reply = await model.next_step(ask_of(1, MENU), {})

    assert reply.step.function == tools.WebSearch(("boiling point",))


def called(name, arguments):
    return {"tool_calls": [{"function": {"name": name, "arguments": arguments}}]}


FENCED = "Use:\n```py\nx = 1\n```\nThen read the rest of the text, which is long and matters [1]."


@pytest.mark.parametrize(
    "content",
    [
        "R1 writes </think> after its thoughts [1].",
        "It uses <think>x</think> [1].",
        "It opens <think> first [1].",
    ],
)
def test_a_tag_of_thoughts_that_a_report_writes_about_stays(content):
    written = json.dumps(report(content))
    assert taken(written).function.content == content
    assert taken(f"<think>hm {LONGER}</think>{written}").function.content == content


@pytest.mark.parametrize(
    "cut",
    [
        lambda text: f"{text[:-1]},}}",
        lambda text: text.replace("\\n", "\n")[:-1] + ",}",
        lambda text: f"```json\n{text[:-1]},}}\n```\nThat is it.",
    ],
    ids=["a comma", "raw line breaks", "in a fence of its own"],
)
def test_code_in_a_broken_report_is_no_end_of_it(cut):
    assert taken(cut(json.dumps(report(FENCED)))).function.content == FENCED


@pytest.mark.parametrize(
    "text",
    [
        json.dumps({"answer": step()}),
        json.dumps({"steps": [report("no [1]."), step()]}),
        json.dumps([report("no [1]."), step()]),
        f"\ufeff```json\n{WHOLE}",
        re.sub(r'"([^"]*)"', "\u201c\\1\u201d", WHOLE),
        f"<tool_call>{json.dumps({'name': 'web_search', 'arguments': {'queries': [POINT]}})}</tool_call>",
        json.dumps({"name": "web_search", "arguments": json.dumps(json.dumps({"queries": [POINT]}))}),
        f"<think>a <think>b {LONGER}</think> c {LONGER}</think>{WHOLE}",
    ],
    ids=[
        "wrapped",
        "a list in it",
        "a list",
        "byte order mark",
        "quotes",
        "tagged",
        "quoted twice",
        "nested thoughts",
    ],
)
def test_a_step_in_a_wrapping_is_taken(text):
    assert taken(text).function.queries == (POINT,)


@pytest.mark.parametrize(
    "message",
    [
        {
            "tool_calls": [
                {"function": {"name": "web_search", "arguments": '{"queries": ["boiling point",],}'}}
            ]
        },
        {"tool_calls": [{"function": {"name": "web_search", "arguments": '{"queries": ["boiling point"]'}}]},
        {"tool_calls": [{"function": {"name": "web_search", "arguments": json.dumps(json.dumps(CALL))}}]},
        {"tool_calls": [{"function": {"name": "functions.web_search", "arguments": json.dumps(CALL)}}]},
        {"tool_calls": [{"function": {"name": "next_step", "arguments": json.dumps(WHOLE)}}]},
        {"function_call": {"name": "web_search", "arguments": json.dumps(CALL)}},
        {"content": [WHOLE]},
        {"content": [{"type": "text", "text": {"value": WHOLE}}]},
    ],
    ids=[
        "a comma",
        "cut",
        "quoted twice",
        "prefixed",
        "a step quoted twice",
        "old call",
        "bare part",
        "value",
    ],
)
def test_a_call_or_part_with_a_slip_is_understood(message):
    reply = completion.completion_of({"choices": [{"message": {"content": None, **message}}]})
    found, _ = completion.step_of(reply, MENU)
    assert found.function.queries == (POINT,)


@pytest.mark.parametrize("after", ["", " " * 300, "\n\nAnd now I"])
def test_a_reply_that_is_cut_after_its_step_is_taken(after):
    cut = completion.Completion(WHOLE + after, finish_reason="length")
    assert completion.step_of(cut, MENU)[0].function.queries == (POINT,)


def test_a_reply_that_is_cut_in_its_step_is_not_guessed():
    with pytest.raises(ValueError, match="cut off"):
        completion.step_of(completion.Completion(WHOLE[:-30], finish_reason="length"), MENU)
