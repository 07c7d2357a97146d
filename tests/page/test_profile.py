"""Tests share a profile, and none finds what another has left."""

from tests.page.conftest import watching

KEEP = """() => { localStorage.theme = sessionStorage.asked = 'kept'; document.cookie = 'kept=1'; }"""
KEPT = "() => [localStorage.theme, sessionStorage.asked, document.cookie].map(String)"
FULL, EMPTY = ["kept", "kept", "kept=1"], ["undefined", "undefined", ""]


async def test_the_next_reader_finds_an_empty_profile(browser, standing):
    async with watching(browser, standing) as first:
        await first.go("/sign-in")
        await first.page.evaluate(KEEP)
        assert await first.page.evaluate(KEPT) == FULL
        async with watching(browser, standing) as beside:
            await beside.go("/sign-in")
            assert await beside.page.evaluate(KEPT) == EMPTY
        assert await first.page.evaluate(KEPT) == FULL

    async with watching(browser, standing) as second:
        assert second.page.context is first.page.context
        await second.go("/sign-in")
        assert await second.page.evaluate(KEPT) == EMPTY
