"""Tell "the largest" from "one of the largest" and "the second largest"."""

import re

_GERMAN_BEST = (
    r"(?:größt|ältest|längst|höchst|tiefst|kleinst|jüngst|neuest|schnellst|wichtigst|bekanntest|beliebtest"
    r"|meist\w{2,20}|best|schlechtest|stärkst|reichst|ärmst|breitest|schwerst|bedeutendst|erfolgreichst"
    r"|teuerst|billigst|häufigst|schönst|modernst|einflussreichst|niedrigst|kürzest)(?:e|en|er|es|em)"
)
_NO_SUPERLATIVE = (
    r"(?!(?:forest|interest|west|east|northwest|southwest|northeast|southeast|guest|request|protest|harvest|contest"
    r"|conquest|invest|honest|modest|arrest|suggest|digest|manifest|tempest|priest|reforest|unrest|detest|latest)\b)"
)
_ENGLISH_BEST = rf"(?:(?:most|least)\s\w{{3,20}}|{_NO_SUPERLATIVE}[a-z]{{3,12}}est|best|worst)"
# A superlative, and the same with a rank or among several.
_SUPERLATIVES = {
    "en": _ENGLISH_BEST,
    "de": _GERMAN_BEST,
    "fr": r"(?:l[ea]s?|du|des)\s(?:plus|moins)\s\w{3,20}|l[ea]s?\s(?:meilleur|pire)e?s?",
    "es": r"(?:el|la|los|las)\s(?:\w{2,20}\s)?(?:más|menos)\s\w{3,20}"
    r"|(?:el|la|los|las)\s(?:mayor|mejor|peor|menor)(?:es)?",
    "it": r"(?:il|la|i|le|più)\s(?:\w{2,20}\s)?(?:più|meno)\s\w{3,20}"
    r"|(?:il|la)\s(?:maggiore?|migliore?|peggiore?)",
    "pt": r"(?:o|a|os|as)\s(?:\w{2,20}\s)?(?:mais|menos)\s\w{3,20}"
    r"|(?:o|a|os|as)\s(?:maior|melhor|pior|menor)(?:es)?",
    "nl": r"(?:groot|oud|lang|hoog|diep|klein|jong|nieuw|snel|belangrijk|bekend|rijk|zwaar)ste",
    "ru": r"сам(?:ый|ая|ое|ые|ого|ой|ых|ым|ому)\s\w{3,20}|(?:крупн|стар|велич|высоч|глубоч)ейш\w{2,3}",
}  # fmt: skip
_RANKS = {
    "en": r"(?:one of|among|amongst|some of) (?:\w{1,12}\s){1,2}"
    r"|(?:second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|\d{1,3}(?:st|nd|rd|th))[\s-]",
    "de": r"(?:eine[rsnm]?\s(?:der|des|von)|zu\sden|unter\sden)\s(?:\w{1,16}\s)?"
    r"|(?:zweit|dritt|viert|fünft|sechst|siebt|acht|neunt|zehnt)-?",
    "fr": r"(?:l['’])?une?\s(?:des|de)\s|parmi\s|deuxième\s|second[e]?\s|troisième\s|quatrième\s",
    "es": r"(?:un[oa]?|algun[oa]s)\s(?:de|entre)\s|entre\s|segund[oa]\s|tercer[oa]?\s|cuart[oa]\s",
    "it": r"un[oa]?\s(?:de\w{1,4}|tra|fra)\s|tra\s|fra\s|second[oa]\s|terz[oa]\s",
    "pt": r"um[a]?\s(?:d[oa]s)\s|entre\s|segund[oa]\s|terceir[oa]\s",
    "nl": r"een van de\s|tot de\s|onder de\s|(?:op een na|tweede|derde)\s",
    "ru": r"од(?:ин|на|но|ним|ной|ного)\sиз\s|среди\s|втор(?:ой|ая|ое)\s|трет(?:ий|ья|ье)\s",
}  # fmt: skip
# "un des plus grands": the article of the superlative is part of the rank.
_AFTER_RANK = {
    "fr": r"(?:les\s)?(?:plus|moins|meilleure?s?|pires?)",
    "es": r"(?:l[oa]s\s)?(?:\w{2,20}\s)?(?:más|menos|mayor(?:es)?|mejores|peores|menores)",
    "it": r"(?:\w{2,20}\s)?(?:più|meno|maggiori|migliori)",
    "pt": r"(?:\w{2,20}\s)?(?:mais|menos|maiores|melhores)",
}  # fmt: skip
_LANGUAGES = tuple(_SUPERLATIVES)
_BARE = {spoken: re.compile(rf"\b(?:{words})\b", re.IGNORECASE) for spoken, words in _SUPERLATIVES.items()}
_RANKED = {
    spoken: re.compile(
        rf"\b(?:{_RANKS[spoken]})(?:{_AFTER_RANK.get(spoken, _SUPERLATIVES[spoken])})\b"
        + (rf"|\b(?:{_RANKS[spoken]})по\s\w{{3,20}}" if spoken == "ru" else ""),
        re.IGNORECASE,
    )
    for spoken in _LANGUAGES
}
_HAN_SUPERLATIVE = re.compile("最[大高长長早老小深快好多重]")
_HAN_RANKED = re.compile("第[二三四五六七八九十2-9][大高长長]|最[大高长長早老小深快好多重][^。，]{0,12}之一")


def outranked(claim: str, page: str, whole: str, language: str) -> str:
    """Return the page's "one of the largest" where a claim drops it.

    Args:
        claim: a sentence of a report.
        page: the nearest sentence of the page.
        whole: the passage around it, which may have the superlative itself.
        language: of the page.
    """
    spoken = language or "en"
    if spoken == "zh":
        ranked, bare = _HAN_RANKED, _HAN_SUPERLATIVE
    elif spoken in _LANGUAGES:
        ranked, bare = _RANKED[spoken], _BARE[spoken]
    else:
        return ""
    there = ranked.search(page)
    if not there or ranked.search(claim) or not bare.search(claim):
        return ""
    return "" if bare.search(ranked.sub(" ", f"{page} {whole}")) else there[0].strip()
