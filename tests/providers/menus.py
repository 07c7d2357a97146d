"""Every menu, with an example of each step."""

from app.domain import tools
from app.domain.tools import TOOLS
from tests.scripted import PLAN, REPORT

EXAMPLES = {
    "clarify": tools.Clarify(("Which water?",), ("water",), ("fresh water", "at sea level")),
    "generate_plan": PLAN,
    "adapt_plan": tools.AdaptPlan("salt", ("add salt",), "it matters", ("search", "read")),
    "web_search": tools.WebSearch(("boiling point",)),
    "read_pages": tools.ReadPages(("https://example.com/a",)),
    "write_report": REPORT,
    "answer": tools.Answer("Not found.", "failed"),
}


MENUS = [
    tuple(TOOLS),
    ("generate_plan", "web_search", "write_report", "answer"),
    ("write_report", "answer"),
    ("write_report",),
]
