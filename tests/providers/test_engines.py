"""Every menu's schema works in decoding engines and at large providers.

Three engines are development dependencies, llama.cpp's on Linux with x86-64 alone; xgrammar is the extra
`engines`, because it pulls in torch. What is missing is skipped.
"""

import json
import os
import re
import subprocess
import sys

import msgspec
import pytest

from app.agent.step_schema import strict_schema
from app.domain.tools import NextStep
from tests.providers.menus import EXAMPLES, MENUS
from tests.scripted import REASONING

ALL_MENUS = [
    *MENUS,
    ("generate_plan",),
    ("clarify", "generate_plan"),
    ("adapt_plan", "web_search", "read_pages"),
]
MISSING = "{} is not installed (extra engines)"
OPENAI_PROPERTIES, OPENAI_DEPTH, OPENAI_NAMES = 5000, 10, 120_000
GEMINI_KEYWORDS = {
    "type", "enum", "description", "properties", "required", "additionalProperties", "items", "anyOf",
    "minItems", "maxItems",
}  # fmt: skip


def schemas():
    return [pytest.param(menu, strict_schema(NextStep, menu), id="+".join(menu)) for menu in ALL_MENUS]


def steps(menu):
    """List a legal step for each tool, and an illegal one."""
    legal = [msgspec.json.encode(NextStep(REASONING, EXAMPLES[tool])).decode() for tool in menu]
    return legal, [legal[0].replace('"enough_data":false', '"enough_data":"no"'), legal[0][:-1], "{}"]


@pytest.mark.parametrize(("menu", "schema"), schemas())
def test_llguidance_takes_legal_steps_and_no_others(menu, schema):
    llguidance = pytest.importorskip("llguidance", reason=MISSING.format("llguidance"))
    tokenizer = llguidance.LLTokenizer("byte")
    grammar = llguidance.LLMatcher.grammar_from_json_schema(schema)

    def takes(text):
        matcher = llguidance.LLMatcher(tokenizer, grammar)
        return bool(matcher.consume_tokens(list(text.encode())) and matcher.is_accepting())

    legal, others = steps(menu)
    assert all(map(takes, legal))
    assert not any(map(takes, others))


@pytest.mark.parametrize(("menu", "schema"), schemas())
def test_outlines_takes_legal_steps_and_no_others(menu, schema):
    outlines = pytest.importorskip("outlines_core.json_schema", reason=MISSING.format("outlines-core"))
    pattern = re.compile(outlines.build_regex_from_schema(json.dumps(schema)))

    legal, others = steps(menu)
    assert all(map(pattern.fullmatch, legal))
    assert not any(map(pattern.fullmatch, others))


@pytest.mark.parametrize(("menu", "schema"), schemas())
def test_xgrammar_compiles_every_menu(menu, schema):
    xgrammar = pytest.importorskip("xgrammar", reason=MISSING.format("xgrammar"))

    assert str(xgrammar.Grammar.from_json_schema(json.dumps(schema)))


def test_llama_cpp_takes_legal_steps_and_no_others():
    pytest.importorskip("cyllama", reason=MISSING.format("cyllama, which carries llama.cpp,"))
    menus = [(schema, *steps(menu)) for menu, schema in (param.values for param in schemas())]
    asked = json.dumps([(schema, legal + others) for schema, legal, others in menus])
    quiet = os.environ | {"GGML_NO_BACKTRACE": "1"}  # a text that is refused ends a process

    command = (sys.executable, "-m", "tests.providers.gbnf")
    done = subprocess.run(command, input=asked, capture_output=True, text=True, env=quiet, check=False)

    assert done.returncode == 0, done.stderr[-2000:]
    for (_, legal, others), answers in zip(menus, json.loads(done.stdout), strict=True):
        assert answers == [True] * len(legal) + [False] * len(others)


def parts(schema, depth=1):
    """The schema and each of its parts, with their depth."""
    yield schema, depth
    inner = [
        *schema.get("properties", {}).values(),
        *schema.get("anyOf", ()),
        *filter(None, [schema.get("items")]),
    ]
    for part in inner:
        yield from parts(part, depth + 1)


@pytest.mark.parametrize(("menu", "schema"), schemas())
def test_openai_takes_every_menu_as_strict(menu, schema):
    names = [name for part, _ in parts(schema) for name in part.get("properties", ())]
    assert schema["type"] == "object"
    assert len(names) <= OPENAI_PROPERTIES
    assert sum(map(len, names)) <= OPENAI_NAMES
    assert max(depth for _, depth in parts(schema)) <= OPENAI_DEPTH
    for part, _ in parts(schema):
        if "properties" in part:
            assert part["required"] == list(part["properties"])
            assert part["additionalProperties"] is False
        assert not {"maxLength", "minLength", "$ref", "oneOf", "default"} & set(part)


@pytest.mark.parametrize(("menu", "schema"), schemas())
def test_gemini_knows_every_keyword(menu, schema):
    assert {keyword for part, _ in parts(schema) for keyword in part} <= GEMINI_KEYWORDS


@pytest.mark.parametrize(("menu", "schema"), schemas())
def test_anthropic_needs_only_the_bounds_of_lists_left_out(menu, schema):
    refused = [part for part, _ in parts(schema) if part.get("minItems", 0) > 1 or "maxItems" in part]
    bounds = {"minItems", "maxItems"}
    bare = [{name: value for name, value in part.items() if name not in bounds} for part in refused]

    assert all(part["type"] == "array" for part in bare)
    assert all("items" in part for part in bare)
