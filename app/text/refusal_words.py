"""Write verbs that deny or report what they govern in plain words.

"refused to", "scheiterte", "a échoué" and their like deny it; "soll … haben" reports it.
"""

import re

_REFUSALS = {
    "en": r"""\b(?:fail(?:s|ed|ing)?|refus(?:e|es|ed|ing)|declin(?:e|es|ed|ing)|neglect(?:s|ed|ing)?
        |omit(?:s|ted|ting)?|ceas(?:e|es|ed|ing)|unable|unwilling)\s{1,3}to\b
        |\b(?:refrain(?:s|ed)?|abstain(?:s|ed)?)\s{1,3}from\b|\bstopped\s{1,3}short\s{1,3}of\b""",
    "de": r"""\b(?:weiger(?:t|te|ten|n)\s{1,3}sich|versäum(?:t|te|ten)(?:\s{1,3}es)?
        |unterließ(?:en)?(?:\s{1,3}es)?
        |lehn(?:t|te|ten)\s{1,3}es\s{1,3}ab|(?:ge)?scheiter(?:t|te|ten|n)|missl(?:ang|angen|ungen|ingt)
        |außerstande|unfähig|verzichtet(?:e|en)?|verweiger(?:t|te|ten))\b""",
    "fr": r"""\b(?:refus(?:e|a|ait|ent|èrent|aient|é|ée|és)\s{1,3}d[e’']|échou(?:e|a|ait|ent|èrent|aient|é)
        |om(?:et|is)\s{1,3}d[e’']|renon(?:ce|ça|cé|cèrent)\s{1,3}à|abst(?:ient|int|enu)\s{1,3}d[e’']|incapables?\s{1,3}d[e’']|cess(?:e|a|ait|é)\s{1,3}d[e’'])""",
    "es": r"""\b(?:se\s{1,3}n(?:egó|egaron|iega|iegan|egaba)\s{1,3}a|rehus(?:ó|aron|a|an|aba)
        |fracas(?:ó|aron|a|an|ado)|incapa(?:z|ces)\s{1,3}de|rechaz(?:ó|aron|a|an)(?=\s{1,3}\w{2,20}[aei]r\b)
        |renunci(?:ó|aron|a)\s{1,3}a|abstuvo\s{1,3}de|dej(?:ó|aron|a|an)\s{1,3}de)\b""",
    "ru": r"""\b(?:отказ(?:ал(?:ся|ась|ись)|ывает(?:ся)|ывают(?:ся)|ывал(?:ся|ась|ись))
        |воздержал(?:ся|ась|ись)|провал(?:ил(?:ся|ась|ись)|ен)
        |переста(?:л|ла|ли))\b""",
}
DENYING = {
    language: re.compile(pattern, re.IGNORECASE | re.VERBOSE) for language, pattern in _REFUSALS.items()
}
# "Er soll gezahlt haben" is hearsay, "Er soll zahlen" is not.
_REPORTED = re.compile(
    r"\bsoll(?:en)?\b(?=[^.;]{1,120}\s(?:haben|sein|worden)\b)|(?<=haben\s)soll(?:en)?\b|(?<=sein\s)soll(?:en)?\b",
    re.IGNORECASE,
)
PLAIN_NEGATION = {"en": " not ", "de": " nicht ", "fr": " pas ", "es": " no ", "ru": " не "}


def plainly_denied(text: str, language: str) -> str:
    """Write "refused to" as the plain negation, "soll … haben" as "angeblich"."""
    for spoken in (language,) if language in DENYING else () if language else ("en", "de"):
        text = DENYING[spoken].sub(PLAIN_NEGATION[spoken], text)
    return _REPORTED.sub("angeblich", text) if language in ("", "de") else text
