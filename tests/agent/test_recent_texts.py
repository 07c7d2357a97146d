from app.agent.recent_texts import RecentTexts


def test_a_text_is_made_once_while_it_is_kept():
    recent, made = RecentTexts(100), []
    for key in "abab":
        assert recent.find_or_make(key, lambda key=key: made.append(key) or key * 10) == key * 10
    assert made == ["a", "b"]


def test_what_nobody_looked_at_since_goes_first_when_the_size_is_reached():
    recent = RecentTexts(100)
    recent.keep("old", "o" * 40)
    recent.keep("used", "u" * 40)
    recent.find("old")
    recent.keep("new", "n" * 40)
    assert [recent.find(key) for key in ("old", "used", "new")] == ["o" * 40, None, "n" * 40]


def test_a_text_replaces_the_one_of_its_key():
    recent = RecentTexts(100)
    for size in (90, 20, 70):
        recent.keep("same", "s" * size)
    recent.keep("other", "o" * 30)
    assert recent.find("same") == "s" * 70


def test_a_text_that_is_too_large_is_not_kept():
    recent = RecentTexts(100)
    recent.keep("large", "l" * 101)
    assert recent.find("large") is None
