"""A model whose calls cost money."""

from app.agent.ports import ModelReply
from app.domain import events as e
from app.domain import tools
from tests.scripted import PLAN, REASONING, REPORT, ScriptedModel

PRICE = e.Usage(1000, 200, cost_usd=0.02)


class DearModel(ScriptedModel):
    """Each reply costs 2 cents and 1,200 tokens."""

    async def next_step(self, ask, texts, writing=None):
        reply = await super().next_step(ask, texts)
        last = "web_search" not in ask.menu and ask.step > 2
        return ModelReply(tools.NextStep(REASONING, REPORT) if last else reply.step, PRICE)


SEARCHING = (PLAN, *(tools.WebSearch((f"q{n}",)) for n in range(40)))


ASK = tools.Clarify(("Which water?",), ("water",), ("Fresh water.", "At sea level."))
