"""A finished report for people: nothing in it can come to life."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from app.text import report_marks, report_output
from app.text.report_evidence import MAX_SHOWN_REMOVED, evidence
from app.text.report_languages.english import ENGLISH
from app.text.report_style import REPORT_STYLE
from dossier.job_types import Claim, Metrics, ReportPart, Result, SourceView

HOSTILE = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "[click](javascript:alert(1))",
    "[click](data:text/html,<script>)",
    "[click](//evil.example)",
    "[click](/jobs)",
    "![pixel](https://evil.example/p.png)",
    "<javascript:alert(1)>",
    "[9]: javascript:alert(1)\n\n[9]",
    '"><svg onload=alert(1)>',
    "<style>*{}</style><iframe src=https://evil.example>",
    "<a href='https://evil.example' onclick=alert(1) style='color:red'>x</a>",
    "\u202egpj.exe\u2066",
    "nul\0",
    "</main></body><script>",
    "```<script>\n</code><script>\n```",
]


class Page(HTMLParser):
    """What a browser would make of it."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, *attr) for attr in attrs]


def result(
    content="Text [1].", title="A report", *, source_title="A page", url="https://example.com/1", **changes
):
    sources = (
        SourceView(1, url, source_title, "", True),
        SourceView(2, "https://example.com/2", "Only read", "", True),
        SourceView(3, "pydoc:with", "In the corpus", "", True),
    )
    claims = (Claim("Text.", 1, "Text.", 0, 5, 1.0), Claim("Text.", 3, "Text.", 0, 5, 1.0))
    fields = {
        "title": title,
        "final_answer": content,
        "report_url": "/jobs/1/report",
        "stop_reason": "answered",
        "confidence": "high",
        "sources": sources,
        "claims": claims,
        "coverage": 0.75,
        "support": 0.999,
        "removed": (),
        "unverified": (),
        "metrics": Metrics(1.0, 1, 1, 0.0, 1),
    }
    return Result(**fields | changes)


def test_the_markdown_has_title_content_evidence_and_the_sources_that_are_cited():
    text = report_output.markdown(
        result("Text [1].", unverified=("Nobody *knows* [9].",), removed=("[9] …",))
    )

    assert text == (
        "# A report\n\nText [1].\n\n## Evidence\n\n"
        "75 % of its sentences are backed by a quote from a page that was read. "
        "99 % of the citations that were written could be tied to such a quote. "
        "2 citations have a quote; their meaning was not judged; 1 sentence is unverified. "
        "1 citation did not hold and was removed.\n\n- (9) …\n\n"
        "These sentences have no quote:\n\n- Nobody \\*knows\\* (9).\n\n"
        "## Sources\n\n- [1] A page – <https://example.com/1>\n- [3] In the corpus – pydoc:with\n"
    )


@pytest.mark.parametrize("render", [report_output.markdown, report_output.html])
def test_what_was_removed_is_listed_with_its_reason(render):
    reason = "“It was 3.1 metres deep.”: page 5 says 2,9, not 3.1"
    text = render(result("Text [1].", removed=(reason, *(["“x”: y"] * 30))))

    assert "31 citations did not hold and were removed." in text
    assert text.count(reason) == 1
    assert text.count("“x”: y") == MAX_SHOWN_REMOVED - 1


def test_a_report_of_two_authors_says_who_wrote_what():
    parts = (ReportPart("stand_in", 0, 3, 1.0), ReportPart("model", 4, 9, 0.25))

    text = report_output.markdown(replace(result("Two [1]."), parts=parts))

    assert "Part 1 was selected from the pages without the model; 100 % of its sentences are backed." in text
    assert "Part 2 was written by the model; 25 % of its sentences are backed." in text


@pytest.mark.parametrize("written", [report_output.markdown, report_output.html])
def test_nothing_was_selected_from_pages_that_nobody_read(written):
    parts = (ReportPart("stand_in", 0, 3, 0.0),)
    of_pages = replace(result("Two [1]."), written_by="stand_in", parts=parts)
    of_none = replace(of_pages, sources=[replace(source, read=False) for source in of_pages.sources])

    assert "This text was selected from the pages" in written(of_pages)
    assert "selected from the pages" not in written(of_none)


def test_the_html_is_a_whole_document_in_which_a_citation_leads_to_its_source():
    text = report_output.html(result("Text [1] and [2] and `x[1]`."))

    assert text.startswith('<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">')
    assert "<title>A report</title>" in text
    assert 'Text <a href="#source-1" rel="noopener noreferrer nofollow">[1]</a> and [2]' in text
    assert "<code>x[1]</code>" in text
    assert (
        '<li id="source-1" value="1"><bdi>A page</bdi> – <a href="https://example.com/1" rel="noopener'
        in text
    )
    assert '<li id="source-3" value="3"><bdi>In the corpus</bdi> – <code>pydoc:with</code></li>' in text
    assert "source-2" not in text


@pytest.mark.parametrize("form", [report_output.markdown, report_output.html])
def test_a_report_that_stopped_early_and_one_without_evidence_say_so(form):
    text = form(result("Nothing.", claims=(), stop_reason="budget_reached"))

    assert "its budget was used up" in text
    assert "No sentence could be tied to a page that was read." in text
    assert "Sources" not in text


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("Das Wasser kocht bei 100 Grad und wird nicht heißer.", '<article lang="de">'),
        ("بدأ بناء السور في القرن السابع قبل الميلاد.", '<article lang="ar">'),
        ("100 / 200", "<article>"),
    ],
)
def test_the_html_names_the_language_of_the_report(text, begins):
    assert begins in report_output.html(result(text))


