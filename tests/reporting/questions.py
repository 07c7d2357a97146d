"""The twenty questions of docs/reporting.md, each with its query."""

import re
from pathlib import Path
from typing import NamedTuple

PAGE = Path(__file__).parents[2] / "docs" / "reporting.md"
QUESTION = re.compile(r"^### (\d+)\. (.+?)\n(?:(?!^#).)*?^```sql\n(.*?)^```", re.MULTILINE | re.DOTALL)


class Question(NamedTuple):
    number: int
    text: str
    sql: str

    def __str__(self) -> str:
        return f"{self.number}-{self.text}"


QUESTIONS = [
    Question(int(number), text, sql.strip().rstrip(";"))
    for number, text, sql in QUESTION.findall(PAGE.read_text())
]


def section_sql(heading: str) -> list[str]:
    """The statements of the fence under a heading."""
    rest = PAGE.read_text().partition(f"\n### {heading}\n")[2]
    fence = rest.partition("```sql\n")[2].partition("```")[0]
    return [statement.strip() for statement in fence.split(";\n") if statement.strip()]
