"""Every menu's schema in the engines that servers decode with, and against the rules of the great providers.

Two engines are development dependencies; xgrammar is the extra `engines`, and is skipped where it is missing.
"""

import json
import re

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
    """A legal step for each tool of a menu, and one that is not legal."""
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
