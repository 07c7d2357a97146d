"""What breaks OpenAI's clients where a server imitates the protocol carelessly."""

import json

import httpx
import openai
import pytest
from openai._streaming import SSEDecoder

from app.errors import ProviderError
from app.store.api_keys import add_key
from app.stream.frames import HEARTBEAT_FRAME
from tests.conftest import serving

REQUIRED = {
    *(
        "id",
        "object",
        "created_at",
        "error",
        "incomplete_details",
        "instructions",
        "model",
        "tools",
        "output",
    ),
    *("parallel_tool_calls", "metadata", "tool_choice", "temperature", "top_p"),
}
ITEM_PARTS = ("response.output_item", "response.content_part", "response.output_text", "response.reasoning")


@pytest.fixture
async def client(server):
    async with openai.AsyncOpenAI(base_url=f"{server}/v1", api_key="none", max_retries=0) as client:
        yield client


async def asked(client):
    return await client.responses.create(model="dossier-quick", input="How does water boil?")


async def told(http, response_id):
    """The data of each frame of a response's stream."""
    raw = (await http.get(f"/v1/responses/{response_id}?stream=true")).text
    return [json.loads(line[6:]) for line in raw.splitlines() if line.startswith("data: {")]


async def test_each_item_has_its_own_id_and_the_next_index(client, http):
    events = await told(http, (await asked(client)).id)

    items = {}
    for event in events:
        if event["type"] == "response.output_item.added":
            assert event["output_index"] == len(items)
            assert event["item"]["id"]
            assert event["item"]["id"] not in items.values()
            items[event["output_index"]] = event["item"]["id"]
        elif event["type"] == "response.output_item.done":
            assert items[event["output_index"]] == event["item"]["id"]
        elif event["type"].startswith(ITEM_PARTS) or "web_search_call" in event["type"]:
            assert items[event["output_index"]] == event["item_id"]
    assert len(items) >= 3


async def test_the_whole_response_comes_first_and_every_required_field_is_there(client, http):
    done = await asked(client)
    events = await told(http, done.id)
    now = (await http.get(f"/v1/responses/{done.id}")).json()

    assert events[0]["type"] == "response.created"
    assert all(event["response"].keys() >= REQUIRED for event in (events[0], events[-1]))
    assert now.keys() >= REQUIRED
    assert now["usage"]["input_tokens_details"].keys() >= {"cached_tokens", "cache_write_tokens"}
    assert events[0]["response"]["usage"] is None


async def test_the_helper_that_resumes_sees_the_response_and_the_rest(client):
    done = await asked(client)

    async with client.responses.stream(response_id=done.id, starting_after=5) as stream:
        events = [event async for event in stream]
        final = await stream.get_final_response()

    numbers = [event.sequence_number for event in events if hasattr(event, "sequence_number")]
    assert min(numbers) > 5
    assert final.output_text == done.output_text


async def test_no_event_of_a_failed_job_looks_like_a_broken_stream(client, house, http):
    house.model.errors = [ProviderError("auth", "The key is not known.", retryable=False)] * 20
    failed = await asked(client)

    events = await told(http, failed.id)

    assert failed.status == "failed"
    assert not any(event.get("error") for event in events)
    assert events[-1]["type"] == "response.failed"
    assert events[-1]["response"]["error"]["code"] == "server_error"


async def test_all_chunks_of_a_chat_have_one_id(client):
    asked = [{"role": "user", "content": "How does water boil?"}]
    stream = await client.chat.completions.create(model="dossier-quick", messages=asked, stream=True)
    chunks = [chunk async for chunk in stream]

    assert len({chunk.id for chunk in chunks}) == 1
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    notes = [
        note for chunk in chunks for note in (chunk.choices[0].delta.model_extra or {}).get("annotations", ())
    ]
    assert {note["type"] for note in notes} == {"url_citation"}
    assert all(note["url_citation"].keys() >= {"url", "title", "start_index", "end_index"} for note in notes)


def test_a_heartbeat_in_an_idle_stream_is_no_event():
    frame = b'event: response.queued\ndata: {"type": "response.queued"}\n\n'
    events = list(
        SSEDecoder().iter_bytes(iter([HEARTBEAT_FRAME, frame, HEARTBEAT_FRAME, HEARTBEAT_FRAME, frame]))
    )
    assert [event.json()["type"] for event in events] == ["response.queued", "response.queued"]


async def test_a_conflict_is_sent_once(server):
    sent = []

    async def note(request):
        sent.append(request.url.path)

    async with (
        httpx.AsyncClient(event_hooks={"request": [note]}) as http,
        openai.AsyncOpenAI(base_url=f"{server}/v1", api_key="none", http_client=http) as client,
    ):
        done = await asked(client)
        with pytest.raises(openai.ConflictError):
            await client.responses.cancel(done.id)
    assert [path.rpartition("/")[2] for path in sent] == ["responses", "cancel"]


async def test_no_metadata_of_oauth_is_published(house, engine):
    await add_key(engine, "one", ("read",), None)
    async with serving(house) as url, httpx.AsyncClient(base_url=url) as http:
        refused = await http.get("/v1/models")
        paths = [f"/.well-known/oauth-protected-resource{path}" for path in ("", "/mcp")]
        about = [await http.get(path, headers={"Accept": "application/json"}) for path in paths]
    assert refused.status_code == 401
    assert "resource_metadata" not in refused.headers["www-authenticate"]
    assert {answer.status_code for answer in about} <= {401, 404}
