"""Quote the errors of servers in their own words.

They are from documentation, sources and issues.
"""

# ruff: noqa: E501 - servers' words stand as they are

from msgspec import Struct


class Documented(Struct, frozen=True):
    """Hold what a server answers, and how the worker must take it."""

    status: int
    body: object
    kind: str  # error_type, or "context" for a prompt that is asked again with less text
    words: str
    headers: dict = {}
    retry_after: float | None = None


def openai(message, code=None, kind="invalid_request_error", **fields):
    return {"error": {"message": message, "type": kind, "param": None, "code": code, **fields}}


DIALECTS = {
    "openai": (
        Documented(
            401, openai("Incorrect API key provided: sk-x.", "invalid_api_key"), "auth", "refuses the key"
        ),
        Documented(
            429,
            openai(
                "Rate limit reached for gpt on tokens per min (TPM): Limit 30000",
                "rate_limit_exceeded",
                "tokens",
            ),
            "rate_limit",
            "Rate limit reached",
            {"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "1m30s"},
            90.0,
        ),
        Documented(
            429, openai("You exceeded your current quota", "insufficient_quota"), "resource", "no credit"
        ),
        Documented(
            404,
            openai("The model `gpt-9` does not exist or you do not have access", "model_not_found"),
            "validation",
            "no model",
        ),
        Documented(
            400,
            openai(
                "This model's maximum context length is 4096 tokens. However, your messages resulted in 9000 tokens.",
                "context_length_exceeded",
            ),
            "context",
            "4,096",
        ),
        Documented(
            503, openai("The engine is currently overloaded", kind="server_error"), "network", "overloaded"
        ),
    ),
    "azure": (
        Documented(
            401,
            {"statusCode": 401, "message": "Access denied due to invalid subscription key"},
            "auth",
            "AZURE_OPENAI_API_KEY",
        ),
        Documented(
            400,
            openai(
                "The response was filtered due to the prompt triggering Azure OpenAI's content management policy",
                "content_filter",
                None,
                innererror={"code": "ResponsibleAIPolicyViolation"},
            ),
            "resource",
            "content management policy",
        ),
        Documented(
            404,
            {
                "error": {
                    "code": "DeploymentNotFound",
                    "message": "The API deployment for this resource does not exist.",
                }
            },
            "validation",
            "no model",
        ),
        Documented(
            429,
            {"error": {"code": "429", "message": "Requests have exceeded the call rate limit"}},
            "rate_limit",
            "call rate",
            {"retry-after-ms": "1500"},
            1.5,
        ),
    ),
    "anthropic": (
        Documented(
            400,
            {
                "type": "error",
                "error": {
                    "type": "invalid_request_error",
                    "message": "prompt is too long: 9000 tokens > 4096 maximum",
                },
            },
            "context",
            "4,096",
        ),
        Documented(
            529,
            {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}},
            "network",
            "Overloaded",
        ),
        Documented(
            400,
            {
                "type": "error",
                "error": {
                    "type": "invalid_request_error",
                    "message": "Your credit balance is too low to access the Anthropic API.",
                },
            },
            "resource",
            "no credit",
        ),
        Documented(
            404,
            {"type": "error", "error": {"type": "not_found_error", "message": "model: claude-x not found"}},
            "validation",
            "no model",
        ),
    ),
    "gemini": (
        Documented(
            400,
            [
                {
                    "error": {
                        "code": 400,
                        "message": "The input token count (9000) exceeds the maximum number of tokens allowed (4096).",
                        "status": "INVALID_ARGUMENT",
                    }
                }
            ],
            "context",
            "4,096",
        ),
        Documented(
            429,
            [
                {
                    "error": {
                        "code": 429,
                        "message": "You exceeded your current quota, please check your plan",
                        "status": "RESOURCE_EXHAUSTED",
                    }
                }
            ],
            "resource",
            "no credit",
        ),
        Documented(
            503,
            [{"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}],
            "network",
            "overloaded",
        ),
    ),
    "mistral": (
        Documented(401, {"detail": "Unauthorized"}, "auth", "MISTRAL_API_KEY"),
        Documented(
            400,
            {
                "object": "error",
                "message": "Prompt contains 9000 tokens and 0 draft tokens, too large for model with 4096 maximum context length",
                "type": "invalid_request_prompt",
                "code": "3051",
            },
            "context",
            "4,096",
        ),
        Documented(
            429,
            {
                "object": "error",
                "message": "Service tier capacity exceeded for this model.",
                "type": "service_tier_capacity_exceeded",
                "code": "3505",
            },
            "rate_limit",
            "capacity exceeded",
        ),
        Documented(
            400,
            {
                "object": "error",
                "message": "Invalid model: mistral-x",
                "type": "invalid_model",
                "code": "1500",
            },
            "validation",
            "no model",
        ),
    ),
    "groq": (
        Documented(
            413,
            openai(
                "Request too large for model `x` on tokens per minute (TPM): Limit 4096, Requested 9000",
                "rate_limit_exceeded",
                "tokens",
            ),
            "context",
            "4,096",
        ),
        Documented(
            400,
            openai(
                "The model `x` has been decommissioned and is no longer supported.", "model_decommissioned"
            ),
            "validation",
            "no model",
        ),
        Documented(
            429,
            openai("Rate limit reached", "rate_limit_exceeded"),
            "rate_limit",
            "Rate limit",
            {"retry-after": "7"},
            7.0,
        ),
        Documented(
            498, openai("Flex tier capacity exceeded", "capacity_exceeded"), "validation", "Flex tier"
        ),
    ),
    "deepseek": (
        Documented(
            402,
            openai("Insufficient Balance", "invalid_request_error", "unknown_error"),
            "resource",
            "no credit",
        ),
        Documented(
            400,
            openai(
                "This model's maximum context length is 4096 tokens. However, you requested 9000 tokens (8000 in the messages, 1000 in the completion)."
            ),
            "context",
            "4,096",
        ),
        Documented(400, openai("Model Not Exist"), "validation", "no model"),
    ),
    "openrouter": (
        Documented(
            200,
            {"error": {"code": 402, "message": "Insufficient credits. Add more using the link."}},
            "resource",
            "credit",
        ),
        Documented(
            200,
            {
                "error": {
                    "code": 502,
                    "message": "Provider returned error",
                    "metadata": {"provider_name": "X"},
                }
            },
            "network",
            "Provider returned error",
        ),
        Documented(
            404, {"error": {"code": 404, "message": "No endpoints found for x/y."}}, "validation", "no model"
        ),
        Documented(
            400,
            {
                "error": {
                    "code": 400,
                    "message": "This endpoint's maximum context length is 4096 tokens. However, you requested about 9000 tokens",
                }
            },
            "context",
            "4,096",
        ),
    ),
    "ollama": (
        Documented(
            404,
            openai('model "qwen3:8b" not found, try pulling it first', None, "not_found_error"),
            "validation",
            "try pulling it first",
        ),
        Documented(
            500,
            openai("llama runner process has terminated: signal: killed", None, "api_error"),
            "network",
            "runner process",
        ),
        Documented(
            503,
            openai("server busy, please try again. maximum pending requests exceeded", None, "api_error"),
            "network",
            "busy",
        ),
    ),
    "vllm": (
        Documented(
            400,
            {
                "object": "error",
                "message": "This model's maximum context length is 4096 tokens. However, you requested 9000 tokens (8000 in the messages, 1000 in the completion).",
                "type": "BadRequestError",
                "code": 400,
            },
            "context",
            "4,096",
        ),
        Documented(
            404,
            {
                "object": "error",
                "message": "The model `x` does not exist.",
                "type": "NotFoundError",
                "code": 404,
            },
            "validation",
            "no model",
        ),
        Documented(401, {"error": "Unauthorized"}, "auth", "refuses the key"),
    ),
    "llama.cpp": (
        Documented(
            400,
            {
                "error": {
                    "code": 400,
                    "message": "the request exceeds the available context size, try increasing it",
                    "type": "exceed_context_size_error",
                    "n_prompt_tokens": 9000,
                    "n_ctx": 4096,
                }
            },
            "context",
            "4,096",
        ),
        Documented(
            503,
            {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}},
            "network",
            "Loading model",
        ),
        Documented(
            401,
            {"error": {"code": 401, "message": "Invalid API Key", "type": "authentication_error"}},
            "auth",
            "refuses the key",
        ),
    ),
    "lmstudio": (
        Documented(
            400,
            {
                "error": "Trying to keep the first 9000 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens"
            },
            "context",
            "4,096",
        ),
        Documented(
            404,
            {
                "error": {
                    "message": 'Failed to load model "x". Model not found',
                    "type": "invalid_request_error",
                    "code": "model_not_found",
                }
            },
            "validation",
            "no model",
        ),
        Documented(400, {"error": "Model unloaded.."}, "validation", "Model unloaded"),
    ),
    "other": (  # llama-cpp-python, text-generation-inference
        Documented(
            400,
            openai(
                "This model's maximum context length is 4096 tokens. However, you requested 9000 tokens",
                "context_length_exceeded",
            ),
            "context",
            "4,096",
        ),
        Documented(
            500,
            {
                "error": {
                    "message": "Requested tokens (9000) exceed context window of 4096",
                    "type": "internal_server_error",
                }
            },
            "context",
            "4,096",
        ),
        Documented(
            422,
            {
                "error": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096",
                "error_type": "validation",
            },
            "validation",
            "Input validation",
        ),
    ),
}
