"""Write an output schema out, and refuse one that cannot be filled."""

from typing import Any

from app.api.problem_details import InvalidField, InvalidRequest
from app.domain.output_schema import schema_faults, simplified


def written_schema(schema: dict[str, Any] | None, field: str = "output_schema") -> dict[str, Any] | None:
    """Return a schema as it is stored, its definitions written out.

    Raises InvalidRequest for each part that is not supported.
    """
    if schema is None:
        return None
    schema = simplified(schema)
    if faults := schema_faults(schema):
        raise InvalidRequest(
            [InvalidField(f"{field}{fault.path}", fault.message, "unsupported_schema") for fault in faults]
        )
    return schema
