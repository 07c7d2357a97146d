"""List the models that a server has, through OpenAI's own client.

Turns of the agent do not use it: it reads replies strictly, and they are repaired before they are judged.
"""

import httpx
from openai import APIConnectionError, APIStatusError, AsyncOpenAI, OpenAIError

from app.errors import ProviderError
from app.providers.base_address import checked_address, joined
from app.providers.http import SharedTransport, checked_key, refusal, shorten
from app.providers.model_spec import ModelSpec

MAX_SERVED = 500  # models that are listed
MAX_SERVED_NAME = 200  # characters of a name
SERVED_SECONDS = 30.0


async def served_models(client: httpx.AsyncClient, spec: ModelSpec) -> list[str]:
    """Return the names of a server's models, sorted.

    Raises ProviderError.
    """
    key = checked_key(spec.key_name, spec.key)
    base = joined(checked_address(spec.base_name, spec.address), "")
    own_header = {} if spec.preset.key_header == "authorization" else {spec.preset.key_header: key}
    lane = httpx.AsyncClient(transport=SharedTransport(client), timeout=SERVED_SECONDS)
    server = AsyncOpenAI(
        api_key=key,
        base_url=str(httpx.URL(base).copy_with(query=None)),
        default_query={**httpx.URL(base).params, **spec.query},
        default_headers={**own_header, **spec.headers},
        http_client=lane,  # type: ignore[arg-type]  # its types name httpx2, and it takes httpx too
        max_retries=0,
    )
    names = set[str]()
    try:
        async for model in server.models.list():
            names.add(str(model.id)[:MAX_SERVED_NAME])
            if len(names) == MAX_SERVED:
                break
    except APIStatusError as error:
        said = shorten(str(error.message), *spec.secrets)
        raise refusal(
            "The model's server", spec.key_name, error.status_code, error.response.headers, said
        ) from None
    except APIConnectionError as error:
        message = f"The model's server cannot be reached ({type(error.__cause__ or error).__name__})."
        raise ProviderError("network", message, retryable=True) from None
    except (OpenAIError, AttributeError, TypeError, ValueError):
        message = "The model's server does not list its models as OpenAI's does."
        raise ProviderError("network", message, retryable=False) from None
    return sorted(names)
