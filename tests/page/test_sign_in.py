"""A real browser signs in at a provider of another site."""

from html import escape
from urllib.parse import urlencode

from msgspec.structs import replace

from app.api.server import listen
from app.store.tenants import add_tenant
from tests.conftest import FAST, TestHouse, serving
from tests.openid_provider import CLIENT, SECRET, openid_provider
from tests.page.conftest import watching
from tests.page.looks import fits


async def test_a_browser_comes_back_with_a_key_that_no_other_site_sends(windowed, database_url):
    with openid_provider() as provider, listen("127.0.0.1", 0) as free:
        port = free.getsockname()[1]
        free.close()
        provider.claimed = {"org": "acme"}
        provider.described = {
            "authorization_endpoint": "https://id.example/authorize",
            "end_session_endpoint": "https://id.example/end",
        }
        settings = replace(
            FAST,
            oidc_issuer=provider.issuer,
            oidc_client_id=CLIENT,
            oidc_client_secret=SECRET,
            oidc_tenant_claim="org",
            oidc_name="Acme",
            public_url=f"http://127.0.0.1:{port}",
        )
        house = TestHouse(settings, database_url)
        async with (
            serving(house, workers=0, port=port),
            watching(windowed, f"http://127.0.0.1:{port}", bypass_csp=True) as watched,
        ):
            await add_tenant(house.engine, "acme")

            async def show(route):
                """Show the provider's own page, of another site, with the way back."""
                back, brought = provider.authorise(route.request.url)
                link = escape(f"{back}?{urlencode(brought)}")
                await route.fulfill(content_type="text/html", body=f'<a href="{link}">Let me in</a>')

            await watched.page.route("https://id.example/**", show)
            await watched.page.goto(f"http://127.0.0.1:{port}/sign-in?next=/jobs")
            await watched.sees("#oidc", "Sign in with Acme")
            await fits(watched.page, "sign-in")
            await watched.page.get_by_role("link", name="Sign in with Acme").click()
            await watched.page.get_by_role("link", name="Let me in").click()
            await watched.page.wait_for_url(f"http://127.0.0.1:{port}/jobs")
            # A redirect would still be the other site's, and come without the strict cookie: 401.
            assert '"jobs"' in await watched.page.inner_text("body")
            [kept] = await watched.page.context.cookies()
            assert (kept["name"], kept["sameSite"], kept["httpOnly"]) == ("dossier_key", "Strict", True)
            await watched.page.route("https://id.example/end?**", lambda route: route.fulfill(body="Bye."))
            await watched.page.goto(f"http://127.0.0.1:{port}/sign-in")
            await watched.page.get_by_role("button", name="Sign out").click()
            await watched.page.wait_for_url("https://id.example/end?client_id=dossier")
            assert await watched.page.context.cookies() == []
            watched.asked = [url for url in watched.asked if not url.startswith("https://id.example/")]
