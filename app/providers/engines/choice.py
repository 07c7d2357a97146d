"""Choose the search engines that the settings name."""

from collections.abc import Container

import httpx

from app.agent.ports import Search
from app.errors import BadSetting
from app.providers.engines.arxiv import ArxivSearch
from app.providers.engines.brave import BRAVE_KEY_SETTING, BraveSearch
from app.providers.engines.openalex import OpenAlexSearch
from app.providers.engines.own_endpoint import ENDPOINT_SETTING, EndpointSearch
from app.providers.engines.search_engine import SearchEngine
from app.providers.engines.searxng import SEARXNG_SETTING, SearxngSearch
from app.providers.engines.wikipedia import WikipediaSearch
from app.providers.reader.page_reader import PageReader
from app.providers.tavily import TAVILY_KEY_SETTING, TavilySearch
from app.providers.tenant_keys import named
from app.settings import Settings

ENGINES = ("tavily", "searxng", "brave", "wikipedia", "openalex", "arxiv", "http")
SEARCH_SETTING = "DOSSIER_SEARCH"


def engine_names(settings: Settings) -> list[str]:
    """Return the engines' names, in the order of the setting.

    Without the setting: Tavily where its key is set, else SearXNG where its address is, else none.
    Raises BadSetting for a name that is unknown.
    """
    if not settings.search:
        usual = (("tavily", settings.tavily_api_key), ("searxng", settings.searxng_url))
        return [name for name, given in usual if given][:1]
    names = list(dict.fromkeys(name.strip().lower() for name in settings.search.split(",") if name.strip()))
    if unknown := [name for name in names if name not in ENGINES]:
        raise BadSetting(f"{SEARCH_SETTING} names {unknown[0][:40]!r}; the engines are {', '.join(ENGINES)}.")
    return names


def web_searches(
    settings: Settings, client: httpx.AsyncClient, reader: PageReader, own: Container[str] = ()
) -> list[Search]:
    """Return the engines in use.

    `own` names those whose keys are a tenant's, and not the server's.

    Raises BadSetting where one lacks its key or its address.
    """
    engines: list[Search] = []
    for name in engine_names(settings):
        engine = _engine(name, settings, client, reader)
        if name in own:
            engine.key_name = named(name)
        engines.append(engine)
    return engines


def _engine(
    name: str, settings: Settings, client: httpx.AsyncClient, reader: PageReader
) -> SearchEngine | TavilySearch:
    match name:
        case "tavily":
            return TavilySearch(
                client,
                api_key=_needed(name, TAVILY_KEY_SETTING, settings.tavily_api_key),
                base_url=settings.tavily_base_url or None,
                credit_usd=settings.tavily_credit_usd,
            )
        case "searxng":
            url = _needed(name, SEARXNG_SETTING, settings.searxng_url)
            return SearxngSearch(client, reader, url=url)
        case "brave":
            key = _needed(name, BRAVE_KEY_SETTING, settings.brave_api_key)
            return BraveSearch(client, reader, api_key=key, base_url=settings.brave_base_url)
        case "wikipedia":
            return WikipediaSearch(client, reader, url=settings.wikipedia_url)
        case "openalex":
            return OpenAlexSearch(client, reader, url=settings.openalex_url)
        case "arxiv":
            return ArxivSearch(client, reader, url=settings.arxiv_url)
        case _:
            url = _needed(name, ENDPOINT_SETTING, settings.search_url)
            return EndpointSearch(client, reader, url=url, api_key=settings.search_key)


def _needed(engine: str, setting: str, value: str) -> str:
    if not value:
        raise BadSetting(f"{SEARCH_SETTING} names {engine}, which needs {setting}.")
    return value
