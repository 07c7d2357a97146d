"""Measure how much of a long job's prompts a provider can cache.

The share of the prompts' tokens that pages take is measured too.
"""

from collections import UserDict
from itertools import pairwise

import pytest

from app.agent.ports import Hit, ModelReply, PageReply, SearchReply
from app.agent.prompts import messages
from app.agent.recent_texts import RecentTexts
from app.agent.turns import ModelCall, input_of
from app.domain import tools
from app.domain.events import Usage
from tests.agent.course import Course, replayed
from tests.scripted import REASONING

ENGLISH = "Water boils at 100 degrees Celsius at sea level. The pressure of the air decides that. "
CHINESE = "水在海平面上的沸点是一百摄氏度。气压决定了这一点。高山上的水在较低的温度下沸腾。"
PAGES = {"English": ENGLISH * 50, "Chinese": CHINESE * 50}
ALL_PAGES = 30_000  # tokens, as the settings say


def counted(text):
    """A model's tokens: four letters of English, one Chinese character."""
    wide = sum(character > "\u2e80" for character in text)
    return wide + (len(text) - wide) // 4


def joined(said):
    return "\0".join(f"{message.role}\0{message.content}" for message in said)


class Endless:
    """Finds two new pages for every query."""

    name, scope = "endless", "web"

    def __init__(self, page):
        self.page = page

    async def search(self, query, limit, **_):
        hits = (Hit(f"https://example.org/{query}/{n}", f"{query} {n}", self.page[:200], 0.5) for n in "ab")
        return SearchReply(tuple(hits))

    async def read(self, url):
        return PageReply(f"{url}. {self.page}")


class Busy:
    """Search and read in turn, keep every prompt, and count its tokens."""

    name = "busy"

    def __init__(self):
        self.asks, self.prompts = [], []

    async def next_step(self, ask, texts):
        prompt = joined(messages(ask, texts))
        self.asks.append(ask)
        self.prompts.append(prompt)
        usage = Usage(input_tokens=counted(prompt), output_tokens=1)
        step = tools.NextStep(REASONING, self.choose(ask))
        return ModelReply(step, usage, prompt_bytes=len(prompt.encode()))

    def choose(self, ask):
        unread = tuple(source.url for source in ask.sources if source.sha256 is None)
        if ask.step == 1:
            return tools.GeneratePlan("boiling", ("look", "read", "write"), ("search", "read"))
        if unread and "read_pages" in ask.menu:
            return tools.ReadPages(unread)
        if "web_search" in ask.menu:
            return tools.WebSearch((f"q{ask.step}",))
        return tools.WriteReport("Water", f"{ENGLISH.partition('.')[0]} [1].", "high")


def shared(one, other):
    """The bytes that two prompts begin with alike."""
    one, other = one.encode(), other.encode()
    parted = (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    return next(parted, min(len(one), len(other)))


def quoted(prompt):
    """The tokens of the pages in a prompt."""
    return sum(counted(part) for part in prompt.split("-----") if " page [" in part[:40])


PLAYED = {}  # such a job takes seconds, and its tests only look at it


@pytest.fixture(params=PAGES)
async def run(request):
    """Play a deep job over pages in one language.

    Returns the model and the course that the job took.
    """
    if request.param not in PLAYED:
        model = Busy()
        course = Course(model, Endless(PAGES[request.param]), query="When does water boil?", effort="deep")
        await course.run()
        PLAYED[request.param] = model, course
    return PLAYED[request.param]


async def test_nine_tenths_of_a_run_of_thirty_turns_are_a_prefix_that_was_sent_before(run):
    prompts = run[0].prompts

    sent = sum(len(prompt.encode()) for prompt in prompts)
    cached = sum(shared(one, other) for one, other in pairwise(prompts))
    assert len(prompts) == 30
    assert cached / sent >= 0.9
    assert all("The question again" in prompt[-600:] for prompt in prompts[1:])
    assert "Left: 30 turns with this one" in prompts[0]


async def test_each_prompt_is_the_one_before_and_more(run):
    for one, other in pairwise(run[0].prompts):
        assert other.startswith(one.rpartition("\n\nThe question again")[0][: len(one) - 1_000])


async def test_the_pages_fit_their_budget_in_tokens_whatever_their_script(run):
    read = quoted(run[0].prompts[-1])

    assert 0.4 * ALL_PAGES <= read <= 1.1 * ALL_PAGES


class LookedAt(UserDict):
    """Texts that note each look at one."""

    def __init__(self):
        super().__init__()
        self.looks = []

    def __getitem__(self, name):
        self.looks.append(name)
        return super().__getitem__(name)


async def test_each_page_is_looked_at_once_for_all_prompts_of_a_job(run):
    model, course = run
    texts, cuts = LookedAt(), RecentTexts(10_000_000)
    texts.data |= course.texts()
    again = [
        "\0".join(f"{m.role}\0{m.content}" for m in messages(ask, texts, cuts=cuts)) for ask in model.asks
    ]

    assert again == model.prompts
    assert sorted(texts.looks) == sorted(source.sha256 for source in model.asks[-1].sources if source.sha256)


async def test_what_a_token_is_follows_from_the_log(run):
    model, course = run

    assert course.job.research.bytes_per_token[0] > 1
    assert model.asks[-1].bytes_per_token == course.job.research.bytes_per_token[: len(model.asks) - 1]
    replayed(course)


async def test_a_job_of_older_rules_is_asked_as_it_was():
    model = Busy()
    course = Course(model, Endless(PAGES["Chinese"]), rules=3, query="When does water boil?", effort="quick")
    await course.run()

    assert all(b"bytes_per_token" not in input_of(ModelCall("1/model", ask)) for ask in model.asks)
    replayed(course)
