"""A page of nothing but variant characters is folded in place."""

import sys

import pytest

from app.text.verbatim import FoldedText


@pytest.mark.parametrize(
    ("page", "quote", "found"),
    [
        ("Wait… and e\ufb03cient ﬁsh swim.", "efficient fish", "e\ufb03cient ﬁsh"),
        ("ｆｕｌｌ ｗｉｄｔｈ ｌｅｔｔｅｒｓ here", "width letters", "ｗｉｄｔｈ ｌｅｔｔｅｒｓ"),
        ("ﬁ\u0301ne words stand there", "words stand", "words stand"),
    ],
)
def test_other_forms_are_found_where_they_stand(page, quote, found):
    [(start, end)] = FoldedText(page).locate(quote)

    assert page[start:end] == found


@pytest.mark.parametrize("piece", ["…", "ﬁ", "a-", "»", "ﬁ\u0301", "\u00ad", "plain text. "])
def test_the_work_of_folding_grows_with_the_page_and_no_faster(piece):
    def work(times):
        lines = 0

        def count(_frame, event, _arg):
            nonlocal lines
            lines += event == "line"
            return count

        before = sys.gettrace()
        sys.settrace(count)
        try:
            FoldedText(piece * times)
        finally:
            sys.settrace(before)
        return lines

    assert work(4000) < 2.5 * work(2000)
