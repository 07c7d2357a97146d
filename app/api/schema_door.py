"""Refuse an output schema that cannot be filled."""

from typing import Any

from app.api.problem_details import InvalidField, InvalidRequest
from app.domain.output_schema import schema_faults


def check_output_schema(schema: dict[str, Any] | None, field: str = "output_schema") -> None:
    """Raise InvalidRequest for each part that is not supported."""
    if schema is None:
        return
    if faults := schema_faults(schema):
        raise InvalidRequest(
            [InvalidField(f"{field}{fault.path}", fault.message, "unsupported_schema") for fault in faults]
        )
