"""Strip what surrounds a report: thoughts, a fence, a source list."""

import re

from msgspec import Struct

# The first group, or the second, is a slash where a thought ends.
THOUGHT_TAG = re.compile(r"[<◁](/?)(?i:think|thinking|thought|reasoning)[>▷]|\[(/?)THINK\]")
_FENCE = re.compile(r"[ \t]{0,3}(`{3,9}|~{3,9})[ \t]*(markdown|md|text)?[ \t]*", re.IGNORECASE)
_LISTS = r"""sources? | references? | citations? | bibliography | works\ cited | links
    | (?:list\ of\ )?sources(?:\ (?:used|consulted|cited))? | cited\ sources | reference\ list
    | quellen | quellen(?:verzeichnis|angaben|nachweise?|liste) | literatur | literaturverzeichnis
    | einzelnachweise | verwendete\ quellen | belege | références | sources\ citées | bibliographie
    | liste\ des\ sources | fuentes | referencias | bibliografía | fuentes\ consultadas | fontes | referências
    | fonti | riferimenti | bronnen | bronvermelding | źródła | kaynaklar | источники | литература | ссылки
    | список\ литературы | использованные\ источники | список\ источников | джерела | المصادر | المراجع
    | قائمة\ المصادر | 参考文献 | 参考资料 | 資料來源 | 资料来源 | 数据来源 | 信息来源 | 来源 | 來源
    | 引用来源 | 引用 | 出典 | 参照 | 参考リンク | 情報源 | 출처 | 참고문헌 | 참고\ 자료 | स्रोत | संदर्भ
    | सन्दर्भ | แหล่งอ้างอิง | แหล่งที่มา | อ้างอิง | เอกสารอ้างอิง"""
# A note in brackets may follow, or a second heading: "Sources and further reading".
_LIST = re.compile(
    rf"""[\W\d]{{0,12}}(?:{_LISTS})(?:\s{{0,3}}(?:and|und|et|y|и|&|/)\s{{0,3}}(?:{_LISTS}|notes?
    |further\ reading|anmerkungen|notas))?(?:\W{{0,9}}|\W{{0,6}}[(（][^()（）]{{1,80}}[)）]\W{{0,6}})""",
    re.IGNORECASE | re.VERBOSE,
)
_HEADING = re.compile(r"\s{0,3}(?:#{1,6}\s.{1,120}|\*\*.{1,120}\*\*:?|.{1,80}:)\s*")
_ITEM = re.compile(r"\s*(?:[-*+]\s|\d{1,4}[.)]\s|\||\\?[\[【［]\^?\d{1,4}\\?[\]】］]|.{0,300}://)")
# A whole list in the line of its heading.
_LIST_LINE = re.compile(
    rf"\W{{0,6}}(?:{_LISTS})\W{{0,3}}[:：]\W{{0,6}}\d.{{0,400}}", re.IGNORECASE | re.VERBOSE
)
_RULE_LINE = re.compile(r"\s{0,3}(?:-{3,}|\*{3,}|_{3,})\s*")
_LINE_NUMBER = re.compile(r"\W{0,6}(\d{1,4})")
_FOOTNOTE = re.compile(r"\s{0,3}\[\^\d{1,4}\]:\s")
# An item that can be nothing but a source: its number in brackets comes first.
_NUMBERED_LINE = re.compile(
    r"\s*(?:[-*+]\s{1,3}|\d{1,4}[.)]\s{1,3})?\\?[\[【［]\^?\d{1,4}\\?[\]】］]:?\s{0,3}\S"
)
_ADDRESS = re.compile(r"\s*(?:[-*+]|\d{1,4}[.)]|\\?[\[【［]\^?\d{1,4}\\?[\]】］]).{0,400}://")
AFTERWORD = re.compile(
    r"""[\s>*_#(（【\[]{0,6}(?:note|notes|remark|disclaimer|hinweise?|anmerkung(?:en)?|remarques?|avertissement|notas?
    |observaci[oó]n|aviso|примечани[ея]|замечание|ملاحظات|ملاحظة|تنبيه|注意|附注|備註|备注|说明|說明|注|注記|備考|補足
    |नोट|टिप्पणी|หมายเหตุ|비고|참고)[\s*_]{0,4}[:：]""",
    re.IGNORECASE | re.VERBOSE,
)
MAX_LIST_LINE = 400  # characters of a line of such a list


class Unwrapped(Struct, frozen=True):
    """The report alone, and what was around it."""

    lines: list[str]
    own_list: int  # lines of a list of sources
    thought: int  # characters of what the model thought


def unwrap(content: str, most: int) -> Unwrapped:
    """Strip what is not the report, keeping a bounded number of lines."""
    text = _without_thoughts(content)
    lines = _without_fence(text.split("\n")[:most])
    kept = _without_list(lines)
    return Unwrapped(kept, len(lines) - len(kept), len(content) - len(text))


