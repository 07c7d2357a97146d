"""How much of a long run's prompts a provider's cache can hold."""

from itertools import pairwise

from app.agent.ports import Hit, ModelReply, PageReply, SearchReply
from app.agent.prompts import messages
from app.domain import tools
from tests.agent.course import Course
from tests.scripted import REASONING

PAGE = "Water boils at 100 degrees Celsius at sea level. The pressure of the air decides that. " * 40


class Endless:
    """Finds two new pages for every query."""

    name, scope = "endless", "web"

    async def search(self, query, limit, **_):
        hits = (Hit(f"https://example.org/{query}/{n}", f"{query} {n}", PAGE[:200], 0.5) for n in "ab")
        return SearchReply(tuple(hits))

    async def read(self, url):
        return PageReply(f"{url}. {PAGE}")


class Busy:
    """Searches and reads in turn, and keeps every prompt that it was sent."""

    name = "busy"

    def __init__(self):
        self.prompts = []

    async def next_step(self, ask, texts):
        self.prompts.append("\0".join(f"{m.role}\0{m.content}" for m in messages(ask, texts)))
        return ModelReply(tools.NextStep(REASONING, self.choose(ask)))

    def choose(self, ask):
        unread = tuple(source.url for source in ask.sources if source.sha256 is None)
        if ask.step == 1:
            return tools.GeneratePlan("boiling", ("look", "read", "write"), ("search", "read"))
        if unread and "read_pages" in ask.menu:
            return tools.ReadPages(unread)
        if "web_search" in ask.menu:
            return tools.WebSearch((f"q{ask.step}",))
        return tools.WriteReport("Water", "Water boils at 100 degrees Celsius at sea level [1].", "high")


def shared(one, other):
    """The characters that two prompts begin with alike."""
    parted = (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    return next(parted, min(len(one), len(other)))


async def test_nine_tenths_of_a_run_of_thirty_turns_are_a_prefix_that_was_sent_before():
    model = Busy()
    await Course(model, Endless(), query="At how many degrees does water boil?", effort="deep").run()

    prompts = model.prompts
    sent = sum(map(len, prompts))
    cached = sum(shared(one, other) for one, other in pairwise(prompts))
    assert len(prompts) == 30
    assert cached / sent >= 0.9
    assert all("The question again" in prompt[-600:] for prompt in prompts[1:])
    assert "Left: 30 turns with this one" in prompts[0]
