"""A judging model is told the claim, and its replies are checked.

The server is a mock.
"""

import json

import pytest

from app.agent.ports import BadReply, JudgedClaim, Judgement
from app.domain.events import Usage
from app.providers.judge import ModelJudge, judgements_of

CLAIMS = (
    JudgedClaim(
        "Sales rose by 3 %.", "Der Umsatz fiel um 3 %.", "Im Mai kam der Bericht. Der Umsatz fiel um 3 %."
    ),
    JudgedClaim("It rained.", "It rained all day.", "It rained all day."),
)
VERDICTS = {
    "verdicts": [
        {"claim": 1, "verdict": "contradicted", "reason": "fell, not rose"},
        {"claim": 2, "verdict": "supported", "reason": ""},
    ]
}
JUDGEMENTS = (Judgement(0, "contradicted", "fell, not rose"), Judgement(1, "supported"))


async def test_a_batch_of_claims_is_one_call_that_shows_claim_quote_and_context(openai_mock):
    openai_mock.play("judging")
    judge = ModelJudge(openai_mock.model())

    reply = await judge.judge(CLAIMS)

    assert reply.judgements == JUDGEMENTS
    assert reply.usage.input_tokens > 0
    assert judge.name == "openai:gpt-4.1-mini"
    [request] = openai_mock.requests
    shown = request["messages"][-1]["content"]
    assert all(text in shown for claim in CLAIMS for text in (claim.text, claim.quote, claim.context))
    assert request["response_format"]["json_schema"]["schema"]["properties"].keys() == {"verdicts"}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(VERDICTS),
        f"<think>One is wrong.</think>\n```json\n{json.dumps(VERDICTS)}\n```",
        json.dumps(VERDICTS["verdicts"]),
        json.dumps(VERDICTS).replace('"claim": 1', '"claim": "1"').replace("contradicted", "Contradicted "),
        json.dumps(
            {"verdicts": [*VERDICTS["verdicts"], {"claim": 7, "verdict": "partly"}, "?", {"claim": 1}]}
        ),
    ],
)
def test_what_is_legal_in_a_reply_is_taken(text):
    assert judgements_of(text, len(CLAIMS), Usage()) == JUDGEMENTS


@pytest.mark.parametrize(
    "text", ["", "All is well.", "{" * 5000, '{"verdicts": [{"claim": 0}]}', "[[[[", '{"verdicts": 3}']
)
def test_a_reply_without_a_verdict_is_refused(text):
    with pytest.raises(BadReply):
        judgements_of(text, len(CLAIMS), Usage())
