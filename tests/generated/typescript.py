"""Write the types of clients/typescript from the code of the server.

    python -m tests.generated.typescript

src/schema.ts has the types of /schema, src/event_data.ts those of the events' `data`. Both are committed, and
a test compares them with what this writes.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import msgspec
from litestar.serialization import encode_json

from app.api.openapi import completed
from app.domain.events import EVENT_TYPES
from app.settings import Settings
from app.wiring import Container
from tests.generated.install import NODE, without_typescript

PACKAGE = Path(__file__).parents[2] / "clients/typescript"
NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"  # the document needs no database
OPTIONS = ("--default-non-nullable=false", "--empty-objects-unknown")
NOTES = ("title", "example", "examples")  # they are no types


def generated() -> dict[str, str]:
    """The text of each generated file, by its name in src."""
    events = _types(_event_schemas())
    names = "".join(f'    {kind}: components["schemas"]["{event.__name__}"];\n' for kind, event in _kinds())
    data = f"/** The data of each type of event. */\nexport interface EventData {{\n{names}}}\n"
    return {"schema.ts": _types(_api_schemas()), "event_data.ts": events + data}


def _kinds() -> list[tuple[str, type]]:
    return sorted(EVENT_TYPES.items())


def _api_schemas() -> dict[str, Any]:
    app = Container(Settings(), NOWHERE).app(0)
    document = completed(app.openapi_schema.to_schema())
    return json.loads(encode_json(document["components"]["schemas"]))


def _event_schemas() -> dict[str, Any]:
    events = [event for _, event in _kinds()]
    return msgspec.json.schema_components(events, ref_template="#/components/schemas/{name}")[1]


def _types(schemas: dict[str, Any]) -> str:
    """What openapi-typescript makes of these schemas."""
    trimmed = {name: _trimmed(schema) for name, schema in sorted(schemas.items())}
    info = {"title": "Dossier", "version": "1"}
    document = {"openapi": "3.1.0", "info": info, "paths": {}, "components": {"schemas": trimmed}}
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "types.json"), Path(folder, "types.ts")
        source.write_text(json.dumps(document))
        program = NODE / "node_modules/.bin/openapi-typescript"
        subprocess.run(
            [program, source, *OPTIONS, "-o", target], check=True, capture_output=True, timeout=240
        )
        return target.read_text()


def _trimmed(schema: Any) -> Any:
    """Drop the schema's notes, but no member that is named like one."""
    if isinstance(schema, list):
        return [_trimmed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    members = {"properties": {name: _trimmed(part) for name, part in schema.get("properties", {}).items()}}
    rest = {key: _trimmed(part) for key, part in schema.items() if key not in {*NOTES, *members}}
    return rest | members if "properties" in schema else rest


def main() -> None:
    """Write the files."""
    if reason := without_typescript():
        sys.exit(reason)
    for name, text in generated().items():
        (PACKAGE / "src" / name).write_text(text)


if __name__ == "__main__":
    main()
