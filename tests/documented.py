"""What the documents list."""

import functools

import msgspec

from app.api.app import make_app
from app.settings import Settings

SETTINGS = {field.encode_name: field.default for field in msgspec.structs.fields(Settings)}


@functools.cache
def routes() -> set[tuple[str, str]]:
    """Return the method and path of each operation."""
    paths = make_app(None).openapi_schema.to_schema()["paths"]
    return {(method.upper(), path) for path, operations in paths.items() for method in operations}
