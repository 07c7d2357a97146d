"""List numbers, scales and months as words, by language."""

from itertools import product

from app.text.numeral_tables import dutch, hundreds, italian, portuguese

_EN = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
_EN_TO_19 = f"{_EN} seventeen eighteen nineteen".split()
_EN_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_EN_ORDINALS = [
    "-",
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
]
_DE = (
    "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn"
)
_DE_TO_19 = f"{_DE} siebzehn achtzehn neunzehn".split()
_DE_TENS = ["zwanzig", "dreißig", "vierzig", "fünfzig", "sechzig", "siebzig", "achtzig", "neunzig"]
_FR = "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize"
_FR_TENS = {20: "vingt", 30: "trente", 40: "quarante", 50: "cinquante", 60: "soixante"}
_ES = """cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis
    diecisiete dieciocho diecinueve veinte veintiuno veintidós veintitrés veinticuatro veinticinco veintiséis
    veintisiete veintiocho veintinueve"""
_ES_HUNDREDS = "doscient trescient cuatrocient quinient seiscient setecient ochocient novecient"
_RU = """ноль один два три четыре пять шесть семь восемь девять десять одиннадцать двенадцать тринадцать
    четырнадцать пятнадцать шестнадцать семнадцать восемнадцать девятнадцать двадцать"""

_RU_TENS = "тридцать сорок пятьдесят шестьдесят семьдесят восемьдесят девяносто"
_RU_ORDINALS = """перв втор трет четверт пят шест седьм восьм девят десят одиннадцат двенадцат тринадцат
    четырнадцат пятнадцат шестнадцат семнадцат восемнадцат девятнадцат двадцат"""


def _english() -> dict[str, int]:
    found = {word: value for value, word in enumerate(_EN_TO_19)}
    found |= {word: value for value, word in enumerate(_EN_ORDINALS) if value}
    for tens, word in enumerate(_EN_TENS, 2):
        found |= {word: 10 * tens, f"{word[:-1]}ieth": 10 * tens}
        found |= {f"{word}-{_EN_TO_19[one]}": 10 * tens + one for one in range(1, 10)}
        found |= {f"{word}-{_EN_ORDINALS[one]}": 10 * tens + one for one in range(1, 10)}
    return found | {"dozen": 12, "both": 2, "twice": 2, "hundred": 100, "thousand": 1000}


def _german() -> dict[str, int]:
    found = {word: value for value, word in enumerate(_DE_TO_19)}
    for (tens, word), one in product(enumerate(_DE_TENS, 2), range(10)):
        ones = "ein" if one == 1 else _DE_TO_19[one]
        found[f"{ones}und{word}" if one else word] = 10 * tens + one
    ordinals = {
        f"{word}{'t' if value < 20 else 'st'}{end}": value
        for word, value in found.items()
        for end in ("e", "en", "er", "es", "em")
        if value > 3
    }
    for end in ("e", "en", "er", "es", "em"):
        ordinals |= {f"zweit{end}": 2, f"dritt{end}": 3, f"siebt{end}": 7, f"acht{end}": 8}
    large = hundreds(found, "hundert", "tausend", "und", {"eins": "ein"})
    return found | ordinals | large | {"beide": 2, "beiden": 2, "dutzend": 12, "dreissig": 30}


def _french() -> dict[str, int]:
    found = {word: value for value, word in enumerate(_FR.split())} | {"les-deux": 2}
    found |= {"dix-sept": 17, "dix-huit": 18, "dix-neuf": 19, "quatre-vingts": 80}
    for tens, word in _FR_TENS.items():
        found |= {word: tens, f"{word}-et-un": tens + 1}
        found |= {f"{word}-{_FR.split()[one]}": tens + one for one in range(2, 10)}
    ordinals = {"cinq": "cinquième", "neuf": "neuvième", "dix-neuf": "dix-neuvième"}
    return (
        {"cent": 100, "cents": 100, "mille": 1000}
        | found
        | {
            ordinals.get(word, f"{word.removesuffix('e').removesuffix('s')}ième"): value
            for word, value in found.items()
            if value > 1
        }
    )


def _spanish() -> dict[str, int]:
    tens = ["treinta", "cuarenta", "cincuenta", "sesenta", "setenta", "ochenta", "noventa"]
    words = {word: value for value, word in enumerate(_ES.split())}
    words |= {word: value for value, word in zip(range(30, 100, 10), tens, strict=True)}
    ordinals = enumerate(
        ["segund", "tercer", "cuart", "quint", "sext", "séptim", "octav", "noven", "décim"], 2
    )
    hundreds_ = dict(zip(_ES_HUNDREDS.split(), range(200, 1000, 100), strict=True))
    words |= {f"{word}{end}": value for word, value in hundreds_.items() for end in ("os", "as")}
    words |= {"cien": 100, "ciento": 100, "mil": 1000}
    return words | {f"{word}{end}": value for value, word in ordinals for end in "oa"} | {"ambos": 2}


def _russian() -> dict[str, int]:
    words = {word: value for value, word in enumerate(_RU.split())} | {"две": 2, "оба": 2}
    words |= {word: value for value, word in zip(range(30, 100, 10), _RU_TENS.split(), strict=True)}
    for value, word in enumerate(_RU_ORDINALS.split(), 1):
        words |= {
            f"{word}{end}": value for end in ("ый", "ой", "ий", "ая", "ое", "ого", "ому", "ом", "ую", "ым")
        }
    for value, word in enumerate(_RU.split()[5:], 5):  # of, to, with so many
        words[f"{word.removesuffix('ь')}и"] = value
    return words | {"двух": 2, "двумя": 2, "трёх": 3, "трех": 3, "тремя": 3, "четырёх": 4, "четырех": 4}


