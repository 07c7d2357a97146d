"""A turn's schema suits strict servers, and agrees with the Structs."""

import json
from inspect import cleandoc

import msgspec
import pytest

from app.agent.step_schema import strict_schema
from app.domain.tools import TOOLS, NextStep
from tests.providers.menus import EXAMPLES, MENUS
from tests.scripted import REASONING

LISTS = {"enum", "minItems", "maxItems", "items"}
KEYWORDS = {"type", "anyOf", "properties", "required", "additionalProperties", "description"} | LISTS


def fits(value, schema) -> bool:
    """Validate by the keywords of a strict schema, rejecting any other."""
    assert set(schema) <= KEYWORDS
    if "anyOf" in schema:
        return sum(fits(value, member) for member in schema["anyOf"]) == 1
    match schema["type"]:
        case "object":
            return list(value) == list(schema["properties"]) and all(
                fits(value[name], part) for name, part in schema["properties"].items()
            )
        case "array":
            enough = schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", 10**9)
            return enough and all(fits(item, schema["items"]) for item in value)
        case "string":
            return isinstance(value, str) and value in schema.get("enum", [value])
        case "boolean":
            return isinstance(value, bool)
    raise AssertionError(schema)


def parts(schema):
    yield schema
    for part in (*schema.get("anyOf", ()), *schema.get("properties", {}).values()):
        yield from parts(part)
    if "items" in schema:
        yield from parts(schema["items"])


@pytest.mark.parametrize("tool", TOOLS)
def test_a_step_fits_the_schema_and_the_struct(tool):
    step = NextStep(REASONING, EXAMPLES[tool])
    written = msgspec.json.encode(step)

    assert fits(json.loads(written), strict_schema(NextStep, tuple(TOOLS)))
    assert fits(json.loads(written), strict_schema(NextStep, (tool,)))
    assert msgspec.json.decode(written, type=NextStep) == step


@pytest.mark.parametrize("menu", MENUS)
def test_a_tool_that_is_not_on_the_menu_does_not_fit(menu):
    schema = strict_schema(NextStep, menu)

    for tool, function in EXAMPLES.items():
        step = json.loads(msgspec.json.encode(NextStep(REASONING, function)))
        assert fits(step, schema) == (tool in menu)


@pytest.mark.parametrize("menu", MENUS)
def test_every_object_is_closed_and_every_property_required(menu):
    for part in parts(strict_schema(NextStep, menu)):
        if part.get("type") == "object":
            assert part["required"] == list(part["properties"])
            assert part["additionalProperties"] is False
        assert ("type" in part) != ("anyOf" in part)


def test_the_tag_comes_first_and_reasoning_comes_before_the_tool():
    schema = strict_schema(NextStep, tuple(TOOLS))

    assert list(schema["properties"]) == ["reasoning", "function"]
    for tool, member in zip(TOOLS, schema["properties"]["function"]["anyOf"], strict=True):
        assert next(iter(member["properties"])) == "tool"
        assert member["properties"]["tool"] == {"type": "string", "enum": [tool]}


def test_a_menu_of_one_tool_has_no_union():
    function = strict_schema(NextStep, ("answer",))["properties"]["function"]

    assert function["type"] == "object"
    assert "anyOf" not in json.dumps(function)


def test_there_are_no_references_and_nothing_that_strict_mode_refuses():
    schema = strict_schema(NextStep, tuple(TOOLS))

    for part in parts(schema):
        assert set(part) <= KEYWORDS
    assert len(json.dumps(schema)) < 20_000


def test_a_length_that_strict_mode_cannot_say_is_said_in_words():
    reasoning = strict_schema(NextStep, ("answer",))["properties"]["reasoning"]["properties"]

    assert reasoning["current_situation"] == {"type": "string", "description": "At most 300 characters."}
    assert reasoning["remaining_steps"]["items"]["description"] == "Not empty, at most 1000 characters."
    assert (reasoning["reasoning_steps"]["minItems"], reasoning["reasoning_steps"]["maxItems"]) == (2, 3)


def test_a_schema_has_the_same_bytes_on_every_python(monkeypatch):
    """From 3.13 on, a docstring is kept without its indentation."""
    before = strict_schema(NextStep, tuple(TOOLS))
    for tool in TOOLS.values():
        monkeypatch.setattr(tool, "__doc__", cleandoc(tool.__doc__))

    assert "\n    Every claim" in before["properties"]["function"]["anyOf"][-2]["description"]
    assert strict_schema(NextStep, tuple(TOOLS)) == before
