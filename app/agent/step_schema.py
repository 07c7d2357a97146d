"""Build a turn's JSON schema, in the dialect all constrained decoders take.

OpenAI's strict mode wants each property required, no additional ones, and knows neither `oneOf` nor
`discriminator`, `title`, `default` or the lengths of strings; `minItems` and `maxItems` it knows. Servers
on llama.cpp's grammar (llama-server, Ollama) have stumbled over `$ref`, and the grammar is written in the
order of the properties. So definitions are inlined, `anyOf` is the only union, a tag is a string with one
value and comes first, and the lengths of strings are said in words.
"""

from collections.abc import Mapping, Sequence
from inspect import cleandoc
from typing import Any

import msgspec
from msgspec import UNSET, Struct

from app.agent.ports import Ask
from app.domain.tools import NextStep

KEPT_KEYWORDS = ("type", "enum", "minItems", "maxItems")  # keywords that all of them take as they are
DOCSTRING_INDENT = " " * 4  # of a class at the top of its module

Schema = dict[str, Any]


def turn_schema(ask: Ask) -> Schema:
    """Return the schema of a turn's reply.

    Only where an output is wanted has a report fields for it.
    """
    return strict_schema(NextStep, ask.menu, is_structured=ask.output_schema is not UNSET)


def strict_schema(kind: type[Struct], tools: Sequence[str], *, is_structured: bool = False) -> Schema:
    """Return the schema of `kind`, its union limited to `tools`.

    Args:
        kind: a Struct whose fields are all required, like NextStep.
        tools: tags, in the order that the schema offers them; at least one.
        is_structured: whether a report has fields of a wanted output.

    Returns:
        A self-contained object schema; a union with one member left is that member.
    """
    written = msgspec.json.schema(kind)
    if not is_structured:
        written["$defs"].get("WriteReport", {}).get("properties", {}).pop("output", None)
    return _rewrite(written, written["$defs"], tools)


def _rewrite(schema: Mapping[str, Any], known: Mapping[str, Any], tools: Sequence[str]) -> Schema:
    if "$ref" in schema:
        return _rewrite(known[schema["$ref"].rpartition("/")[2]], known, tools)
    if "discriminator" in schema:
        schema = {"anyOf": [{"$ref": schema["discriminator"]["mapping"][tool]} for tool in tools]}
    if "anyOf" in schema:
        members = [_rewrite(member, known, tools) for member in schema["anyOf"]]
        return members[0] if len(members) == 1 else {"anyOf": members}
    strict = {name: schema[name] for name in KEPT_KEYWORDS if name in schema}
    if "enum" in schema:
        strict = {"type": "string", **strict}
    if words := _words(schema):
        strict["description"] = words
    if "items" in schema:
        strict["items"] = _rewrite(schema["items"], known, tools)
    if "properties" in schema:
        strict |= _object(schema["properties"], known, tools)
    return strict


def _object(properties: Mapping[str, Any], known: Mapping[str, Any], tools: Sequence[str]) -> Schema:
    return {
        "properties": {name: _rewrite(schema, known, tools) for name, schema in properties.items()},
        "required": list(properties),
        "additionalProperties": False,
    }


def _words(schema: Mapping[str, Any]) -> str:
    """Describe in words what the schema's dialect cannot express.

    That is what it is for, and how long a text may be.
    """
    said = [_indented(schema["description"])] if "description" in schema else []
    if "maxLength" in schema:
        least = "Not empty, at" if schema.get("minLength") else "At"
        said.append(f"{least} most {schema['maxLength']} characters.")
    return " ".join(said)


def _indented(docstring: str) -> str:
    """Indent a docstring's lines, which Python 3.13 no longer does.

    So a prompt has the same bytes, and the same hash, wherever it is made or replayed.
    """
    first, *others = cleandoc(docstring).split("\n")
    return "\n".join([first, *(f"{DOCSTRING_INDENT}{line}" if line else line for line in others)])
