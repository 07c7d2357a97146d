"""LangChain's ChatOpenAI, unmodified, over both protocols of a real server."""

import pytest

pytest.importorskip("langchain_openai", reason="LangChain is not installed: `pip install langchain-openai`.")

from langchain_openai import ChatOpenAI


@pytest.fixture(params=[False, True], ids=["chat completions", "responses"])
def chat(request, server):
    """A chat model of LangChain's on this server."""
    return ChatOpenAI(
        base_url=f"{server}/v1",
        api_key="none",
        model="dossier-quick",
        use_responses_api=request.param,
        max_retries=0,
    )


async def test_a_question_is_answered_with_the_report(chat):
    answer = await chat.ainvoke([("system", "Be brief."), ("human", "How does water boil?")])

    assert answer.text.startswith("Water boils at 100 degrees Celsius")
    assert answer.usage_metadata["total_tokens"] >= 0


async def test_the_stream_is_the_same_report(chat):
    pieces = [piece async for piece in chat.astream("How does water boil?")]

    whole = pieces[0]
    for piece in pieces[1:]:
        whole += piece
    assert whole.text.startswith("Water boils at 100 degrees Celsius")


async def test_a_structured_answer_fits_the_schema(chat):
    schema = {
        "title": "boiling",
        "type": "object",
        "properties": {"degrees": {"anyOf": [{"type": "integer"}, {"type": "null"}]}},
        "required": ["degrees"],
        "additionalProperties": False,
    }
    structured = chat.with_structured_output(schema, method="json_schema", strict=True)

    assert set(await structured.ainvoke("At how many degrees does water boil?")) == {"degrees"}
