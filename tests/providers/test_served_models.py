"""List a server's models through OpenAI's client, whatever the server says."""

import httpx
import pytest

from app.errors import ProviderError
from app.providers.model_spec import ModelSpec
from app.providers.presets import PRESETS
from app.providers.served_models import MAX_SERVED, served_models

KEY = "sk-secret-0123456789"


async def asked(answer, **fields):
    seen = []

    def handle(request):
        seen.append(request)
        return answer(request) if callable(answer) else answer

    spec = ModelSpec(**{"model": "m", "base_url": "http://127.0.0.1:1/v1", "key": KEY} | fields)
    async with httpx.AsyncClient(transport=httpx.MockTransport(handle)) as client:
        return await served_models(client, spec), seen


def listing(*names):
    data = [{"id": name, "object": "model", "created": 1, "owned_by": "x"} for name in names]
    return httpx.Response(200, json={"object": "list", "data": data})


async def test_names_come_sorted_from_the_base_address_with_its_key():
    found, [request] = await asked(listing("b", "a"), base_url="http://127.0.0.1:1/v1/chat/completions")

    assert found == ["a", "b"]
    assert (request.url.path, request.headers["authorization"]) == ("/v1/models", f"Bearer {KEY}")


async def test_azure_gets_its_own_header_and_version():
    _, [request] = await asked(listing("a"), preset=PRESETS["azure"], query={"api-version": "preview"})

    assert (request.headers["api-key"], request.url.params["api-version"]) == (KEY, "preview")


async def test_a_long_list_is_cut():
    found, _ = await asked(listing(*map(str, range(2 * MAX_SERVED))))

    assert len(found) == MAX_SERVED


def cut_off(_request):
    raise httpx.ConnectError("refused")


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (httpx.Response(401, json={"error": {"message": f"Incorrect key {KEY}"}}), "auth"),
        (httpx.Response(404, text="no such route"), "validation"),
        (httpx.Response(200, text="<html>"), "network"),
        (httpx.Response(200, json=["a"]), "network"),
        (httpx.Response(200, json={"data": [1, None]}), "network"),
        (cut_off, "network"),
    ],
)
async def test_every_failure_is_a_provider_error_without_the_key(answer, kind):
    with pytest.raises(ProviderError) as failed:
        await asked(answer)

    assert failed.value.error_type == kind
    assert KEY not in str(failed.value)
