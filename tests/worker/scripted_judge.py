"""A judge that does what a test says."""

import asyncio

from app.agent.ports import Judgement, JudgeReply
from app.domain.events import Usage


class ScriptedJudge:
    """Refuse claims with one of `lies`, raising any `error` first."""

    name = "scripted-judge"

    def __init__(self, *lies: str, support="contradicted", error=None, pause=0.0):
        self.lies = lies
        self.support = support
        self.error = error
        self.pause = pause
        self.seen = []

    async def judge(self, claims, writing=None):
        self.seen.append(claims)
        await asyncio.sleep(self.pause)
        if self.error:
            raise self.error
        verdicts = [
            Judgement(at, self.support, "it says otherwise")
            if any(lie in claim.text for lie in self.lies)
            else Judgement(at, "supported")
            for at, claim in enumerate(claims)
        ]
        return JudgeReply(tuple(verdicts), Usage(10, 5, cost_usd=0.001))
