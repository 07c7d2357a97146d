"""Grade a report by the lines of a rubric and a reference.

A judge, which is a language model behind the port `Judge`, decides; without one the words do, as for a claim
of a report, and the result says so.
"""

import asyncio
from collections.abc import Sequence

from msgspec import Struct

from app.agent.ports import BadReply, Judge, JudgedClaim
from app.agent.prompt_pages import passages
from app.agent.prompts import messages
from app.agent.quotes import FoundQuotes, IndexedPage, claimed
from app.cli.eval_results import GradedLine
from app.cli.exits import BAD_SETTING, Ended
from app.configuration import model_book
from app.errors import ProviderError
from app.providers.http import make_client
from app.providers.judge import ModelJudge
from app.providers.language_model import LanguageModel
from app.settings import Settings
from app.text import languages
from app.text.sentences import stems

BY_WORDS = "words"
LINES_OF_CALL = 12  # a small model loses track of more
SHOWN_OF_REPORT = 2000  # characters of a report that a judge sees for a line: the passages nearest to it
MAX_GRADED_REPORT = 200_000  # characters
GRADE_POINTS = {"supported": 1.0, "partly": 0.5}


class Grades(Struct, frozen=True):
    """The grades of some lines, or why there are none."""

    lines: tuple[GradedLine, ...] = ()
    cost_usd: float | None = 0.0
    error: str = ""


def judge_name(settings: Settings) -> str:
    """Return the name of the model that judges, or BY_WORDS."""
    book = model_book(settings)
    return (settings.judge_model or book.default) if book else BY_WORDS


def grade(settings: Settings, report: str, lines: Sequence[str]) -> Grades:
    """Return whether the report says each line."""
    if not lines:
        return Grades()
    if model_book(settings) is None:
        return Grades(tuple(_by_words(report, line) for line in lines))
    return asyncio.run(_by_model(settings, report, lines))


def _by_words(report: str, line: str) -> GradedLine:
    language = languages.detect(report[:MAX_GRADED_REPORT])
    claim = claimed(line, language, spoken=languages.detect(line))
    found = IndexedPage(report, claim.stems, MAX_GRADED_REPORT, language).find(claim)
    if isinstance(found, FoundQuotes):
        return GradedLine(line, "supported", 1.0, f"“{found.quotes[0].text[:200]}”")
    return GradedLine(line, "unrelated", 0.0, found)


async def _by_model(settings: Settings, report: str, lines: Sequence[str]) -> Grades:
    book, name = model_book(settings), judge_name(settings)
    if book is None or not book.is_offered(name):
        raise Ended(f"The judge {name!r} is not offered. See `dossier models`.", BAD_SETTING)
    async with make_client() as client:
        judge = ModelJudge(LanguageModel(client, book.spec(name), messages))
        return await judged_lines(judge, report, lines)


async def judged_lines(judge: Judge, report: str, lines: Sequence[str]) -> Grades:
    """Return a judge's verdicts, or its error."""
    found, cost = list[GradedLine](), 0.0
    is_priced = True
    for at in range(0, len(lines), LINES_OF_CALL):
        asked = lines[at : at + LINES_OF_CALL]
        try:
            reply = await judge.judge([JudgedClaim(line, _shown(report, line), "") for line in asked])
        except (BadReply, ProviderError) as error:
            return Grades(error=f"{judge.name}: {error}")
        is_priced = is_priced and reply.usage.cost_usd is not None
        cost += reply.usage.cost_usd or 0.0
        known = {judgement.claim: judgement for judgement in reply.judgements}
        if missing := len(asked) - len(known):
            return Grades(error=f"{judge.name} gave no verdict on {missing} lines.")
        found += [
            GradedLine(line, known[n].support, GRADE_POINTS.get(known[n].support, 0.0), known[n].reason)
            for n, line in enumerate(asked)
        ]
    return Grades(tuple(found), cost if is_priced else None)


def _shown(report: str, line: str) -> str:
    return passages(report[:MAX_GRADED_REPORT], stems(line), SHOWN_OF_REPORT)
