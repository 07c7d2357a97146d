"""Each requested value comes from a page that was read, or none."""

import json

import pytest
from msgspec.structs import replace

from app.agent.extractive import Extractive
from app.agent.judging import unjudged
from app.agent.output_fields import _has_decimal_comma, judged_output
from app.agent.prompts import messages
from app.agent.step_schema import turn_schema
from app.domain import events as e
from app.domain.output_schema import leaves, path_of, read_value, schema_faults, simplified
from app.domain.tools import OutputEntry
from dossier.request import ResearchRequest
from tests.agent.course import played
from tests.agent.test_prompts import ask_of
from tests.domain.given_jobs import STARTED, given
from tests.scripted import REPORT, SCRIPT, ScriptedModel, ScriptedSearch

SCHEMA = {
    "type": "object",
    "properties": {
        "boils_at": {"type": "integer", "description": "At which temperature water boils at sea level"},
        "unit": {"type": "string", "enum": ["Celsius", "Kelvin"]},
        "places": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "degrees": {"type": ["number", "null"]}},
            },
        },
        "colour": {"type": "string", "description": "The colour of methane"},
        "is_hot": {"type": "boolean", "description": "Water boils at sea level"},
    },
}
SEA = "Water boils at 100 degrees Celsius at sea level."
PEAK = "On Mount Everest water boils at about 70 degrees Celsius."


def entry(field, value, source=1, quote=SEA, confidence="high"):
    return OutputEntry(field, value, source, quote, confidence)


ENTRIES = (
    entry("/boils_at", "100"),
    entry("unit", "Celsius"),
    entry("$.places[0].name", "Mount Everest", 2, PEAK),
    entry("/places/0/degrees", "70", 2, PEAK, "medium"),
    entry("/is_hot", "true"),
)


async def output(*entries, schema=SCHEMA, **fields):
    """The output of a job whose model gives these entries."""
    script = (*SCRIPT[:-1], replace(REPORT, output=entries))
    job = await played(ScriptedModel(script), ScriptedSearch(), query="boil?", output_schema=schema, **fields)
    return job.research.report.output


async def test_each_value_has_the_citation_that_says_it():
    found = await output(*ENTRIES)

    assert found.value == {
        "boils_at": 100,
        "unit": "Celsius",
        "places": [{"name": "Mount Everest", "degrees": 70}],
        "colour": None,
        "is_hot": True,
    }
    fields = {field.field: field for field in found.fields}
    [claim] = fields["/places/0/degrees"].citations
    assert (claim.number, claim.quote) == (2, PEAK)
    assert fields["/boils_at"].confidence == "high"
    assert fields["/is_hot"].confidence == "medium"  # which words cannot decide
    assert fields["/colour"].status == "not_found"


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (entry("/boils_at", "99"), "99"),
        (entry("/boils_at", "hot"), "not a number"),
        (entry("/boils_at", "100", 9), "source 9 was not read"),
        (entry("/boils_at", "100", quote="Water boils at 100 degrees on the moon."), "not in that page"),
        (entry("/boils_at", "100", quote=""), "no quote"),
        (entry("/unit", "Fahrenheit"), "enum"),
        (entry("/unit", "Kelvin"), ""),
        (entry("/places/0/name", "Mont Blanc", 2, PEAK), ""),
        (entry("/boils_at", "inf"), "not a number"),
        (entry("/boils_at", "1e999"), "whole number"),
    ],
)
async def test_a_value_that_no_page_says_is_not_given(wrong, why):
    found = await output(wrong)

    field = next(field for field in found.fields if path_of(field.field) == path_of(wrong.field))
    assert field.status != "found"
    assert why in field.reason
    assert field.value is None


@pytest.mark.parametrize(
    ("text", "has_decimal_comma", "value"),
    [
        ("3.14", False, 3.14),
        ("3,14", False, 3.14),
        ("1,234", False, 1234),
        ("1,234,567.5", False, 1234567.5),
        ("1.234.567", False, 1234567),
        ("1.234", True, 1234),
        ("1.234,5", True, 1234.5),
        ("3.14", True, 3.14),
        ("1 300 000", False, 1300000),
        ("\u22125", False, -5),
        ("2e3", False, 2000),
    ],
)
def test_a_number_is_read_as_its_language_writes_it(text, has_decimal_comma, value):
    assert read_value({"type": "number"}, text, has_decimal_comma=has_decimal_comma) == value


@pytest.mark.parametrize("text", ["1,2,3", "12,34.5", "3 or 4", "1.2.3"])
def test_what_is_not_one_number_is_none(text):
    with pytest.raises(ValueError, match="not a number"):
        read_value({"type": "number"}, text)


def test_a_number_copied_from_a_german_page_has_its_comma():
    german = "Die Stadt hat 1.234 Einwohner und liegt an einem Fluss, der im Norden entspringt."
    english = "The town has 1,234 people and lies on a river that rises in the north."

    assert _has_decimal_comma(entry("/n", "1.234", quote=german), german)
    assert not _has_decimal_comma(entry("/n", "1234", quote=german), german)
    assert not _has_decimal_comma(entry("/n", "1,234", quote=english), english)


