"""OpenAI's own client, unmodified, against /v1/responses of a real server."""

import asyncio
import json

import openai
import pytest

from tests.conftest import serving
from tests.steps import until


@pytest.fixture
async def client(server):
    async with openai.AsyncOpenAI(base_url=f"{server}/v1", api_key="none", max_retries=0) as client:
        yield client


async def test_a_response_is_the_report_with_its_citations(client):
    response = await client.responses.create(model="dossier-quick", input="How does water boil?")

    assert response.status == "completed"
    assert response.output_text.startswith("Water boils at 100 degrees Celsius")
    message = response.output[-1].content[0]
    for note in message.annotations:
        assert message.text[note.start_index : note.end_index] in {"[1]", "[2]"}
    assert {note.url for note in message.annotations} == {"https://example.com/a", "https://example.com/b"}
    assert [item.type for item in response.output].count("web_search_call") == 4
    assert (await client.responses.retrieve(response.id)).model_dump() == response.model_dump()


async def test_the_stream_is_in_the_order_that_clients_check(client):
    async with client.responses.stream(model="dossier-quick", input="How does water boil?") as stream:
        events = [event async for event in stream]
        final = await stream.get_final_response()

    assert events[0].type == "response.created"
    assert events[-1].type == "response.completed"
    assert final.output_text.startswith("Water boils")
    numbers = [event.sequence_number for event in events if hasattr(event, "sequence_number")]
    assert numbers == sorted(numbers)


async def test_a_background_response_is_resumed_where_it_was_dropped(client, house):
    house.model.pause = 0.1
    job = await client.responses.create(model="dossier-quick", input="How does water boil?", background=True)
    assert job.status in {"queued", "in_progress"}

    first = []
    stream = await client.responses.retrieve(job.id, stream=True)
    async for event in stream:
        first.append(event)
        if len(first) == 5:
            break
    await stream.close()
    last = first[-1].sequence_number
    rest = [
        event async for event in await client.responses.retrieve(job.id, stream=True, starting_after=last)
    ]
    whole = [event async for event in await client.responses.retrieve(job.id, stream=True)]

    assert [event.to_json() for event in [*first, *rest]] == [event.to_json() for event in whole]
    assert [event.sequence_number for event in whole] == list(range(len(whole)))
    assert whole[-1].type == "response.completed"


async def test_a_stream_created_and_dropped_leaves_the_job_running(client, house):
    house.model.pause = 0.1
    stream = await client.responses.create(model="dossier-quick", input="How does water boil?", stream=True)
    async for event in stream:
        response_id = event.response.id
        break
    await stream.close()

    async def is_done():
        return (await client.responses.retrieve(response_id)).status == "completed"

    await until(is_done)


async def test_a_response_can_be_cancelled(client, house):
    house.model.pause = 0.5
    job = await client.responses.create(model="dossier-deep", input="How does water boil?", background=True)
    await client.responses.cancel(job.id)

    async def is_cancelled():
        return (await client.responses.retrieve(job.id)).status == "cancelled"

    await until(is_cancelled)
    last = [event async for event in await client.responses.retrieve(job.id, stream=True)][-1]
    assert last.type == "response.incomplete"


async def test_a_follow_up_names_the_response_before_and_shows_only_what_is_new(client):
    first = await client.responses.create(model="dossier-quick", input="How does water boil?")
    second = await client.responses.create(
        model="dossier-quick", input="And on Mount Everest?", previous_response_id=first.id
    )

    assert second.previous_response_id == first.id
    assert second.status == "completed"
    assert len(second.output) < len(first.output)
    items = await client.responses.input_items.list(second.id)
    assert items.data[0].content[0].text == "And on Mount Everest?"
    assert [item async for item in await client.responses.input_items.list(second.id, limit=1)] == items.data
    assert (await client.responses.input_items.list(second.id, after=items.data[0].id)).data == []
    with pytest.raises(openai.BadRequestError, match="no input item"):
        await client.responses.input_items.list(second.id, after="msg_x", order="asc")


