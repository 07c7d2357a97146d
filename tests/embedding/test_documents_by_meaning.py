"""Documents are found by what they mean, in whatever language."""

from app.document_finding import DocumentFinder, by_words, fuse
from app.domain.caller import ANYBODY
from app.store import documents
from app.store.passage_search import RankedPassage
from app.store.passage_vectors import NearPassage
from tests.found_passages import find_passages

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


async def test_a_question_that_the_server_refuses_keeps_nobody_elses_from_it(engine, embedding, mock):
    await put_all(engine)
    await embedding.work()
    mock.refused = "very odd"

    refused = await embedding.finder.find(ANYBODY, "a very odd whale", 5)

    assert refused.failure.error_type == "validation"
    assert [hit.url for hit in refused.passages] == ["note:whale"]
    assert await found(embedding, "Auf Meereshöhe?") == ["note:sea"]


async def test_a_vector_that_cannot_be_used_was_paid_for(engine, embedding, mock):
    await put_all(engine)
    await embedding.work()
    mock.play("zeros")

    hits = await embedding.finder.find(ANYBODY, "Auf Meereshöhe?", 5)

    assert hits.failure.error_type == "validation"
    assert (hits.usage.input_tokens, hits.usage.cost_usd > 0) == (40, True)


async def test_both_lists_decide_by_rank(engine, embedding):
    await put_all(engine)
    await embedding.work()

    hits = await embedding.finder.find(ANYBODY, "How high does water boil, Meereshöhe?", 5)

    first, second = hits.passages
    assert (first.url, first.meaning_rank, second.meaning_rank) == ("note:sea", 1, second.meaning_rank)
    assert first.words_rank is not second.words_rank
    assert first.fit > second.fit


async def test_words_alone_keep_their_order_whatever_share_of_the_question_each_has(engine):
    finder = DocumentFinder(engine)
    texts = {f"note:{word}": f"The {word} yak. {word} {word}." for word in ("red", "old", "red old")}
    await put_all(engine, texts)

    ranked = [one.url for one in await find_passages(engine, ANYBODY, "red old yak yurt", 5)]
    hits = await finder.find(ANYBODY, "red old yak yurt", 5)

    assert [hit.url for hit in hits.passages] == ranked
    assert len(ranked) == 3


def test_a_word_in_another_language_does_not_outvote_what_is_near():
    worded = [RankedPassage(1, 0, 9, 0.2, 0.1), RankedPassage(2, 0, 9, 0.2, 0.1)]
    near = [NearPassage(number, 0, 9, 0.9, 100, 0.7, 0.05) for number in (3, 2)]

    assert [one.document_id for one in fuse(worded, near)] == [2, 3, 1]
    assert [one.document_id for one in by_words(worded)] == [1, 2]
