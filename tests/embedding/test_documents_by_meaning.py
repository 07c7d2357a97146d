"""Documents are found by what they mean, in whatever language."""

from app.domain.caller import ANYBODY
from app.store import documents

SEA = "Water boils at 100 degrees at sea level."
PEAK = "Everest is so high that water boils at 70 degrees there."
WHALE = "The blue whale is the largest animal."
TEXTS = {"note:sea": SEA, "note:peak": PEAK, "note:whale": WHALE}


async def put_all(engine, texts=TEXTS, caller=ANYBODY):
    for url, text in texts.items():
        await documents.put(engine, caller, url, url, text)


async def found(embedding, question, *collections, caller=ANYBODY):
    hits = await embedding.finder.find(caller, question, 5, collections)
    return [hit.url for hit in hits.passages]


async def test_a_german_question_finds_the_english_text(engine, embedding):
    await put_all(engine)
    await embedding.work()

    hits = await embedding.finder.find(ANYBODY, "Wie kocht man auf Meereshöhe?", 5)

    [sea] = hits.passages
    assert (sea.url, sea.text, sea.meaning_rank, sea.cosine) == ("note:sea", SEA, 1, 1.0)
    assert hits.embedder == "embedding:m"
    assert hits.failure is None
    assert hits.usage.input_tokens > 0
    assert hits.usage.cost_usd > 0


async def test_both_lists_decide_by_rank(engine, embedding):
    await put_all(engine)
    await embedding.work()

    hits = await embedding.finder.find(ANYBODY, "How high does water boil, Meereshöhe?", 5)

    first, second = hits.passages
    assert (first.url, first.meaning_rank, second.meaning_rank) == ("note:sea", 1, second.meaning_rank)
    assert first.words_rank is not second.words_rank
    assert first.fit > second.fit
