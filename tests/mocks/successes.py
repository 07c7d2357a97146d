"""Show answers of each preset's server as documented, whole and streamed.

Each has what its server adds to OpenAI's shape: thoughts, filters, timings, comments, usage where nobody
else has it. `SAID` marks where the model's text goes.
"""

import json

SAID = "@said@"
USED = {"prompt_tokens": 1200, "completion_tokens": 80, "total_tokens": 1280}


def whole(message=None, usage=USED, choice=None, **fields):
    """A chat completion."""
    said = {"role": "assistant", "content": SAID, **(message or {})}
    made = {"index": 0, "message": said, "finish_reason": "stop", **(choice or {})}
    head = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1764000000, "model": "m"}
    return {**head, "choices": [made], "usage": usage, **fields}


def delta(finish=None, choice=None, **message):
    """A chunk of a stream."""
    made = {"index": 0, "delta": message, "finish_reason": finish, **(choice or {})}
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "m", "choices": [made]}


def counted(usage=USED, **fields):
    """The chunk of the usage alone, as `stream_options.include_usage` asks for it."""
    return {**delta(), "choices": [], "usage": usage, **fields}


def stream(*chunks, is_done=True):
    """Encode a stream, in which a string is sent as it is."""
    lines = [one if isinstance(one, str) else f"data: {json.dumps(one)}" for one in chunks]
    return "\n\n".join([*lines, *(["data: [DONE]"] if is_done else [])]) + "\n\n"


DETAILED = {
    **USED,
    "prompt_tokens_details": {"cached_tokens": 1024, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 30, "rejected_prediction_tokens": 0},
}
FILTERS = {name: {"filtered": False, "severity": "safe"} for name in ("hate", "self_harm", "violence")}
TIMINGS = {"prompt_n": 1200, "prompt_ms": 812.5, "predicted_n": 80, "predicted_per_second": 41.2}
THINKING = [
    {"type": "thinking", "thinking": [{"type": "text", "text": "Perhaps {a} or {b}."}]},
    {"type": "text", "text": SAID},
]

# Each: the whole answer, and the streamed one.
SUCCESSES = {
    "openai": (
        whole({"refusal": None, "annotations": []}, DETAILED, {"logprobs": None}, service_tier="default"),
        stream(
            delta(role="assistant", content="", refusal=None),
            delta(content=SAID),
            delta("stop"),
            counted(DETAILED),
        ),
    ),
    "azure": (
        whole(
            None,
            DETAILED,
            {"content_filter_results": FILTERS},
            prompt_filter_results=[{"prompt_index": 0, "content_filter_results": FILTERS}],
        ),
        stream(
            {"choices": [], "model": "", "prompt_filter_results": [{"prompt_index": 0}]},
            delta(role="assistant"),
            delta(content=SAID, choice={"content_filter_results": FILTERS}),
            delta("stop"),
            counted(DETAILED),
        ),
    ),
    "anthropic": (
        whole(usage={**USED, "prompt_tokens_details": None}),
        stream(delta(role="assistant", content=""), delta(content=SAID), delta("stop"), counted(USED)),
    ),
    "gemini": (
        whole({"extra_content": {"google": {"thought_signature": "CtQB"}}}, {**USED, "total_tokens": 1380}),
        # It repeats the usage in each chunk, and ends without one of its own.
        stream(
            {**delta(content=SAID, role="assistant"), "usage": {"prompt_tokens": 1200, "total_tokens": 1200}},
            {**delta("stop", content=""), "usage": {**USED, "total_tokens": 1380}},
        ),
    ),
    "mistral": (
        whole({"content": THINKING, "tool_calls": None, "prefix": False}),
        stream(
            delta(role="assistant", content=""),
            delta(content=[THINKING[0]]),
            delta(content=SAID),
            {**delta("stop", content=""), "usage": USED},
        ),
    ),
    "groq": (
        whole(
            {"reasoning": "Perhaps {a}."},
            {**USED, "queue_time": 0.02, "total_time": 0.3},
            x_groq={"id": "req_1"},
        ),
        stream(
            {**delta(role="assistant", content=""), "x_groq": {"id": "req_1"}},
            delta(reasoning="Perhaps {a}."),
            delta(content=SAID),
            {**delta("stop"), "x_groq": {"id": "req_1", "usage": {**USED, "queue_time": 0.02}}},
        ),
    ),
    "deepseek": (
        whole(
            {"reasoning_content": "Perhaps {a}."},
            {**USED, "prompt_cache_hit_tokens": 1024, "prompt_cache_miss_tokens": 176},
        ),
        stream(
            ": keep-alive",
            delta(role="assistant", content=None, reasoning_content=""),
            delta(content=None, reasoning_content="Perhaps {a}."),
            delta(content=SAID, reasoning_content=None),
            {**delta("stop", content=""), "usage": {**USED, "prompt_cache_hit_tokens": 1024}},
        ),
    ),
    "openrouter": (
        whole(
            {"reasoning": "Perhaps {a}.", "reasoning_details": [{"type": "reasoning.text", "text": "x"}]},
            {**USED, "cost": 0.00014, "cost_details": {"upstream_inference_cost": None}},
            {"native_finish_reason": "STOP"},
            provider="DeepInfra",
        ),
        stream(
            ": OPENROUTER PROCESSING",
            ": OPENROUTER PROCESSING",
            {**delta(role="assistant", content=""), "provider": "DeepInfra"},
            delta(content=SAID),
            delta("stop", content=""),
            {**delta(content=""), "usage": {**USED, "cost": 0.00014}},
        ),
    ),
    "ollama": (
        whole({"reasoning": "Perhaps {a}."}, system_fingerprint="fp_ollama"),
        stream(
            delta(role="assistant", content="", reasoning="Perhaps {a}."),
            delta(role="assistant", content=SAID),
            delta("stop", role="assistant", content=""),
            counted(),
        ),
    ),
    "vllm": (
        whole(
            {"reasoning_content": "Perhaps {a}.", "tool_calls": [], "refusal": None},
            {**USED, "prompt_tokens_details": None},
            {"stop_reason": None, "logprobs": None},
            prompt_logprobs=None,
            kv_transfer_params=None,
        ),
        stream(
            delta(role="assistant", content=""),
            delta(reasoning_content="Perhaps {a}."),
            delta(content=SAID),
            delta("stop", choice={"stop_reason": None}, content=""),
            counted(),
        ),
    ),
    "llama.cpp": (
        whole({"reasoning_content": "Perhaps {a}."}, timings=TIMINGS, system_fingerprint="b6400-1d0125bc"),
        stream(
            delta(role="assistant", content=None),
            delta(reasoning_content="Perhaps {a}."),
            delta(content=SAID),
            delta("stop"),
            counted(timings=TIMINGS),
        ),
    ),
    "lmstudio": (
        whole({"reasoning_content": "", "tool_calls": []}, choice={"logprobs": None}, stats={}),
        stream(
            "event: message\ndata: " + json.dumps(delta(role="assistant", content=SAID)),
            delta("stop"),
            counted(),
        ),
    ),
    "other": (  # text-generation-inference: its last chunk has text and end at once
        whole(usage={**USED, "completion_tokens": 80.0}),
        stream(delta("stop", role="assistant", content=SAID), counted(), is_done=False),
    ),
}
