"""Words that turn a meaning: pairs made by rule from true sentences, which are the controls."""

import pytest

from app.agent import quotes

EN = [
    "The harbour of Lund handled 480 ships in 1999 and 520 ships in 2004.",
    "Exports of timber rose by 12 percent after the canal opened.",
    "Some farmers of the valley may grow barley on the northern slopes.",
    "The old bridge is longer than the new tunnel below the river.",
    "Miners at Falun dug 300 tonnes of copper before the fire of 1687.",
    "Most houses in the town were built of stone after the great flood.",
]
DE = [
    "Der Hafen von Lund fertigte 1999 genau 480 Schiffe ab und 2004 bereits 520.",
    "Die Ausfuhr von Holz stieg um 12 Prozent, nachdem der Kanal eröffnet war.",
    "Einige Bauern des Tals könnten an den nördlichen Hängen Gerste anbauen.",
    "Die alte Brücke ist länger als der neue Tunnel unter dem Fluss.",
    "Bergleute in Falun förderten 300 Tonnen Kupfer vor dem Brand von 1687.",
    "Viele Häuser der Stadt wurden nach der großen Flut aus Stein gebaut.",
]
FALSE = [
    ("480 ships in 1999 and 520", "520 ships in 1999 and 480"),
    ("rose", "fell"),
    ("Some farmers", "All farmers"),
    ("may grow", "grow"),
    ("longer", "shorter"),
    ("before", "after"),
    ("Most houses", "All houses"),
    ("were built", "were not built"),
    ("handled 480", "never handled 480"),
    ("12 percent", "21 percent"),
    ("northern", "southern"),
    ("480 Schiffe ab und 2004 bereits 520", "520 Schiffe ab und 2004 bereits 480"),
    ("stieg", "sank"),
    ("Einige Bauern", "Alle Bauern"),
    ("länger", "kürzer"),
    ("vor dem", "nach dem"),
    ("Viele Häuser", "Alle Häuser"),
    ("wurden nach", "wurden nicht nach"),
    ("12 Prozent", "21 Prozent"),
    ("300 Tonnen", "dreißig Tonnen"),
]


def find(claim, page, language):
    asked = quotes.claimed(claim, language, spoken=language)
    return quotes.IndexedPage(page, asked.stems, 100_000, language).find(asked)


@pytest.mark.parametrize(("true", "false"), FALSE)
def test_a_turned_sentence_is_refused(true, false):
    language, texts = ("en", EN) if any(true in text for text in EN) else ("de", DE)
    [sentence] = [text for text in texts if true in text]

    found = find(sentence.replace(true, false), " ".join(texts), language)

    assert isinstance(found, str), found


@pytest.mark.parametrize("sentence", [*EN, *DE])
def test_the_true_sentence_and_a_paraphrase_of_its_start_are_kept(sentence):
    language, texts = ("en", EN) if sentence in EN else ("de", DE)
    start = "According to the report, " if language == "en" else "Dem Bericht zufolge: "

    for claim in (sentence, start + sentence[0].lower() + sentence[1:]):
        assert isinstance(find(claim, " ".join(texts), language), quotes.FoundQuotes)
