"""A section's text is in the log while a model writes it."""

import asyncio

import pytest
from msgspec import UNSET

from app.agent.ports import Writing
from app.domain import events as e
from app.worker import progress
from benchmarks.depth.rule_model import RuleModel
from tests.steps import until, whole_log
from tests.threads.threaded import Threaded, events

PIECES = ("The length ", "is known, ", "and the height.")


class Writer(RuleModel):
    """Write the second section in pieces, each after the last was told."""

    def __init__(self, told):
        super().__init__()
        self.told = told

    async def fulfil(self, brief, texts, writing=None):
        if brief.task == "section" and "section 1:" in brief.about:
            writing.start()
            writing.think("Which are known?")
            for count, piece in enumerate(PIECES, 1):
                writing.say(piece)
                await until(lambda count=count: self.told(count))
        return await super().fulfil(brief, texts, writing)


async def test_readers_see_a_section_grow_as_its_model_writes(house, monkeypatch):
    monkeypatch.setattr(progress, "FIRST_TEXT", 0.05)
    monkeypatch.setattr(progress, "MAX_INTERVAL", 0.05)

    async def told(count):
        return len(texts_of(await whole_log(house.engine, job.id))) >= count

    threaded = Threaded(house, names=1, long=2_000, model=Writer(told))
    job = await threaded.submitted()
    await threaded.run()

    rows = await whole_log(house.engine, job.id)
    shown = ""
    for event in texts_of(rows):
        assert event.start in (len(shown) or UNSET, UNSET)
        shown = shown[: event.start or 0] + event.said
    assert shown == "".join(PIECES)
    assert len(texts_of(rows)) == len(PIECES)
    await asyncio.sleep(0)


def texts_of(rows):
    """The reports that brought text."""
    return [event for event in events(rows, e.CallProgressed) if event.said is not UNSET]


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Rain fell", "Rain fell"),
        ("<think>Which month? ", ""),
        ("<think>Which month?</think>Rain fell", "Rain fell"),
        ("Which month?</think>Rain", "Rain"),
        ("```markdown\nRain\x00", "Rain"),
        ("x" * 90_000, "x" * 40_000),
    ],
)
def test_thoughts_and_fences_are_not_shown(said, shown):
    assert progress.shown_text(said) == shown


def test_a_reply_that_begins_again_takes_back_what_was_told():
    writing = Writing()
    told = progress._Progress("1/section/1.2", writing)
    writing.start()
    writing.say("Rain fell")
    first = told.event()
    writing.say(" late.")
    second = told.event()
    writing.start()
    writing.say("It snowed.")

    assert (first.said, first.start) == ("Rain fell", UNSET)
    assert (second.said, second.start) == (" late.", 9)
    assert (told.event().said, told.event()) == ("It snowed.", None)
