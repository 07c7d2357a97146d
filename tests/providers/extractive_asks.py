"""What the extractive model is asked."""

import hashlib

import msgspec

from app.agent.extractive import Extractive
from app.agent.ports import Ask, SeenSource
from app.domain.tools import NextStep

ALL = ("generate_plan", "adapt_plan", "web_search", "read_pages", "write_report", "answer")


YAK = """Yaks
****

A yak is a heavy ox that lives on the high plateau of Tibet.  Herders
drink the milk of the yak, and they burn its dung for warmth.

   yak_stmt ::= "yak" expression

>>> yak.milk()

```
yak = 1

A yak is a variable that is used in this code.

```

The yak is printed by this code of ours:
>>> yak.print() is called in the shell.

- [Yak](http://yak.example) is the best of all the links here.

It was tamed long ago by the people of the plateau.[12] The wild yak [3] is larger than the tame one.

| yak | is | a | table |
"""


YURT = """A yurt is a round tent that nomads carry from pasture to pasture.

Nomads cover the yurt with felt that is made of the wool of sheep and of the yak.
"""


PAGES = {"note:yak": ("Yaks", YAK), "note:yurt": ("Yurts", YURT)}


def digest(text):
    return hashlib.sha256(text.encode()).hexdigest()


def ask_of(query, *, menu=ALL, read=(), effort="standard", **fields):
    """An ask after the pages in `read` were read."""
    sources = tuple(
        SeenSource(n, url, PAGES[url][0], PAGES[url][1][:500], digest(PAGES[url][1]))
        for n, url in enumerate(read, 1)
    )
    fields = {"sources": sources, "plan": (), "turns": (), "step": 1, "goal": "", **fields}
    return Ask(query=query, today="2025-01-01", effort=effort, menu=menu, **fields)


TEXTS = {digest(text): text for _, text in PAGES.values()}


async def next_step(ask, texts=TEXTS):
    reply = await Extractive().next_step(ask, texts)
    assert (reply.usage.cost_usd, reply.usage.input_tokens) == (0.0, 0)
    return msgspec.json.decode(msgspec.json.encode(reply.step), type=NextStep)  # checks every bound


def page_of(text, title="Notes"):
    return {"sources": (SeenSource(1, "note:page", title, text[:500], digest(text)),)}, {digest(text): text}
