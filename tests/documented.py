"""What the documents list."""

import msgspec

from app.api.app import make_app
from app.settings import Settings

SETTINGS = {field.encode_name: field.default for field in msgspec.structs.fields(Settings)}


ROUTES = {
    (method.upper(), path)
    for path, operations in make_app(None).openapi_schema.to_schema()["paths"].items()
    for method in operations
}
