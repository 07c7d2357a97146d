"""Pair true sentences with false ones made of them by rule.

The true ones are written for these tests. A page is one sentence of each group. Each rule of a kind changes
one thing in a sentence that has it; a control says the same as its sentence in another way.
"""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise

Rule = Callable[[str], str | None]

# Two names and a month.
NAMED = {
    "en": """In June 1871 Lund bought the salt works at Falkenau from Bergen.
Anna Holm defeated Karl Brandt in the mayor's election of March 1902.
The council of Visby lent its fire engine to Ronne in August 1911.
In May 1956 the Orion company sold its shipyard to the Nordal company.
Greta Lindqvist succeeded Oskar Weil as keeper of the archive in January 1934.
Tarvo invaded the island of Senja in October 1808.
In April 1987 the museum in Halden returned the painting to Kalmar.
Peter Ahlgren taught Maria Sund to weave in February 1888.
The Arden river flows into the Brenta, which floods each November.
In July 1923 Hanko overtook Vaasa as the busiest port of the gulf.
Elsa Roth hired the architect Jonas Meyer in September 1949.
The Kestrel expedition rescued the crew of the Heron in December 1899.""",
    "de": """Im Juni 1871 kaufte Lund die Saline von Falkenau der Stadt Bergen ab.
Anna Holm besiegte Karl Brandt bei der Bürgermeisterwahl im März 1902.
Der Rat von Visby lieh seine Feuerspritze im August 1911 an Ronne aus.
Im Mai 1956 verkaufte die Firma Orion ihre Werft an die Firma Nordal.
Greta Lindqvist folgte im Januar 1934 Oskar Weil als Leiterin des Archivs nach.
Tarvo besetzte die Insel Senja im Oktober 1808.
Im April 1987 gab das Museum in Halden das Gemälde an Kalmar zurück.
Peter Ahlgren lehrte Maria Sund im Februar 1888 das Weben.
Der Fluss Arden mündet in die Brenta, die jeden November über die Ufer tritt.
Im Juli 1923 überholte Hanko die Stadt Vaasa als wichtigster Hafen des Golfs.
Elsa Roth beauftragte im September 1949 den Architekten Jonas Meyer.
Die Expedition von Kestrel rettete im Dezember 1899 die Mannschaft von Heron.""",
}
# Two numbers and a unit.
COUNTED = {
    "en": """The tramway grew from 12 km in 1890 to 31 km in 1905.
The upper mill ground 40 tonnes of flour a day and the lower mill 65 tonnes.
The crossing took 9 hours in 1870 and 5 hours in 1910.
Of the ewes 62 percent survived the winter, of the lambs 38 percent.
The first bell weighs 810 kg and the second bell weighs 455 kg.
The fee rose from 14 dollars for residents to 22 dollars for visitors.
The lake is 48 km long and 7 km wide at its mouth.
The old turbine gave 3 megawatts and the new turbine gives 11 megawatts.
The siege of the castle lasted 19 days and the siege of the town 44 days.
The northern tunnel cost 85 euros a metre and the southern tunnel 130 euros.
The choir had 27 members in 1931 and 54 members in 1938, aged 16 years on average.
The herring catch was 900 tonnes in the east and 350 tonnes in the west.""",
    "de": """Die Straßenbahn wuchs von 12 km im Jahr 1890 auf 31 km im Jahr 1905.
Die obere Mühle mahlte 40 Tonnen Mehl am Tag und die untere Mühle 65 Tonnen.
Die Überfahrt dauerte 1870 noch 9 Stunden und 1910 nur 5 Stunden.
Von den Mutterschafen überlebten 62 Prozent den Winter, von den Lämmern 38 Prozent.
Die erste Glocke wiegt 810 kg und die zweite Glocke wiegt 455 kg.
Die Gebühr stieg von 14 Dollar für Einwohner auf 22 Dollar für Besucher.
Der See ist 48 km lang und an der Mündung 7 km breit.
Die alte Turbine lieferte 3 Megawatt und die neue Turbine liefert 11 Megawatt.
Die Belagerung der Burg dauerte 19 Tage und die Belagerung der Stadt 44 Tage.
Der nördliche Tunnel kostete 85 Euro je Meter und der südliche Tunnel 130 Euro.
Der Chor hatte 1931 genau 27 und 1938 bereits 54 Mitglieder, im Mittel 16 Jahre alt.
Der Heringsfang betrug 900 Tonnen im Osten und 350 Tonnen im Westen.""",
}
# A scale, and a number in words.
SCALED = {
    "en": """Three mines in the district produced 1.3 million tonnes of ore.
Five farms together kept 2.4 thousand sheep on the moor.
Seven bridges were repaired for 6 million crowns.
Four ships carried 12 thousand barrels of cod to the south.
Eleven villages shared a grant of 3.5 billion marks.
Six reservoirs hold 40 million cubic metres of water.
Twelve schools taught 7 thousand pupils before the reform.
Eight orchards yielded 1.8 million crates of pears.
Nine glaciers lost 2 billion tonnes of ice in that decade.
Two foundries cast 5 thousand stoves for the army.
Ten libraries lent 4.2 million books in the first year.
Fifteen kilns fired 30 million bricks for the new quarter.""",
    "de": """Drei Gruben des Bezirks lieferten 1,3 Millionen Tonnen Erz.
Fünf Höfe hielten zusammen 2,4 Tausend Schafe auf dem Moor.
Sieben Brücken wurden für 6 Millionen Kronen repariert.
Vier Schiffe brachten 12 Tausend Fässer Dorsch in den Süden.
Elf Dörfer teilten sich einen Zuschuss von 3,5 Milliarden Mark.
Sechs Stauseen fassen 40 Millionen Kubikmeter Wasser.
Zwölf Schulen unterrichteten vor der Reform 7 Tausend Schüler.
Neunzehn Obstgärten ernteten 1,8 Millionen Kisten Birnen.
Neun Gletscher verloren in jenem Jahrzehnt 2 Milliarden Tonnen Eis.
Zwei Gießereien gossen 5 Tausend Öfen für das Heer.
Zehn Büchereien verliehen im Anfangsjahr 4,2 Millionen Bücher.
Fünfzehn Öfen brannten 30 Millionen Ziegel für das neue Viertel.""",
}
# A hedge, and a word for a part.
HEDGED = {
    "en": """Some potters of the coast may have used shells as moulds.
Many of the letters were probably written by the duke's secretary.
Most dunes on the spit might disappear within a century.
Several witnesses reportedly saw the light above the pass.
Some wells in the plain could run dry during the summer.
Many bats of the cave possibly came from the abandoned quarry.
Most of the coins were allegedly struck in a private workshop.
Several herbs of the garden may lower the pressure of the blood.
Some settlers apparently left the valley because of the plague.
Many trout in the stream are likely descended from farmed fish.
Most tablets of the hoard are presumably copies of older texts.
Several songs of the collection were perhaps invented by its editor.""",
    "de": """Einige Töpfer der Küste könnten Muscheln als Formen benutzt haben.
Viele der Briefe wurden wahrscheinlich vom Sekretär des Herzogs geschrieben.
Die meisten Dünen der Nehrung dürften binnen eines Jahrhunderts verschwinden.
Mehrere Zeugen sahen angeblich das Licht über dem Pass.
Einige Brunnen der Ebene könnten im Sommer trocken fallen.
Viele Fledermäuse der Höhle kamen möglicherweise aus dem alten Steinbruch.
Die meisten der Münzen wurden mutmaßlich in einer Werkstatt geprägt.
Mehrere Kräuter des Gartens senken vielleicht den Druck des Blutes.
Einige Siedler verließen das Tal offenbar wegen der Pest.
Viele Forellen des Bachs stammen vermutlich von Zuchtfischen ab.
Die meisten Tafeln des Fundes sind wohl Abschriften älterer Texte.
Mehrere Lieder der Sammlung wurden vielleicht von ihrem Herausgeber erfunden.""",
}
# A negation, and something compared or ordered.
DENIED = {
    "en": """The stone bridge is longer than the rope bridge and was not damaged by the flood.
Wool exports increased after the toll was lifted, but the guild did not agree.
The summer of 1911 was hotter than that of 1912, and the lake was never closed.
The eastern gate is older than the town wall and has no drawbridge.
Rents fell before the railway came, and nobody was evicted.
The grey seal is heavier than the ringed seal and does not dive in pairs.
Attendance declined after the fire, although the theatre was not closed.
The new ferry is faster than the old ferry and cannot carry lorries.
Rye prices were higher in the spring than in autumn, and no bread was rationed.
The majority of the board supported the merger, which was not published.
The harbour dues dropped when the canal opened, yet the pilots never left.
The winter road is shorter than the summer road and is not marked.""",
    "de": """Die steinerne Brücke ist länger als die Hängebrücke und wurde von der Flut nicht beschädigt.
Die Ausfuhr von Wolle stieg, nachdem der Zoll gefallen war, doch die Zunft stimmte nicht zu.
Der Sommer 1911 war heißer als der von 1912, und der See wurde nie gesperrt.
Das Osttor ist älter als die Stadtmauer und hat keine Zugbrücke.
Die Mieten sanken, bevor die Bahn kam, und niemand wurde vertrieben.
Die Kegelrobbe ist schwerer als die Ringelrobbe und taucht nicht in Paaren.
Der Besuch ging nach dem Brand zurück, obwohl das Theater nicht geschlossen wurde.
Die neue Fähre ist schneller als die alte Fähre und kann keine Lastwagen tragen.
Die Preise für Roggen waren im Frühjahr höher als im Herbst, und Brot wurde nicht zugeteilt.
Die Mehrheit des Rates stimmte dem Zusammenschluss zu, der nicht veröffentlicht wurde.
Die Hafengebühren sanken, als der Kanal eröffnet wurde, doch die Lotsen gingen nie.
Der Winterweg ist kürzer als der Sommerweg und ist nicht markiert.""",
}
GROUPS = (NAMED, COUNTED, SCALED, HEDGED, DENIED)
STRANGERS = ["Ystad", "Moritz Kern", "Selma Dahl", "Tromsdal", "Ulvik", "Rasmus Bohl"]
NAMES = re.compile(
    r"Lund\b|Falkenau|Bergen|Anna Holm|Karl Brandt|Visby|Ronne|Orion|Nordal|Greta Lindqvist|Oskar Weil|Tarvo"
    r"|Senja|Halden|Kalmar|Peter Ahlgren|Maria Sund|Arden|Brenta|Hanko|Vaasa|Elsa Roth|Jonas Meyer|Kestrel"
    r"|Heron"
)
MONTHS = {
    "en": [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    "de": [
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ],
}
WORDS = {
    "en": ["two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"],
    "de": ["zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun", "zehn", "elf", "zwölf"],
}
WORDS["en"] += ["thirteen", "fourteen", "fifteen", "sixteen"]
WORDS["de"] += ["dreizehn", "vierzehn", "fünfzehn", "sechzehn", "siebzehn", "achtzehn", "neunzehn", "zwanzig"]
TURNS = {
    "en": {
        "longer": "shorter", "increased": "decreased", "hotter": "colder", "older": "younger", "fell": "rose",
        "heavier": "lighter", "declined": "grew", "faster": "slower", "higher": "lower",
        "majority": "minority", "dropped": "climbed", "shorter": "longer",
    },
    "de": {
        "länger": "kürzer", "stieg": "sank", "heißer": "kälter", "älter": "jünger", "schwerer": "leichter",
        "schneller": "langsamer", "höher": "niedriger", "Mehrheit": "Minderheit", "kürzer": "länger",
        "ging nach dem Brand zurück": "nahm nach dem Brand zu", "Mieten sanken": "Mieten stiegen",
        "gebühren sanken": "gebühren stiegen",
    },
}  # fmt: skip
UNITS = {
    "en": {
        "km": "miles", "tonnes": "pounds", "hours": "days", "percent": "tonnes", "kg": "pounds",
        "dollars": "euros", "megawatts": "kilowatts", "days": "weeks", "euros": "dollars", "years": "months",
    },
    "de": {
        "km": "Meilen", "Tonnen": "Pfund", "Stunden": "Tage", "Prozent": "Tonnen", "kg": "Pfund",
        "Dollar": "Euro", "Megawatt": "Kilowatt", "Tage": "Wochen", "Euro": "Dollar", "Jahre": "Monate",
    },
}  # fmt: skip
SCALES = {
    "en": {"million": "billion", "thousand": "million", "billion": "million"},
    "de": {"Millionen": "Milliarden", "Tausend": "Millionen", "Milliarden": "Millionen"},
}
ZEROS = {"thousand": 3, "Tausend": 3, "million": 6, "Millionen": 6, "billion": 9, "Milliarden": 9}
END = re.compile(r",? (?:and|und|but|doch|yet|although|obwohl)\b|\.\Z")
PARTS = {
    "en": r"\b(?:Some|Many|Most|Several)\b(?: of)?",
    "de": r"\b(?:Einige|Viele|Die meisten|Mehrere)\b",
}
HEDGES = {
    "en": {
        "may have used": "used", "may lower": "lower", "might disappear": "disappear", "could run": "run",
        **dict.fromkeys(
            ["probably ", "reportedly ", "possibly ", "allegedly ", "apparently ", "likely ", "presumably ",
             "perhaps "],
            "",
        ),
    },
    "de": {
        "könnten Muscheln als Formen benutzt haben": "benutzten Muscheln als Formen",
        "dürften binnen eines Jahrhunderts verschwinden": "verschwinden binnen eines Jahrhunderts",
        "könnten im Sommer trocken fallen": "fallen im Sommer trocken",
        **dict.fromkeys(
            ["wahrscheinlich ", "angeblich ", "möglicherweise ", "mutmaßlich ", "vielleicht ", "offenbar ",
             "vermutlich ", "wohl "],
            "",
        ),
    },
}  # fmt: skip
DENIALS = {
    "en": {
        "was not": "was", "did not agree": "agreed", "was never": "was", "has no": "has a",
        "nobody": "everybody",
        "does not dive": "dives", "cannot": "can", "no bread": "bread", "never left": "left", "is not": "is",
    },
    "de": {
        "nicht ": "", "nie ": "", "keine ": "eine ", "niemand": "jemand", "gingen nie": "gingen fort",
    },
}  # fmt: skip
VERBS = {
    "en": r"\b(was|were|is|are|can|may|might|could|had|took|has)\b",
    "de": r"\b(war|waren|wurde|wurden|ist|sind|kann|hatte|hielten|fassen|wiegt|dauerte)\b",
}


def pages(language: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each page with its sentences, one of each group."""
    for sentences in zip(*(group[language].splitlines() for group in GROUPS), strict=True):
        yield " ".join(sentences), list(sentences)


def first(changes: dict[str, str]) -> Rule:
    """Make a rule that swaps the first known word for another."""

    def rule(sentence: str) -> str | None:
        for old, new in changes.items():
            pattern = rf"(?<!\w){re.escape(old)}" + ("" if old[-1] in " ." else r"(?!\w)")
            if re.search(pattern, sentence) or (old == "gebühren sanken" and old in sentence):
                return re.sub(pattern if re.search(pattern, sentence) else old, new, sentence, count=1)
        return None

    return rule


def swapped(pattern: str | re.Pattern[str]) -> Rule:
    """Make a rule that exchanges the first two different things that match."""

    def rule(sentence: str) -> str | None:
        found = list(re.finditer(pattern, sentence))
        pairs = [(a, b) for a, b in pairwise(found) if a[0] != b[0]]
        if not pairs:
            return None
        a, b = pairs[0]
        return sentence[: a.start()] + b[0] + sentence[a.end() : b.start()] + a[0] + sentence[b.end() :]

    return rule


def another_name(sentence: str) -> str | None:
    found = NAMES.search(sentence)
    if not found:
        return None
    stranger = next(name for name in STRANGERS if (" " in name) == (" " in found[0]))
    return sentence.replace(found[0], stranger, 1)


def other_number(language: str) -> Rule:
    words = WORDS[language]

    def rule(sentence: str) -> str | None:
        head, _, rest = sentence.partition(" ")
        known = head.lower() in words[:-1]
        return f"{words[words.index(head.lower()) + 1].title()} {rest}" if known else None

    return rule


def denied(language: str) -> Rule:
    """Negate the first auxiliary verb of a sentence without negation."""

    def rule(sentence: str) -> str | None:
        if first(DENIALS[language])(sentence):
            return None
        told = re.sub(VERBS[language], r"\1 not" if language == "en" else r"\1 nicht", sentence, count=1)
        return told if told != sentence else None

    return rule


def rules(language: str) -> dict[str, Rule]:
    """Name each kind of falsehood and its rule."""
    months = MONTHS[language]
    following = dict(zip(months, [*months[1:], months[0]], strict=True))
    everything = "All" if language == "en" else "Alle"
    return {
        "negation put in": denied(language),
        "negation taken out": first(DENIALS[language]),
        "number in words": other_number(language),
        "month": first(following),
        "unit": first(UNITS[language]),
        "scale": first(SCALES[language]),
        "numbers swapped": lambda text: swapped(r"\b\d+\b")(text) if text in COUNTED[language] else None,
        "names swapped": swapped(NAMES),
        "comparison reversed": first(TURNS[language]),
        "another name": another_name,
        "some to all": lambda text: (
            re.sub(PARTS[language], everything, text, count=1) if re.match(PARTS[language], text) else None
        ),
        "hedge dropped": first(HEDGES[language]),
    }


def false_pairs(language: str) -> Iterator[tuple[str, str, str, str]]:
    """Yield kind, page, true sentence, false sentence."""
    for kind, rule in rules(language).items():
        for page, sentences in pages(language):
            for sentence in sentences:
                told = rule(sentence)
                if told is not None and told != sentence:
                    yield kind, page, sentence, told


def controls(language: str) -> Iterator[tuple[str, str, str]]:
    """Yield a rewording's name, the page, and an equivalent sentence."""
    begin = "According to the town's chronicle, " if language == "en" else "Der Chronik zufolge gilt: "
    for page, sentences in pages(language):
        for sentence in sentences:
            starts_with_name = NAMES.match(sentence) is not None or language == "de"
            head = sentence[0] if starts_with_name else sentence[0].lower()
            yield "verbatim", page, sentence
            yield "with a beginning", page, begin + head + sentence[1:]
            yield (
                "without its end",
                page,
                re.split(r",? (?:and|und|but|doch|yet|although|obwohl)\b", sentence)[0] + ".",
            )
            for told in respelled(sentence, language):
                yield "respelled", page, told


def respelled(sentence: str, language: str) -> Iterator[str]:
    """Yield the sentence with its numbers in another spelling."""
    words = WORDS[language]
    head, _, rest = sentence.partition(" ")
    if head.lower() in words:
        yield f"{words.index(head.lower()) + 2} {rest}"
    found = re.search(rf"(\d+)(?:[.,](\d))? ({'|'.join(ZEROS)})\b", sentence)
    if found:
        value = round(float(f"{found[1]}.{found[2] or 0}") * 10 ** ZEROS[found[3]])
        yield sentence.replace(found[0], f"{value:,}" if language == "en" else f"{value:,}".replace(",", "."))
    if "percent" in sentence or "Prozent" in sentence:
        yield sentence.replace(" percent", " %").replace("Prozent", "%")