NUMERALS = {
    "en": _english(),
    "de": _german(),
    "fr": _french(),
    "es": _spanish(),
    "ru": _russian(),
    "it": italian(),
    "pt": portuguese(),
    "nl": dutch(),
}


def _russian_firsts() -> set[str]:
    return {word for word, value in _russian().items() if value < 3 and word[:4] in ("перв", "втор")}


# Words that are numbers too, but mostly something else: a page may mean them so, a claim must not.
DOUBTFUL = {
    "en": frozenset(["zero", "one", "first", "second", "both", "twice", "dozen", "hundred", "thousand"]),
    "de": frozenset(
        [
            "null",
            "eins",
            "acht",
            "achte",
            "achten",
            "achtes",
            "beide",
            "beiden",
            "dutzend",
            "hundert",
            "tausend",
        ]
    ),
    "fr": frozenset(["zéro", "un", "neuf", "six", "deuxième", "quatrième", "cent", "cents", "mille"]),
    "es": frozenset(
        ["cero", "uno", "once", "ambos", "segundo", "segunda", "cuarto", "cuarta", "cien", "ciento", "mil"]
    ),
    "it": frozenset(
        ["zero", "uno", "sei", "secondo", "seconda", "quarto", "quarta", "cento", "mille", "entrambi"]
    ),
    "pt": frozenset(
        ["zero", "um", "uma", "segundo", "segunda", "quarto", "quarta", "cem", "cento", "mil", "ambos"]
    ),
    "nl": frozenset(
        ["nul", "een", "één", "acht", "achtste", "beide", "tweede", "honderd", "duizend", "dozijn"]
    ),
    "ru": frozenset(["ноль", "один", "оба", *_russian_firsts()]),
}

_SCALES = {
    100: "hundred hundert cent cien сто сотен honderd",
    1000: """thousand thousands tausend mille mil mila duizend тыс тысяч тысячи тысяча ألف آلاف हज़ार हजार
        พัน 千""",
    10_000: "万 萬 หมื่น",
    100_000: "lakh lakhs लाख แสน",
    1_000_000: """million millions mio mn m millionen mill millones millón milliónes млн миллион
        миллиона миллионов         مليون ملايين ล้าน 百万 milhão milhões milione milioni miljoen
        miljoenen mln megatonne""",
    10_000_000: "crore crores करोड़ करोड",
    100_000_000: "亿 億",
    1_000_000_000: """billion billions bn mrd milliarde milliarden milliard milliards md mds млрд миллиард
        миллиарда миллиардов مليار مليارات miliardo miliardi mld miljard miljarden bilhão bilhões
        gigatonne""",
    1_000_000_000_000: """trillion trillions tn billionen billón billones bilioni biljoen trilhão trilhões
        трлн триллион триллионов 兆""",
}
SCALES = {word: scale for scale, words in _SCALES.items() for word in words.split()} | {"kilotonne": 1000}
_DOZENS = "dozen dozens dutzend douzaine douzaines docena docenas dozzina dozzine dúzia dúzias dozijn"
DOZENS = frozenset(_DOZENS.split())

_MONTHS = {
    1: "january januar jänner janvier enero января январь январе يناير janeiro gennaio januari जनवरी มกราคม",
    2: "february februar février febrero февраля февраль феврале فبراير fevereiro febbraio फ़रवरी กุมภาพันธ์",
    3: "march märz mars marzo марта март марте مارس março maart मार्च มีนาคม",
    4: "april avril abril апреля апрель апреле أبريل aprile अप्रैल เมษายน",
    5: "may mai mayo мая май мае مايو maio maggio mei मई พฤษภาคม",
    6: "june juni juin junio июня июнь июне يونيو junho giugno जून มิถุนายน",
    7: "july juli juillet julio июля июль июле يوليو julho luglio जुलाई กรกฎาคม",
    8: "august août agosto августа август августе أغسطس augustus अगस्त สิงหาคม",
    9: "september septembre septiembre сентября сентябрь сентябре سبتمبر setembro settembre सितंबर กันยายน",
    10: "october oktober octobre octubre октября октябрь октябре أكتوبر outubro ottobre अक्टूबर ตุลาคม",
    11: "november novembre noviembre ноября ноябрь ноябре نوفمبر novembro नवंबर พฤศจิกายน",
    12: "december dezember décembre diciembre декабря декабрь декабре ديسمبر dezembro dicembre दिसंबर ธันวาคม",
}
_SHORT_MONTHS = ["jan", "feb", "mar", "apr", "-", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
MONTH_NUMBERS = {word: month for month, words in _MONTHS.items() for word in words.split()}
MONTH_NUMBERS |= {word: month for month, word in enumerate(_SHORT_MONTHS, 1) if word != "-"} | {
    "sept": 9,
    "okt": 10,
    "dez": 12,
}
# Month names that are words of their own: only beside a number are they months.
MAYBE_MONTHS = frozenset(["may", "march", "mars", "mar", "mai", "mei", "май", "мае", "dec", "sep", "jan"])