async def test_a_follow_up_has_limits_and_domains_of_its_own(client, http):
    first = await client.responses.create(model="dossier-quick", input="How does water boil?")
    tools = [{"type": "web_search", "filters": {"allowed_domains": ["example.org"]}}]
    wish = {"model": "dossier-quick", "previous_response_id": first.id, "background": True}
    narrow = await client.responses.create(input="And here?", tools=tools, max_tool_calls=0, **wish)
    plain = await client.responses.create(input="And there?", **wish)
    views = [(await http.get(f"/jobs/{one.id.removeprefix('resp_')}")).json() for one in (narrow, plain)]

    assert views[0]["limits"] == {"max_searches": 0}
    assert views[0]["sources"] == {"allowed_domains": ["example.org"]}
    assert (views[1]["limits"], views[1]["sources"]) == ({}, {})


async def test_the_request_says_effort_domains_and_limits(client, http):
    job = await client.responses.create(
        model="dossier",
        input=[
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": [{"type": "input_text", "text": "Why?"}]},
        ],
        instructions="Write for children.",
        reasoning={"effort": "high"},
        tools=[
            {
                "type": "web_search",
                "filters": {"allowed_domains": ["example.com"]},
                "user_location": {"type": "approximate", "country": "AT"},
            }
        ],
        max_tool_calls=7,
        metadata={"team": "a"},
        temperature=0.3,
        background=True,
    )
    view = (await http.get(f"/jobs/{job.id.removeprefix('resp_')}")).json()

    assert view["effort"] == "deep"
    assert view["sources"] == {"allowed_domains": ["example.com"], "region": "AT"}
    assert view["limits"] == {"max_searches": 7}
    assert view["metadata"] == {"team": "a"}
    assert (view["query"], view["instructions"]) == ("Why?", "Write for children.\nBe brief.")
    assert (job.model, job.reasoning.effort, job.max_tool_calls) == ("dossier-deep", "high", 7)


