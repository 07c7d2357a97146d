"""Addresses and titles from outside, in one form."""

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.text.urls import MAX_URL, allowed, clean, domain, normalise

WEB = st.builds(
    "{}://{}{}{}{}{}".format,
    st.sampled_from(["http", "https", "HTTP", "hTTps"]),
    st.sampled_from(
        ["example.com", "EXAMPLE.com.", "bücher.de", "[::1]", "127.0.0.1", "a_b.example", "日本.jp"]
    ),
    st.sampled_from(["", ":80", ":443", ":8080", ":"]),
    st.sampled_from(["", "/", "/a b", "/é", "/%c3%a9", "/a//b/", "/x;y=1"]),
    st.text("?&=abutm_source;%#/é +", max_size=30),
    st.sampled_from(["", "#part"]),
)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("HTTP://Example.COM:80", "http://example.com/"),
        ("https://example.com:443/a#part", "https://example.com/a"),
        ("https://example.com:8443/", "https://example.com:8443/"),
        ("https://example.com/?utm_source=x&b=2&gclid=1&a=1", "https://example.com/?b=2&a=1"),
        ("https://example.com/?UTM_Campaign=x&fbclid=2&msclkid=3", "https://example.com/"),
        ("https://example.com/?q=a&q=b&empty=", "https://example.com/?q=a&q=b&empty="),
        ("https://bücher.de/é", "https://xn--bcher-kva.de/%C3%A9"),
        ("https://xn--bcher-kva.de/%c3%a9", "https://xn--bcher-kva.de/%C3%A9"),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"),
        ("  https://example.com./a  ", "https://example.com/a"),
        ("https://en.wikipedia.org/wiki/C_(language)", "https://en.wikipedia.org/wiki/C_(language)"),
        ('https://example.com/"><script>', "https://example.com/%22%3E%3Cscript%3E"),
    ],
)
def test_spellings_of_one_page_come_out_the_same(written, expected):
    assert normalise(written) == expected


@pytest.mark.parametrize(
    "name", ["pydoc:with", "readme:httpx", "file:///docs/a%20b.md", "file:///docs/a b#1.md"]
)
def test_a_name_in_the_corpus_stays_as_it_is(name):
    assert normalise(name) == name


@pytest.mark.parametrize(
    "written",
    [
        "",
        "example.com/page",
        "/jobs/1",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,<script>",
        "mailto:a@example.com",
        "http://user:password@example.com/",
        "https://example.com\\@other.com/",
        "file://user:password@host/x",
        "http://exa\nmple.com/",
        "http://example.com/\0",
        "http://example.com/\u202egpj.exe",
        "http://example.com:99999/",
        "http://example.com:x/",
        "http://[::1/",
        "http://2130706433/",
        "http://127.1/",
        "http:///path",
        "http://%65xample.com/",
        "http://exam ple.com/",
        "http://-.-/",
        "pydoc:",
        "C:\\notes.txt",
        "https://example.com/" + "a" * MAX_URL,
        "https://example.com/" + "é" * (MAX_URL // 2),
    ],
)
def test_what_cannot_be_the_address_of_a_page_is_nothing(written):
    assert normalise(written) == ""


@given(st.one_of(WEB, st.text(max_size=60), st.text("hfilpydoc:/.@?#&=[]%a é", max_size=40)))
@example("http://example.com/?&&")
@settings(deadline=None, max_examples=400)
def test_an_address_in_its_one_form_stays_as_it_is(url):
    once = normalise(url)

    assert normalise(once) == once
    assert len(once) <= MAX_URL
    assert once.isprintable()


@given(st.text(max_size=60))
@settings(deadline=None, max_examples=200)
def test_nothing_from_outside_makes_the_rules_for_addresses_fail(text):
    for url in (text, f"https://{text}", f"https://example.com/{text}"):
        domain(url)
        allowed(url, [text], [text])


def test_the_domain_is_the_host_without_port():
    assert domain("https://Docs.Python.org:8443/3/") == "docs.python.org"
    assert domain("http://[::1]:80/") == "::1"
    assert domain("pydoc:with") == domain("no address") == ""


@pytest.mark.parametrize(
    ("url", "allow", "block", "expected"),
    [
        ("https://example.com/", [], [], True),
        ("https://docs.example.com/", ["example.com"], [], True),
        ("https://notexample.com/", ["example.com"], [], False),
        ("https://example.com.evil.org/", ["example.com"], [], False),
        ("https://docs.example.com/", ["example.com"], ["docs.example.com"], False),
        ("https://example.com/", ["EXAMPLE.COM."], [], True),
        ("https://a.example.com/", [], ["*.example.com"], False),
        ("https://example.com/", [], ["https://example.com/path"], False),
        ("https://bücher.de/", [], ["BÜCHER.de"], False),
        ("https://xn--bcher-kva.de/", ["bücher.de"], [], True),
        ("http://[::1]/", [], ["[::1]"], False),
        ("https://example.com/", ["not a domain"], [], False),
        ("https://example.com/", [], ["not a domain", ""], True),
        ("pydoc:with", ["example.com"], [], True),
        ("javascript:alert(1)", [], [], False),
    ],
)
def test_a_domain_covers_its_subdomains_and_a_blocked_one_wins(url, allow, block, expected):
    assert allowed(url, allow, block) is expected


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("  A \n title\t ", "A title"),
        ("NUL\0 and \x1b[31mred", "NUL and (31mred"),
        ("evil\u202egpj.exe", "evilgpj.exe"),
        ("zero\u200bwidth", "zerowidth"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("see [9]", "see (9)"),
        ("[click](https://evil.example)", "(click)(https://evil.example)"),
        ("<script>alert(1)</script>", "‹script›alert(1)‹/script›"),
        ("&#91;9&#93; &lt;b&gt;", "(9) ‹b›"),
        ("&amp;#91;9&amp;#93;", "＆#91;9＆#93;"),
        ("&\u200b#91;9]", "＆#91;9)"),
        ("Q&A, R&D", "Q&A, R&D"),
        ("half a \ud800 pair", "half a pair"),
    ],
)
def test_a_title_is_a_line_of_text_and_nothing_else(written, expected):
    assert clean(written) == expected


@given(st.text(max_size=80) | st.text("[]()<>&#91;6x \u202e\0`9", max_size=40), st.integers(1, 60))
@settings(deadline=None, max_examples=300)
def test_a_clean_line_is_bounded_and_stays_as_it_is(text, limit):
    line = clean(text, limit)

    assert clean(line, limit) == line
    assert len(line) <= limit
    assert not set(line) & set("[]<>`\n\0")
    assert all(unicodedata.category(c) not in ("Cc", "Cs", "Zl", "Zp") for c in line)
