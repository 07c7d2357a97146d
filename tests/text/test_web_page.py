"""An HTML page is read without its frame, never without its text."""

import pytest

from app.text.web_page import from_html

MENU = "".join(f"<li><a href=/{n}>Section {n}</a></li>" for n in range(9))
STORY = "<p>Water boils at 100 degrees Celsius at sea level, where the air presses with 101 kPa.</p>" * 3
PAGE = f"""<!doctype html><html lang=en><head><title>Boiling &amp; more</title>
<meta name=author content="A. Yak"><meta property="article:published_time" content="2026-03-01">
<link rel=canonical href="https://example.com/boiling"></head><body>
<header>The Daily Yak <form role=search><button>Find</button></form></header><nav><ul>{MENU}</ul></nav>
<div class=x><ul>{MENU}</ul></div>{{}}
<aside>Subscribe to our letter</aside><div hidden>Cookies?</div><footer>Imprint 2026</footer>
<script>var x = "script words";</script></body></html>"""
FRAME = ("Daily Yak", "Section 3", "Subscribe", "Cookies", "Imprint", "script words", "Find")


@pytest.mark.parametrize(
    "main", ["{}", "<main>{}</main>", "<article>{}</article>", "<div role=main>{}</div>"]
)
def test_menus_and_boxes_beside_the_text_are_left_out(main):
    read = from_html(PAGE.replace("{}", main.format(STORY)).encode())

    assert read.text.count("Water boils at 100 degrees") == 3
    assert not [words for words in FRAME if words in read.text]
    assert read.title == "Boiling & more"
    assert read.metadata == {
        "author": "A. Yak",
        "date": "2026-03-01",
        "language": "en",
        "canonical_url": "https://example.com/boiling",
    }


def test_the_header_of_an_article_and_links_in_its_text_stay():
    body = (
        f"<article><header><h1>On boiling</h1></header>{STORY}<p>See <a href=/a>a</a>, <a href=/b>b</a>.</p>"
    )

    text = from_html(f"<body>{body}</article>".encode()).text

    assert "On boiling" in text
    assert "See a, b." in text


@pytest.mark.parametrize(
    "page",
    [
        f"<body><ul>{MENU}</ul><p>Hi.</p>",  # a page that is a list of links
        "<body><footer>Water boils at 100 degrees Celsius.</footer>",
        "<nav>Water boils at 100 degrees Celsius.",
        "Water boils at 100 degrees Celsius.",
        "<table><tr><td>Water</td><td>100</td></tr></table>",
    ],
)
def test_a_page_that_is_all_frame_is_kept_whole(page):
    assert any(word in from_html(page.encode()).text for word in ("Section 3", "Water"))


def test_several_articles_on_a_page_are_all_read():
    page = "".join(f"<article><h2>Story {n}</h2>{STORY}</article>" for n in range(3))

    text = from_html(f"<body>{page}".encode()).text

    assert all(f"Story {n}" in text for n in range(3))


@pytest.mark.parametrize("page", ["", " ", "<!-- -->", "<html></html>", "<?xml version='1.0'?>"])
def test_a_page_without_text_gives_none(page):
    assert not from_html(page.encode()).text.strip()


def test_a_deep_page_has_its_words():
    assert "deep down" in from_html(b"<div>" * 20_000 + b"deep down" + b"</div>" * 20_000).text


TIMES = "<time datetime=2026-03-01T08:00>8</time> <time datetime=2026-03-01T09:00>9</time>"


@pytest.mark.parametrize(
    ("head", "body", "date"),
    [
        ("<meta itemprop=datePublished content=2019-03-02>", TIMES, "2019-03-02"),
        ("<meta name=citation_publication_date content=2019/03/02>", "", "2019/03/02"),
        (
            '<script type="application/ld+json">{"datePublished": "2019-03-02T10:00"}</script>',
            TIMES,
            "2019-03-02",
        ),
        ("", TIMES, "2026-03-01"),  # all of one day
        ("", f"{TIMES}<time datetime=2025-01-01>another</time>", None),  # of which of them is the page?
        ("", "<time>today</time>", None),
    ],
)
def test_the_date_of_a_page_is_the_one_that_it_is_published_at(head, body, date):
    page = f"<html><head>{head}</head><body>{STORY}{body}</body></html>"

    assert from_html(page.encode()).metadata.get("date") == date