def _without_thoughts(text: str) -> str:
    """Remove think blocks.

    An unopened end removes everything before it.
    """
    parts, done, opened = list[str](), 0, -1
    for mark in THOUGHT_TAG.finditer(text):
        closes = bool(mark[1] or mark[2])
        at_line = not text[text.rfind("\n", 0, mark.start()) + 1 : mark.start()].strip()
        if closes and opened >= 0:
            parts.append(text[done:opened])
            done, opened = mark.end(), -1
        elif closes and not parts and not done:
            done = mark.end()
        elif not closes and opened < 0 and at_line:
            opened = mark.start()
    rest = "".join((*parts, text[done:]))
    return rest.lstrip("\n") if done else rest


def _without_fence(lines: list[str]) -> list[str]:
    """The lines inside a fence that holds the whole report."""
    first = next((at for at, line in enumerate(lines) if line.strip()), len(lines))
    opening = _FENCE.fullmatch(lines[first]) if first < len(lines) else None
    if opening is None:
        first = next((at for at, line in enumerate(lines[:5]) if _is_report_fence(line)), len(lines))
        opening = _FENCE.fullmatch(lines[first]) if first < len(lines) else None
    if opening is None:
        return lines
    ends = [at for at in range(len(lines) - 1, first, -1) if lines[at].strip() == opening[1]]
    inside = lines[first + 1 : ends[0]] if ends else lines[first + 1 :]
    is_whole = not any(line.strip() for line in lines[ends[0] + 1 :]) if ends else True
    reads = any(line.lstrip().startswith("#") or _SOURCE_NUMBER.search(line) for line in inside)
    if not reads or not (opening[2] or is_whole):
        return lines
    return [*lines[:first], *inside, *(lines[ends[0] + 1 :] if ends else [])]


_SOURCE_NUMBER = re.compile(r"\[\^?\d{1,4}\]")


def _is_report_fence(line: str) -> bool:
    fence = _FENCE.fullmatch(line)
    return bool(fence and fence[2] and fence[2].lower() != "text")


def _without_list(lines: list[str]) -> list[str]:
    """Remove lists of sources, which come from the log instead."""
    out, at = list[str](), 0
    while at < len(lines):
        end = _list_end(lines, at)
        if end:
            at = end
            continue
        out.append(lines[at])
        at += 1
    kept = _without_last(out)
    return kept if len(kept) == len(lines) else _trimmed(kept)


def _without_last(lines: list[str]) -> list[str]:
    """Remove a list without a heading, if it can be nothing else.

    Its lines are the last ones, are numbered from 1 on, and follow a rule, have addresses, or are footnotes.
    """
    end = len(_trimmed(list(lines)))
    if end and len(lines[end - 1]) <= MAX_LIST_LINE and _LIST_LINE.fullmatch(lines[end - 1]):
        return lines[: end - 1]
    first = end
    while first and (not lines[first - 1].strip() or _is_numbered(lines[first - 1])):
        first -= 1
    items = [line for line in lines[first:end] if line.strip()]
    counted = [int(found[1]) for line in items if (found := _LINE_NUMBER.match(line))]
    is_counted = bool(items) and counted == list(range(1, len(items) + 1))
    is_ruled = first > 0 and bool(_RULE_LINE.fullmatch(lines[first - 1]))
    is_list = is_counted and (is_ruled or all("://" in line or _FOOTNOTE.match(line) for line in items))
    return lines[:first] if is_list else lines


def _is_numbered(line: str) -> bool:
    return len(line) <= MAX_LIST_LINE and bool(_NUMBERED_LINE.match(line))


def _trimmed(lines: list[str]) -> list[str]:
    while lines and not lines[-1].strip(" -*_"):
        lines.pop()
    return lines


def _list_end(lines: list[str], at: int) -> int:
    """Return the line after a source list headed at `at`, or 0."""
    line = lines[at]
    is_named = len(line) <= MAX_LIST_LINE and bool(_LIST.fullmatch(line.strip()))
    if not is_named and not (len(line) <= MAX_LIST_LINE and _HEADING.fullmatch(line)):
        return 0
    first = _next(lines, at + 1)
    if first == len(lines) or not _ITEM.match(lines[first]):
        return 0
    end, items, sure = _items(lines, first)
    behind = _next(lines, end)
    is_last = behind == len(lines) or bool(AFTERWORD.match(lines[behind]))
    if is_named and (is_last or sure == items):
        return end
    return (
        end if sure == items and all("://" in lines[n] for n in range(first, end) if lines[n].strip()) else 0
    )


def _next(lines: list[str], at: int) -> int:
    while at < len(lines) and not lines[at].strip():
        at += 1
    return at


def _items(lines: list[str], first: int) -> tuple[int, int, int]:
    """Return a run of items' end, length, and certain sources."""
    at, items, sure = first, 0, 0
    while at < len(lines):
        line = lines[at][:MAX_LIST_LINE]
        if line.strip() and not _ITEM.match(line) and not line.startswith(("  ", "\t")):
            break
        if line.strip() and _ITEM.match(line):
            items += 1
            sure += bool(_NUMBERED_LINE.match(line) or _ADDRESS.match(line) or "://" in line)
        at += 1
    return at, items, sure
