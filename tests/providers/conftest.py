"""Share the mocks, and make conformance checks say what was wrong."""

import pytest

pytest.register_assert_rewrite("tests.providers.conformance")

from tests.mocks import openai_mock, tavily_mock  # noqa: E402

__all__ = ["openai_mock", "tavily_mock"]
