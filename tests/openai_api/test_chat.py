"""OpenAI's own client, unmodified, against /v1/chat/completions and /v1/models of a real server."""

import json

import openai
import pytest

from tests.steps import until

ASKED = [{"role": "user", "content": "How does water boil?"}]


@pytest.fixture
async def client(server):
    async with openai.AsyncOpenAI(base_url=f"{server}/v1", api_key="none", max_retries=0) as client:
        yield client


async def test_a_completion_is_the_report(client):
    answer = await client.chat.completions.create(model="dossier-quick", messages=ASKED)

    message = answer.choices[0].message
    assert message.content.startswith("Water boils")
    assert answer.choices[0].finish_reason == "stop"
    note = message.annotations[0].url_citation
    assert message.content[note.start_index : note.end_index] == "[1]"
    assert note.url == "https://example.com/a"


async def test_a_stream_shows_progress_then_the_report_then_usage(client):
    stream = await client.chat.completions.create(
        model="dossier-quick", messages=ASKED, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]

    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    assert "".join(delta.content or "" for delta in deltas).startswith("Water boils")
    assert any(getattr(delta, "reasoning_content", "").startswith("Plan: boiling") for delta in deltas)
    assert {chunk.id for chunk in chunks} == {chunks[0].id}
    assert chunks[-1].usage.total_tokens >= 0
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert chunks[0].job_id


async def test_a_dropped_stream_leaves_the_job_running(client, house, http):
    house.model.pause = 0.1
    raw = await client.chat.completions.with_raw_response.create(
        model="dossier-quick", messages=ASKED, stream=True
    )
    job_id = raw.headers["x-job-id"]
    await raw.parse().close()

    async def is_done():
        return (await http.get(f"/jobs/{job_id}")).json()["status"] == "completed"

    await until(is_done)


async def test_a_conversation_is_a_question_with_what_led_to_it(client, http):
    said = [
        {"role": "system", "content": "Answer in German."},
        {"role": "user", "content": "How does water boil?"},
        {"role": "assistant", "content": "At 100 degrees."},
        {"role": "user", "content": [{"type": "text", "text": "And on Everest?"}]},
    ]
    await client.chat.completions.create(model="dossier-quick", messages=said)
    view = (await http.get("/jobs")).json()["jobs"][0]
    assert view["instructions"] == "Answer in German."
    assert view["query"] == (
        "And on Everest?\n\nConversation so far:\nUser: How does water boil?\nAssistant: At 100 degrees."
    )


OPEN_WEBUI_TITLE = """### Task:
Generate a concise, 3-5 word title with an emoji summarizing the chat history.
### Output:
JSON format: { "title": "your concise title here" }
### Chat History:
<chat_history>
USER: How does water boil?
ASSISTANT: At 100 degrees.
</chat_history>"""
OPEN_WEBUI_TAGS = """### Task:
Generate 1-3 broad tags categorizing the main themes of the chat history.
### Chat History:
<chat_history>
USER: How does water boil?
</chat_history>"""
OPEN_WEBUI_NEXT = """### Task:
Suggest 3-5 relevant follow-up questions or prompts that the user might naturally ask next.
### Chat History:
<chat_history>
USER: How does water boil?
</chat_history>"""
LIBRECHAT_TITLE = """Provide a concise, 5-word-or-less title for the conversation, using its same language.
User: How does water boil?
AI: At 100 degrees."""


@pytest.mark.parametrize(
    ("prompt", "answer"),
    [
        (OPEN_WEBUI_TITLE, '{"title": "How does water boil?"}'),
        (OPEN_WEBUI_TAGS, '{"tags": ["Research"]}'),
        (OPEN_WEBUI_NEXT, '{"follow_ups": []}'),
        (LIBRECHAT_TITLE, "How does water boil?"),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_the_side_chats_of_front_ends_start_no_job(client, http, prompt, answer, stream):
    got = await client.chat.completions.create(
        model="dossier-quick", messages=[{"role": "user", "content": prompt}], stream=stream
    )
    if stream:
        text = "".join([chunk.choices[0].delta.content or "" async for chunk in got if chunk.choices])
    else:
        text = got.choices[0].message.content
    assert text == answer
    assert (await http.get("/jobs")).json()["jobs"] == []


async def test_a_cancelled_job_ends_the_stream_with_an_error(client, house, http):
    house.model.pause = 0.3
    stream = await client.chat.completions.create(model="dossier-quick", messages=ASKED, stream=True)
    first = await anext(aiter(stream))
    await http.delete(f"/jobs/{first.job_id}")

    with pytest.raises(openai.APIError, match="cancelled"):
        [chunk async for chunk in stream]


async def test_the_models_are_the_efforts(client):
    names = [model.id async for model in client.models.list()]
    assert names == ["dossier-quick", "dossier-standard", "dossier-deep"]
    assert (await client.models.retrieve("dossier-deep:llama3")).id == "dossier-deep:llama3"
    with pytest.raises(openai.NotFoundError):
        await client.models.retrieve("gpt-5")


async def test_the_stream_ends_with_done(http):
    body = {"model": "dossier-quick", "messages": ASKED, "stream": True}
    raw = (await http.post("/v1/chat/completions", json=body)).text
    *chunks, done = [line for line in raw.split("\n") if line.startswith("data: ")]
    assert done == "data: [DONE]"
    assert all(json.loads(chunk[6:])["object"] == "chat.completion.chunk" for chunk in chunks)


@pytest.mark.parametrize("wrong", [2, [1], {"a": 1}])
async def test_several_answers_of_one_job_are_refused(client, wrong):
    with pytest.raises(openai.BadRequestError) as refused:
        await client.chat.completions.create(model="dossier-quick", messages=ASKED, extra_body={"n": wrong})

    assert refused.value.param == "n"
