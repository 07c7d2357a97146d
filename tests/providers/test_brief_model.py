"""Brief models get sections as plain text, all else under a schema.

Both go over chat completions.
"""

import json

import pytest

from app.agent.brief import REPLIES, Brief, BriefPassage, BriefSource
from app.agent.brief_replies import filled, section_of
from app.agent.ports import BadReply
from app.providers.brief_model import LanguageBriefModel
from tests.mocks.openai import completion

PAGE = "The bridge of Arvel is 412 metres long. " * 30
EVIDENCE = (BriefPassage(1, 3, "The bridge is 412 metres long.", "its length"),)
SOURCES = (BriefSource(3, "Bridges", "https://example.com/a", sha256="ab"),)


def brief_of(task):
    return Brief(
        task,
        "x",
        "How long is it?",
        "2026-11-26",
        "deep",
        subject="length",
        sources=SOURCES,
        evidence=EVIDENCE,
    )


@pytest.fixture
def saying(openai_mock, monkeypatch):
    """Makes the mock answer with a text."""

    def play(text):
        def said(_mock, _request):
            return completion(text)

        monkeypatch.setattr(openai_mock, "profiles", {**openai_mock.profiles, "said": said})
        openai_mock.play("said")
        return LanguageBriefModel(openai_mock.model())

    return play


@pytest.mark.parametrize("task", REPLIES)
async def test_a_structured_task_is_asked_for_under_its_schema(saying, openai_mock, task):
    model = saying("{}")

    reply = await model.fulfil(brief_of(task), {"ab": PAGE})

    [sent] = openai_mock.requests
    schema = sent["response_format"]["json_schema"]["schema"]
    assert set(schema["properties"]) == set(REPLIES[task].__struct_fields__)
    assert reply.text == "{}"
    assert reply.usage.input_tokens


async def test_a_section_is_asked_for_as_plain_text_and_comes_without_thoughts(saying, openai_mock):
    model = saying("<think>What do I know?</think>\nIt is 412 metres long [3].")

    reply = await model.fulfil(brief_of("section"), {})

    [sent] = openai_mock.requests
    assert "response_format" not in sent
    assert "JSON" not in json.dumps(sent["messages"])
    assert section_of(reply.text) == "It is 412 metres long [3]."


async def test_only_an_extraction_is_shown_the_page(saying, openai_mock):
    for task in (*REPLIES, "section"):
        await saying("{}").fulfil(brief_of(task), {"ab": PAGE})

    shown = ["412 metres long. The bridge" in json.dumps(sent["messages"]) for sent in openai_mock.requests]
    assert shown == [task == "extract" for task in (*REPLIES, "section")]


async def test_a_refusal_is_a_bad_reply(openai_mock):
    openai_mock.play("refusal")

    with pytest.raises(BadReply, match="refused"):
        await LanguageBriefModel(openai_mock.model()).fulfil(brief_of("section"), {})


@pytest.mark.parametrize(
    "text",
    ['{"passages": [{"quote": "a", "note": "b"}]}', 'Here: ```json\n{"Passages": {"quote": "a"}}\n``` ok {'],
    ids=["plain", "fenced"],
)
def test_the_object_of_a_reply_is_found(text):
    [passage] = filled(REPLIES["extract"], "extract", text).passages

    assert passage.quote == "a"


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"other": 1}', "{" * 10_000, "[" * 100_000])
def test_a_reply_without_such_an_object_is_refused(text):
    with pytest.raises(ValueError, match="passages"):
        filled(REPLIES["extract"], "extract", text)
