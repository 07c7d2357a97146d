"""List numbers as words in Italian, Portuguese and Dutch."""

from collections.abc import Mapping
from itertools import product

_IT = """zero uno due tre quattro cinque sei sette otto nove dieci undici dodici tredici quattordici quindici
    sedici diciassette diciotto diciannove"""
_IT_TENS = "venti trenta quaranta cinquanta sessanta settanta ottanta novanta"
_IT_ORDINALS = "second terz quart quint sest settim ottav non decim undicesim dodicesim"
_PT = """zero um dois três quatro cinco seis sete oito nove dez onze doze treze catorze quinze dezesseis
    dezessete dezoito dezenove"""
_PT_TENS = "vinte trinta quarenta cinquenta sessenta setenta oitenta noventa"
_PT_HUNDREDS = "duzent trezent quatrocent quinhent seiscent setecent oitocent novecent"
_PT_ORDINALS = "segund terceir quart quint sext sétim oitav non décim"
_NL = """nul een twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien vijftien zestien
    zeventien achttien negentien"""
_NL_TENS = "twintig dertig veertig vijftig zestig zeventig tachtig negentig"
_NL_ORDINALS = "eerste tweede derde vierde vijfde zesde zevende achtste negende tiende elfde twaalfde"


def hundreds(
    known: Mapping[str, int], hundred: str, thousand: str, link: str, short: Mapping[str, str]
) -> dict[str, int]:
    """Write the hundreds and thousands of a language that joins its words."""
    ones = {short.get(word, word): value for word, value in known.items() if 0 < value < 100}
    found = {hundred: 100, thousand: 1000}
    for word, value in ones.items():
        found[f"{word}{thousand}"] = 1000 * value
        if value < 20:
            found[f"{word}{hundred}"] = 100 * value
    for before, times in [("", 1), *((word, value) for word, value in ones.items() if value < 10)]:
        for rest, value in {**ones, **{word: known[word] for word in short}}.items():
            found |= {f"{before}{hundred}{mark}{rest}": 100 * times + value for mark in ("", link)}
    return found


def _with_tens(ones: list[str], tens: list[str]) -> dict[str, int]:
    found = {word: value for value, word in enumerate(ones)}
    return found | {word: 10 * value for value, word in enumerate(tens, 2)}


def italian() -> dict[str, int]:
    """Return Italian number words, joined ones included."""
    ones = _IT.split()
    found = _with_tens(ones, _IT_TENS.split())
    for (value, tens), one in product(enumerate(_IT_TENS.split(), 2), range(1, 10)):
        stem = tens[:-1] if one in (1, 8) else tens
        found[f"{stem}{'tré' if one == 3 else ones[one]}"] = 10 * value + one
    found |= hundreds(found, "cento", "mila", "", {}) | {"mille": 1000}
    del found["mila"]
    ordinals = {f"{word}{end}": value for value, word in enumerate(_IT_ORDINALS.split(), 2) for end in "oa"}
    further = {
        f"{word[:-1]}esim{end}": value for word, value in found.items() if 10 < value <= 100 for end in "oa"
    }
    return further | found | ordinals | {"entrambi": 2, "dozzina": 12}


def portuguese() -> dict[str, int]:
    """Return Portuguese number words."""
    found = _with_tens(_PT.split(), _PT_TENS.split())
    found |= {"uma": 1, "duas": 2, "quatorze": 14, "dezasseis": 16, "dezassete": 17, "dezanove": 19}
    for value, word in enumerate(_PT_HUNDREDS.split(), 2):
        found |= {f"{word}{end}": 100 * value for end in ("os", "as")}
    ordinals = {f"{word}{end}": value for value, word in enumerate(_PT_ORDINALS.split(), 2) for end in "oa"}
    return found | ordinals | {"cem": 100, "cento": 100, "mil": 1000, "ambos": 2, "dúzia": 12}


def dutch() -> dict[str, int]:
    """Return Dutch number words, joined ones included."""
    ones = _NL.split()
    found = _with_tens(ones, _NL_TENS.split())
    for (value, tens), one in product(enumerate(_NL_TENS.split(), 2), range(1, 10)):
        link = "ën" if one in (2, 3) else "en"
        found |= {f"{ones[one]}{mark}{tens}": 10 * value + one for mark in (link, "en")}
    found |= hundreds(found, "honderd", "duizend", "en", {})
    ordinals = {word: value for value, word in enumerate(_NL_ORDINALS.split(), 1) if value > 1}
    ordinals |= {
        f"{word}{'de' if 12 < value < 20 else 'ste'}": value for word, value in found.items() if value > 12
    }
    return found | ordinals | {"één": 1, "beide": 2, "dozijn": 12}