@pytest.mark.parametrize(
    ("wish", "param"),
    [
        ({"input": "x", "model": "gpt-5"}, "model"),
        ({"input": "x", "store": False, "background": True}, "store"),
        ({"input": "x", "store": "no"}, "store"),
        ({"input": "x", "text": {"format": {"type": "json_object"}}}, "text.format"),
        ({"input": "x", "tool_choice": "required"}, "tool_choice"),
        ({"input": "x", "tool_choice": ["auto"]}, "tool_choice"),
        ({"input": [{"role": "user", "content": [{"type": ["text"], "text": "x"}]}]}, "input[0].content[0]"),
        ({"input": "x", "model": "dossier-quick", "reasoning": {"effort": "high"}}, "reasoning.effort"),
        ({"input": "x" * 4001}, "input"),
        ({"input": []}, "input"),
        ({"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "x"}]}]},
         "input[0].content[0]"),
        ({"input": "x", "previous_response_id": "resp_1"}, "previous_response_id"),
        ({"input": "x", "max_tool_calls": -1}, "max_tool_calls"),
        ({"input": "x", "tools": [{"type": "web_search", "filters": {"allowed_domains": [""]}}]},
         "tools.filters.allowed_domains[0]"),
        ({"input": "x", "tools": [{"type": "web_search", "user_location": {"country": "Austria"}}]},
         "user_location.country"),
    ],
)  # fmt: skip
async def test_what_contradicts_is_refused_in_openais_shape(client, wish, param):
    with pytest.raises(openai.BadRequestError) as refused:
        await client.responses.create(**wish)
    assert refused.value.param == param
    assert refused.value.type == "invalid_request_error"


async def test_a_body_that_is_too_long_is_told_the_bound_of_this_route(http):
    answer = await http.post("/v1/responses", json={"input": "x" * (1 << 20)})

    assert answer.status_code == 413
    assert answer.json()["error"]["message"] == "The body is larger than 1,048,576 bytes."


async def test_what_is_not_served_is_refused_in_openais_shape(client):
    with pytest.raises(openai.NotFoundError, match="No route matches") as missing:
        await client.embeddings.create(model="dossier", input="x")
    with pytest.raises(openai.APIStatusError, match="supports GET") as not_allowed:
        await client.post("/models", cast_to=object)
    assert (missing.value.code, not_allowed.value.code) == ("not_found", "method_not_allowed")


async def test_another_response_is_not_found(client):
    with pytest.raises(openai.NotFoundError) as missing:
        await client.responses.retrieve("resp_00000000000000000000000000000000")
    assert missing.value.code == "job_not_found"


async def test_a_finished_response_cannot_be_cancelled_and_is_not_asked_again(client):
    done = await client.responses.create(model="dossier-quick", input="How does water boil?")
    with pytest.raises(openai.ConflictError) as refused:
        await client.responses.cancel(done.id)
    assert refused.value.response.headers["x-should-retry"] == "false"


async def test_a_deleted_response_is_gone_and_its_job_is_kept(client, http):
    done = await client.responses.create(model="dossier-quick", input="How does water boil?")
    path = f"/v1/responses/{done.id}"

    told = await http.delete(path)
    follow_up = {"input": "And then?", "previous_response_id": done.id}
    refused = [
        await http.delete(path),
        await http.get(path),
        await http.get(f"{path}?stream=true"),
        await http.get(f"{path}/input_items"),
        await http.post(f"{path}/cancel"),
        await http.post("/v1/responses", json=follow_up),
    ]
    kept = (await http.get(f"/jobs/{done.id.removeprefix('resp_')}")).json()

    assert told.json() == {"id": done.id, "object": "response", "deleted": True}
    assert {answer.status_code for answer in refused} == {404}
    assert {answer.json()["error"]["code"] for answer in refused} == {"job_not_found"}
    assert kept["result"]["final_answer"] == done.output_text


async def test_a_response_that_is_deleted_while_it_runs_is_cancelled(client, house, http):
    house.model.pause = 0.5
    job = await client.responses.create(model="dossier-deep", input="How does water boil?", background=True)
    assert await client.responses.delete(job.id) is None

    async def is_cancelled():
        return (await http.get(f"/jobs/{job.id.removeprefix('resp_')}")).json()["status"] == "cancelled"

    await until(is_cancelled)


async def test_a_response_that_is_not_stored_is_answered_once(client, http):
    said = {"model": "dossier-quick", "input": "How does water boil?", "store": False}
    whole = await client.responses.create(**said)
    streamed = [event async for event in await client.responses.create(**said, stream=True)]

    assert (whole.store, whole.status) == (False, "completed")
    assert streamed[0].response.store is streamed[-1].response.store is False
    for response in (whole, streamed[-1].response):
        with pytest.raises(openai.NotFoundError):
            await client.responses.retrieve(response.id)
        assert (await http.get(f"/jobs/{response.id.removeprefix('resp_')}")).status_code == 200


async def test_a_failed_job_is_a_failed_response(client, house):
    from app.errors import ProviderError

    house.model.errors = [ProviderError("auth", "The key is not known.", retryable=False)] * 20
    response = await client.responses.create(model="dossier-quick", input="How does water boil?")
    assert response.status in {"failed", "completed"}
    if response.status == "failed":
        assert response.error.code == "server_error"
        assert "key" in response.error.message


async def test_no_frame_has_an_id_and_no_type_is_our_own(http, client):
    done = await client.responses.create(model="dossier-quick", input="How does water boil?")
    raw = (await http.get(f"/v1/responses/{done.id}?stream=true")).text
    frames = [frame.split("\n") for frame in raw.strip().split("\n\n")]

    assert all(len(frame) == 2 and frame[0].startswith("event: response.") for frame in frames)
    assert all(json.loads(frame[1][6:])["type"] == frame[0][7:] for frame in frames)


async def test_many_readers_of_a_face_get_the_same_frames(house):
    house.model.pause = 0.05
    async with serving(house) as url, openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="none") as client:
        job = await client.responses.create(
            model="dossier-quick", input="How does water boil?", background=True
        )

        async def read():
            stream = await client.responses.retrieve(job.id, stream=True)
            return [event.to_json() async for event in stream]

        found = await asyncio.gather(*(read() for _ in range(10)))
    assert all(one == found[0] for one in found)
    assert json.loads(found[0][-1])["type"] == "response.completed"


async def test_a_structured_answer_is_json_of_the_schema(client):
    schema = {
        "type": "object",
        "properties": {"a": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
        "additionalProperties": False,
    }
    form = {"format": {"type": "json_schema", "name": "x", "schema": schema, "strict": True}}

    response = await client.responses.create(model="dossier-quick", input="boil?", text=form)

    assert json.loads(response.output_text) == {"a": None}
