"""Every word of the page is in every language's table.

None is written past the tables.
"""

import json
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest

from app.api.page import OVERVIEW, PAGE_VIEWS, WEB_FOLDER
from tests.generated.install import NODE, without_typescript

COMPILER = NODE / "node_modules/typescript/lib/typescript.js"  # from 7 on it is no library
FINDER = Path(__file__).parent / "strings.mjs"
SPOKEN = {"aria-label", "title", "placeholder"}
NAMES = {"Dossier", "API", "DOSSIER"}  # that are the same in every language


def _is_read(text: str) -> bool:
    """Whether it has a word, beside what the server fills in."""
    return re.search(r"[^\W\d_]{2}", re.sub(r"\{\w+\}", "", text)) is not None


class Words(HTMLParser):
    """Collects what a reader sees or hears of an html file."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self._code = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._code += tag == "code"
        self.found |= {value for name, value in attrs if name in SPOKEN and _is_read(value or "")}

    def handle_endtag(self, tag: str) -> None:
        self._code -= tag == "code"

    def handle_data(self, data: str) -> None:
        words = " ".join(data.split())
        if not self._code and _is_read(words):
            self.found.add(words)


def test_no_line_of_a_script_is_wider_than_120():
    wide = [
        f"{path.name}:{number}"
        for path in WEB_FOLDER.glob("*.js")
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if len(line) > 120
    ]

    assert wide == []


@pytest.fixture(scope="module")
def scripts() -> dict[str, object]:
    if reason := without_typescript():
        pytest.skip(reason)
    command = [shutil.which("node"), FINDER, COMPILER, *sorted(WEB_FOLDER.glob("*.js"))]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(run.stdout)


@pytest.fixture(scope="module")
def html() -> set[str]:
    found = {title for _, title, *_ in (*PAGE_VIEWS, OVERVIEW)} | {"Error"}
    for path in WEB_FOLDER.glob("*.html"):
        words = Words()
        words.feed(path.read_text())
        found |= words.found
    return {words for words in found if "{title}" not in words} - NAMES


def test_no_words_are_outside_the_table(scripts):
    assert scripts["outside"] == []


def test_each_language_has_all_words_and_no_others(scripts, html):
    needed = {*scripts["used"], *html}

    assert scripts["tables"]
    for path, table in scripts["tables"].items():
        assert needed - table.keys() == set(), path
        assert table.keys() - needed - NAMES == set(), path


def test_a_translation_keeps_what_is_filled_in(scripts):
    def filled(text: str) -> list[str]:
        return sorted(re.findall(r"\{\d\}", text))

    for table in scripts["tables"].values():
        for english, other in table.items():
            assert other, english
            assert filled(english) == filled(other), english
            assert english.count("|") == other.count("|"), english
