"""Framing around a report is removed, and every style of citation understood."""

import pytest

from app.text import prose


@pytest.mark.parametrize(
    ("content", "left"),
    [
        ("```markdown\n# Title\n\nIt was so [1].\n```", "# Title\n\nIt was so [1]."),
        ("<think>hm [9] so</think>\nIt was so [1].", "It was so [1]."),
        ("So [Source 1]. More [1, p. 3]. Then [ref1]. Now 【2†L1】.", "So [1]. More [1]. Then [1]. Now [2]."),
        ("◁think▷hm [9] so◁/think▷\nIt was so [1].", "It was so [1]."),
        ("So it is [doc1]. And so [Dokument 2].", "So it is [1]. And so [2]."),
        ("The value \\(b[1]\\) is so [2].", "The value \\(b[1]\\) is so [2]."),
        ("The tower is so \\(see [1]\\).", "The tower is so \\(see [1]\\)."),
        ("It was so indeed (1). Another thing (2, 3).", "It was so indeed [1]. Another thing [2][3]."),
        ("Another thing² is here. Area of 5 km² is big.", "Another thing[2] is here. Area of 5 km² is big."),
        ("Formula $a[1]$ is so [2].", "Formula $a[1]$ is so [2]."),
        ("Das war so [1].\n\n## Quellen\n\n[1] History of X. 2020.\n[2] Foo bar\n", "Das war so [1]."),
        ("Voilà ce que c’est [1].\n\n**Références**\n\n1. Histoire\n2. Autre\n", "Voilà ce que c’est [1]."),
        ("事实如此[1]。\n\n参考文献\n\n[1] 历史。\n[2] 某某。\n", "事实如此[1]。"),
        ("So it is ［1］. And 【2】 too.", "So it is [1]. And [2] too."),
        ("Das war so [Quelle 1]. C’est ainsi (source 2).", "Das war so [1]. C’est ainsi [2]."),
        ("$$b[2] = \\frac{1}{2}$$ is so [1].", "$$b[2] = \\frac{1}{2}$$ is so [1]."),
        ("Sources:\n\n- Solar\n- Wind\n\nSo it is [1].", "Sources:\n\n- Solar\n- Wind\n\nSo it is [1]."),
    ],
)
def test_a_report_is_unwrapped_and_its_citations_are_understood(content, left):
    assert prose.write(prose.read(content, set(), {1, 2, 3}), lambda *_: True) == left


def test_each_citation_is_bound_to_its_clause():
    report = prose.read("It was 3.1 percent in Germany [5], and it was 2.7 percent in France [2].", set())

    assert [(clause.numbers) for clause in report.sentences[0].clauses] == [(5,), (2,)]


NOTES = {
    "en": ("## Sources", "Note: the figures are rounded."),
    "de": ("## Quellen", "Hinweis: Die Zahlen sind gerundet."),
    "fr": ("## Références", "Remarque : les chiffres sont arrondis."),
    "es": ("## Fuentes", "Nota: las cifras están redondeadas."),
    "ru": ("## Источники", "Примечание: числа округлены."),
    "ar": ("## المصادر", "ملاحظة: الأرقام مقربة."),
    "zh": ("## 参考资料", "注：数字经过四舍五入。"),
    "ja": ("## 参考文献", "注記：数値は概数です。"),
    "hi": ("## स्रोत", "नोट: संख्याएँ लगभग हैं।"),
    "th": ("## แหล่งอ้างอิง", "หมายเหตุ: ตัวเลขโดยประมาณ"),
}


@pytest.mark.parametrize("language", NOTES)
def test_a_list_of_sources_with_a_note_behind_it_is_taken_out_and_the_note_stays(language):
    heading, note = NOTES[language]
    report = prose.read(f"The lake is deep [1].\n\n{heading}\n\n1. Annals\n2. Atlas\n\n{note}\n", ())

    assert report.own_list
    written = prose.write(report, lambda *_: True)
    assert heading not in written
    assert "Atlas" not in written
    assert note in written
