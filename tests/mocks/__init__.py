"""Providers that answer without a network, each in one line.

    async def test_something(openai_mock):
        openai_mock.play("success")              # every request from here on
        openai_mock.play("rate_limited", "success")  # the first request, then all others
        model = openai_mock.model()              # an OpenAIModel that talks to it

    async def test_something_else(tavily_mock):
        tavily_mock.play("empty_results")
        search = tavily_mock.search()            # a TavilySearch that talks to it

Both note what they were sent in `requests`. The OpenAI mock reads the tools that are allowed, the hits and
the pages out of each request, so a whole job runs through it; hits and pages are those of `tavily.PAGES`.
Requests to loopback pass through, so a real server can run beside the mocks. Profiles: `openai.PROFILES`
and `tavily.PROFILES`.

A conftest imports the fixtures: `from tests.mocks import openai_mock, tavily_mock`.
"""

from tests.mocks.openai import openai_mock
from tests.mocks.tavily import tavily_mock

__all__ = ["openai_mock", "tavily_mock"]