async def test_fields_that_the_schema_has_not_are_left_out():
    found = await output(entry("/secret", "100"), entry("/places/x/name", "Mount Everest", 2, PEAK))

    assert set(found.value) == set(SCHEMA["properties"])
    assert found.value["places"] == []


async def test_a_value_that_a_judge_refuses_is_not_found():
    given_output = await output(*ENTRIES)
    drafted = e.ReportDrafted("t", "c", "high", (), output=given_output)
    text = "At which temperature water boils at sea level: 100"
    judged = e.ClaimsJudged("j", (e.Verdict(text, 1, "contradicted", "It says 90."),))
    asked = e.JobSubmitted(ResearchRequest("boil?", output_schema=SCHEMA), "default", 1)
    found = judged_output(given(asked, STARTED, drafted, judged))

    assert found.value["boils_at"] is None
    assert found.value["unit"] == "Celsius"
    assert "It says 90." in found.fields[0].reason
    assert text in {claim.text for claim in unjudged(given(asked, STARTED, drafted).research)}


async def test_without_a_model_there_are_passages_and_no_values():
    job = await played(
        Extractive(), ScriptedSearch(), query="At what temperature does water boil?", output_schema=SCHEMA
    )
    found = job.research.report.output

    assert found.value["boils_at"] is None
    field = next(field for field in found.fields if field.field == "/boils_at")
    assert field.status == "passage"
    assert field.citations[0].quote == SEA
    assert not [field for field in found.fields if field.status == "found"]


async def test_the_model_is_told_the_schema_and_has_a_place_to_fill_it():
    ask, texts = ask_of("Yaks give milk.", output_schema=SCHEMA)

    assert json.dumps(SCHEMA, separators=(",", ":")) in messages(ask, texts)[1].content
    assert '"output"' in json.dumps(turn_schema(ask))
    plain, _ = ask_of("Yaks give milk.")
    assert '"output"' not in json.dumps(turn_schema(plain))


def test_what_clients_generate_is_written_out():
    place = {"type": "object", "title": "Place", "properties": {"name": {"type": "string"}}}
    schema = {
        "$defs": {"Place": place},
        "type": "object",
        "properties": {
            "near": {"anyOf": [{"$ref": "#/$defs/Place"}, {"type": "null"}], "default": None},
            "all": {"type": "array", "items": {"$ref": "#/$defs/Place"}},
            "kind": {"type": "string", "const": "city"},
            "size": {"type": ["string", "null"], "enum": ["small", None]},
        },
    }

    written = simplified(schema)

    assert schema_faults(written) == []
    assert [leaf.pointer for leaf in leaves(written)] == ["/near/name", "/all", "/kind", "/size"]
    assert written["properties"]["kind"]["enum"] == ["city"]
    assert written["properties"]["size"]["enum"] == ["small"]


def test_definitions_that_grow_without_end_are_refused():
    wide = {name: {"$ref": "#/$defs/A"} for name in "bcdefghijk"}
    schema = {
        "$defs": {"A": {"type": "object", "properties": wide}},
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/A"}},
    }

    assert schema_faults(simplified(schema))


FAULTS = [
    ([], ""),
    ({"type": "array"}, ""),
    ({"type": "object"}, ".properties"),
    ({"type": "object", "properties": {"a": {"$ref": "#"}}}, ".properties.a.$ref"),
    (
        {"type": "object", "properties": {"a": {"type": "string", "pattern": "(a+)+"}}},
        ".properties.a.pattern",
    ),
    ({"type": "object", "properties": {"a": {"type": "array"}}}, ".properties.a.items"),
    ({"type": "object", "properties": {"a": {"type": ["string", "number"]}}}, ".properties.a.type"),
    ({"type": "object", "properties": {"a/b": {"type": "string"}}}, ".properties.a/b"),
    ({"type": "object", "properties": {"1": {"type": "string"}}}, ".properties.1"),
    ({"type": "object", "properties": {"a": {"type": "number", "minimum": "1"}}}, ".properties.a.minimum"),
    (
        {"type": "object", "properties": {"a": {"type": "number", "minimum": 5, "maximum": 1}}},
        ".properties.a.minimum",
    ),
    (
        {"type": "object", "properties": {"a": {"type": "string", "maxLength": -5}}},
        ".properties.a.maxLength",
    ),
    ({"type": "object", "properties": {"a": {"enum": [], "type": "string"}}}, ".properties.a.enum"),
    ({"type": "object", "properties": {f"a{n}": {"type": "string"} for n in range(61)}}, ""),
    ({"type": "object", "properties": {"a": {"type": "string", "title": "x" * 11_000}}}, ""),
]


@pytest.mark.parametrize(("schema", "path"), FAULTS)
def test_a_schema_that_cannot_be_filled_is_refused_at_its_place(schema, path):
    assert [fault.path for fault in schema_faults(schema)] == [path]


def test_a_deep_schema_is_refused():
    schema = {"type": "string"}
    for _ in range(8):
        schema = {"type": "object", "properties": {"a": schema}}

    assert schema_faults(schema)


def test_the_schema_of_the_tests_is_supported():
    assert schema_faults(SCHEMA) == []
    assert [leaf.pointer for leaf in leaves(SCHEMA)][2] == "/places"
