"""Recognise sentences that report nothing found, which need no source."""

import re

MAX_ABSENCE = 600  # characters of such a sentence

_PATTERNS = (
    (
        r"\b(?:not|never|n['’]t|nothing|no\s(?:evidence|information|data|sources?|figures?|page|results?|answer"
        r"|details?)"
        r"|none of the (?:sources|pages))\b.{0,80}\b(?:found|available|mentioned?|states?d?|given|gives?"
        r"|contain(?:s|ed)?|say|says|provided?s?|reported|located|identified|specified|cover(?:s|ed)?|answers?)\b"
    ),
    (
        r"\b(?:could|did|was|were|is|are)\s?(?:not|n['’]t)\b.{0,40}"
        r"\b(?:find|found|determined?|established?|verif\w+)\b"
    ),
    (
        r"\b(?:sources?|pages?|documents?|search)\b.{0,60}\b(?:do(?:es)?|did|contains?|gives?|gave|ha[ds]|have|say|said)"
        r"\s(?:not|n['’]t|nothing|no)\b"
    ),
    (
        r"\b(?:nicht|keine?[nrsm]?|nichts|weder)\b.{0,100}\b(?:gefunden|finden|ermittel\w+|genannt|erwähnt|angegeben|verfügbar"
        r"|enthalten|hervor|auffindbar|belegt|bestätigt)\b"
    ),
    r"\b(?:quellen?|seiten?)\b.{0,60}\b(?:nennen|nennt|enthalten|enthält|geben|gibt|sagen|sagt)\b.{0,30}\b(?:nicht|kein\w*)",
    r"\bn(?:e\s|['’])(?:dit|disent|donne|donnent|parle|parlent|contient|contiennent|indique|précise)\w*\s(?:rien|pas|aucun)",
    r"\b(?:aucune?s?|ne|n['’]\w+)\b.{0,80}\b(?:trouvée?s?|disponibles?|mentionn\w+|indiqu\w+|précis\w+|fourni\w*)\b",
    r"\bno\s(?:se\s)?(?:ha[n]?\s)?(?:encontr\w+|hall\w+|hay|mencion\w+|indica\w*|especific\w+|consta\w*|dispon\w+)",
    r"\bnão\s.{0,40}(?:encontr\w+|mencion\w+|dispon\w+)|\bnon\s.{0,40}(?:trovat\w+|menzion\w+|disponibil\w+)",
    r"\b(?:не\s(?:найден\w*|удалось|обнаружен\w*|указан\w*|упомина\w+|содерж\w+|сообща\w+)|нет\s(?:данных|сведений|информации))",
    r"(?:لم|لا|ليس)\s.{0,60}(?:العثور|يُ?عثر|نعثر|تذكر|يذكر|تتوفر|يتوفر|توجد|معلومات)",
    r"(?:未|没有|沒有|无法|無法|并未|並未).{0,20}(?:找到|发现|發現|提及|提到|说明|確認|确认|提供|查到|记载|相关信息|资料)",
    r"(?:見つか|記載され|確認でき|言及され|見当た|示され).{0,6}(?:ません|なかった|ていない|らない)|情報は?(?:なかった|ありません)",
    r"(?:찾을 수 없|발견되지 않|언급되지 않|확인되지 않)",
    r"(?:नहीं|कोई).{0,40}(?:मिल\w*|पाय\w*|उपलब्ध|उल्लेख|बताय\w*)|(?:मिल|पाय|उल्लेख).{0,20}नहीं",
    r"(?:ไม่พบ|ไม่มีข้อมูล|ไม่ได้ระบุ|ไม่ได้กล่าวถึง|ไม่ปรากฏ)",
)
_NOT_FOUND = re.compile("|".join(f"(?:{pattern})" for pattern in _PATTERNS), re.IGNORECASE)
# The subject of such a sentence is what was searched, or that somebody searched.
_SEARCHED = re.compile(
    r"\b(?:sources?|pages?|documents?|search(?:es)?|evidence|information|data|found|find|results?|report|quellen?|seiten?"
    r"|gefunden|finden|belege?|angaben?|suche|sources?|pages?|trouv\w+|information\w*|fuentes?|encontr\w+|hall\w+|página\w*"
    r"|fontes?|trovat\w+|fonti|источник\w*|найден\w*|удалось|данных|сведений|информации)\b|المصادر|العثور|معلومات|نعثر|يعثر|找到"
    r"|来源|來源|资料|页|发现|發現|查到|信息|見つか|情報|資料|ページ|見当た|確認|찾|자료|출처|मिल|स्रोत|जानकारी|पाय|ไม่พบ|ข้อมูล|แหล่ง",
    re.IGNORECASE,
)


def says_not_found(text: str) -> bool:
    """Match a sentence such as "The sources do not say …"."""
    return len(text) <= MAX_ABSENCE and bool(_SEARCHED.search(text) and _NOT_FOUND.search(text))