@pytest.mark.parametrize(
    ("excerpt", "title"),
    [
        ("Das Wasser kocht bei 100 Grad und wird nicht heißer.", '<bdi lang="de">A page</bdi>'),
        ("بدأ بناء السور في القرن السابع قبل الميلاد.", '<bdi lang="ar">A page</bdi>'),
        ("", "<bdi>A page</bdi>"),
    ],
)
def test_the_html_names_the_language_of_each_source(excerpt, title):
    english = result("The water boils at 100 degrees and gets no hotter [1].")
    source = replace(english.sources[0], content_excerpt=excerpt)

    text = report_output.html(replace(english, sources=(source,), claims=english.claims[:1]))

    assert '<article lang="en">' in text
    assert title in text


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_words_stay_words_in_html(hostile):
    text = report_output.html(
        result(hostile, hostile, source_title=hostile, url=hostile, unverified=(hostile,), removed=(hostile,))
    )

    assert_inert(text)


@given(
    st.lists(
        st.sampled_from([*HOSTILE, "[1]", "\n", "\n\n", "`", "*", "[", "](", ")", "<", "> ", "- "]),
        max_size=12,
    )
)
@settings(deadline=None, max_examples=200)
def test_hostile_words_together_stay_words_in_html(pieces):
    assert_inert(report_output.html(result("".join(pieces), " ".join(pieces))))


def assert_inert(text):
    page = Page(text)
    head = {"html", "head", "meta", "title", "style", "body", "main"}
    assert text.count("<style") == text.count(f"<style>{REPORT_STYLE}</style>") == 1
    assert set(page.tags) <= report_output.TAGS | head
    for tag, name, value in page.attributes:
        assert (tag, name) in {
            *(("a", "href"), ("a", "rel"), ("li", "id"), ("li", "value"), ("section", "id"), ("ol", "start")),
            *(
                ("html", "lang"),
                ("bdi", "lang"),
                ("em", "lang"),
                ("main", "dir"),
                ("meta", "charset"),
                ("meta", "name"),
                ("meta", "content"),
            ),
        }
        if name == "href":
            assert re.match(r"https?://|#source-\d+$", value)
        if name == "rel":
            assert value == report_output.REL
    assert page.tags.count("main") == page.tags.count("title") == 1
    assert "\0" not in text


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_titles_urls_and_sentences_are_escaped_in_markdown(hostile):
    text = report_output.markdown(
        result("Text.", hostile, source_title=hostile, url=hostile, unverified=(hostile,))
    )

    bare = re.sub(r"\\.", "", text.replace("[1]", "").replace("[3]", ""))
    assert not set(bare) & set("<[]`\0\u202e\u2066")
    assert text.count("\n# ") == 0


def test_links_to_other_sites_do_not_tell_where_they_come_from():
    text = report_output.html(result("[a](https://example.com/1)"))

    assert '<a href="https://example.com/1" rel="noopener noreferrer nofollow">a</a>' in text
    assert '<meta name="referrer" content="no-referrer">' in text


def test_a_percentage_is_a_hundred_only_if_it_is_all():
    nearly = report_output.markdown(result(coverage=0.9999, support=0.999))
    assert nearly.count("99 %") == 2
    assert "Each" not in nearly
    assert report_output.markdown(result(coverage=1.0, support=1.0)).count("Each") == 2


BARE = "Sea is blue."
QUOTED = "Das Meer ist blau, sagt er."
MARK = "*(unverified)*"
MARKED = [
    (f"{BARE} Text [1].", (BARE,), f"{BARE} {MARK} Text [1]."),
    ("- **Sea** is `blue` [2].\n- Text [1].", (BARE,), f"- **Sea** is `blue` [2]. {MARK}\n- Text [1]."),
    (f"{BARE} {BARE}", (BARE, BARE), f"{BARE} {MARK} {BARE} {MARK}"),
    (QUOTED, (QUOTED,), f"{QUOTED} {MARK}"),
    ("海是蓝色的。天空也是。", ("海是蓝色的。",), f"海是蓝色的。 {MARK}天空也是。"),
    ("| a | b |\n|---|---|\n| 1 | 2 |", ("1 2",), f"| a | b |\n|---|---|\n| 1 | 2 {MARK} |"),
    ("Text [1].", ("Not in it.", "…", ""), "Text [1]."),
]


@pytest.mark.parametrize(("content", "unverified", "shown"), MARKED)
def test_unverified_sentences_are_marked_where_they_stand(content, unverified, shown):
    assert report_marks.marked(result(content, unverified=unverified), ENGLISH) == shown


def test_partly_supported_sentences_are_marked_in_markdown_and_html():
    claims = (Claim("Text.", 1, "Text.", 0, 5, 1.0, "partly", "only a part"),)
    found = result("Text [1]. More.", claims=claims)

    assert "Text [1]. *(partly supported)* More." in report_output.markdown(found)
    assert '<em lang="en">(partly supported)</em> More.' in report_output.html(found)


def test_a_mark_in_html_names_its_language_and_other_emphasis_none():
    found = result(
        "Das Wasser kocht *nicht* bei 30 Grad.", unverified=("Das Wasser kocht nicht bei 30 Grad.",)
    )

    text = report_output.html(found)

    assert '<em lang="de">(unbelegt)</em>' in text
    assert "<em>nicht</em>" in text


@pytest.mark.parametrize(
    ("verdicts", "words"),
    [
        ((None, None), "2 citations have a quote; their meaning was not judged; 1 sentence is unverified."),
        (("supported", "partly"), "1 of 2 judged are supported by their meaning"),
    ],
)
def test_quoted_supported_and_unverified_are_three_numbers(verdicts, words):
    claims = tuple(Claim("Text.", n, "Text.", 0, 5, 1.0, verdict) for n, verdict in enumerate(verdicts, 1))

    assert words in " ".join(evidence(result(claims=claims, unverified=("More.",))))
