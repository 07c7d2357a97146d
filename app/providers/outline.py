"""Describe a schema in words, for models that cannot see it."""

import json
from typing import Any

Schema = dict[str, Any]


def asked_for(schema: Schema) -> str:
    """What a model is told where nothing holds it to a schema."""
    return (
        "Reply with one JSON object and nothing else. For example:\n"
        f"{json.dumps(example(schema), ensure_ascii=False)}\n"
        f"It must fit this JSON schema:\n{json.dumps(schema)}"
    )


def told(schema: Schema) -> str:
    """Return the hint for a model that cannot see its schema."""
    lines = "\n".join(_lines("", schema))
    return (
        f"Your reply is one JSON object with these fields:\n{lines}\n"
        f"For example: {json.dumps(example(schema), ensure_ascii=False)}"
    )


def example(schema: Schema) -> Any:  # noqa: ANN401 - whatever the schema says
    """Return the shortest value of a schema, with texts as "…"."""
    if "anyOf" in schema:
        return example(schema["anyOf"][0])
    if "enum" in schema:
        return schema["enum"][0]
    match schema.get("type"):
        case "object":
            return {name: example(part) for name, part in schema.get("properties", {}).items()}
        case "array":
            return [example(schema["items"])] * schema.get("minItems", 1) if "items" in schema else []
        case "boolean":
            return False
        case "integer" | "number":
            return 1
        case _:
            return "…"


def _lines(path: str, schema: Schema) -> list[str]:
    """A line for each field, with what may stand in it."""
    lines = list[str]()
    for name, part in schema.get("properties", {}).items():
        here = f"{path}{name}"
        if "anyOf" in part:
            lines.append(f"- {here}: an object, exactly one of:")
            for member in part["anyOf"]:
                fields = "; ".join(line.removeprefix("- ") for line in _lines("", member))
                lines.append(f"  - {fields}")
        elif part.get("type") == "object":
            lines += _lines(f"{here}.", part)
        else:
            lines.append(f"- {here}: {_kind(part)}")
    return lines


def _kind(schema: Schema) -> str:
    if "enum" in schema:
        return " or ".join(json.dumps(value) for value in schema["enum"])
    kind = {"string": "a text", "boolean": "true or false", "integer": "a number"}.get(
        schema.get("type", ""), ""
    )
    if schema.get("type") == "array":
        items = schema.get("items", {})
        inner = ", ".join(items.get("properties", ())) if items.get("type") == "object" else ""
        kind = f"a list{_counted(schema)} of " + (f"objects with {inner}" if inner else f"{_kind(items)}s")
    said = str(schema.get("description", "")).rstrip(".")
    return f"{kind} ({said[0].lower()}{said[1:]})" if said else kind


def _counted(schema: Schema) -> str:
    least, most = schema.get("minItems"), schema.get("maxItems")
    if least is None and most is None:
        return ""
    return f" with {least or 0} to {most}" if most is not None else f" with at least {least}"
