"""Questions of the documents, with their answers."""

from datetime import date
from decimal import Decimal

from tests.reporting.history import MODEL, J, at

GPT = MODEL.partition(":")[2]


# What the model cost on 2 November, job by job: 1, 2 (five steps, an illegal reply, the sixth), 3, 4, 6, 7.
OPENAI = (
    Decimal("0.04") + Decimal("0.064") + Decimal("0.02") + Decimal("0.04") + Decimal("0.02") + Decimal("0.01")
)


# Added up by hand from the story of each job in history.py, never taken from what a query said.
ANSWERS = {
    1: [
        (at(9, 0), 3, 3, 3, 0, 0),
        (at(10, 0), 2, 2, 1, 1, 0),
        (at(11, 0), 1, 1, 1, 0, 0),
        (at(23, 0), 1, 1, 0, 0, 0),  # job 7 ends after midnight
    ],
    2: [
        # Jobs 1, 2, 5, 7 wait 4, 6, 1, 2 s; run 56, 90, 2, 18 s; take 60, 96, 3, 20 s.
        ("acme", 4, 3, 5.7, 37, 84.9, 90.6),
        # Jobs 3, 4, 6 wait 10, 2, 5 s; run 32, 32, 14 s; take 52, 34, 140 s.
        ("beta", 3, 5, 9.5, 32, 32, 131.2),
    ],
    3: [
        ("running", 8, 56 + 90 + 32 + 32 + 2 + 14 + 18 + 9),
        ("input_required", 1, 120),
        ("pending", 8, 4 + 6 + (10 + 10) + 2 + 1 + (5 + 1) + 2 + 1),
        ("cancelling", 1, 2),
    ],
    4: [
        ("w1", "completed", 5, 56 + 90 + 2 + 9 + 18),
        ("w1", "failed", 1, 2),
        ("w2", "asked", 1, 5),
        ("w2", "cancelled", 1, 11),
        ("w2", "completed", 1, 32),
        ("w2", "lost", 1, 30),
    ],
    5: [
        ("attempt", "auth", False, 1),
        ("attempt", "worker_lost", True, 1),
        ("call", "aborted", False, 1),
        ("call", "auth", False, 1),
        ("call", "timeout", True, 1),
        ("call", "validation", False, 1),
    ],
    6: [
        ("model", "extractive", None, 1, 10, 10),
        ("model", "openai", GPT, 20, 2000, 2000),
        ("read", "tavily", None, 4, 500, 840),  # 500, 500, 500, 900
        ("search", "tavily", None, 5, 800, 1400),  # 400, 600, 800, 1000, 1500
    ],
    7: [
        (date(2026, 11, 2), "extractive", None, 1, 0, 0),
        (date(2026, 11, 2), "openai", GPT, 4 + 7 + 3 + 3 + 1 + 2 + 1, OPENAI, 1),
        (date(2026, 11, 2), "tavily", None, 4 + 4 + 2, "0.040", 1),
        (date(2026, 11, 3), "openai", GPT, 1 + 2, "0.020", 1),
    ],
    8: [
        ("eu", 3, "0.156", 0),  # 0.056, 0.080 and 0.020
        ("paid", 1, "0.056", 0),
        (None, 5, "0.098", 2),  # jobs 3 to 6 and 8; the price of one call of 4 and 8 is not known
    ],
    9: [
        ("acme", 13_000, 400 + 650 + 200, 2 + 2, "0.156", 0),
        ("beta", 8_000, 200 + 300 + 200 + 100, 1, "0.098", 3),
    ],
    10: [
        ("lost with its worker", 1, None),
        ("made again after a crash", 1, "0.010"),
        ("the call failed", 4, "0.004"),
        ("the job has no report", 1, "0.010"),
    ],
    11: [
        ("max_calls", "caller", 1, "0.125", "0.125", 0),
        ("max_cost_usd", "caller", 1, "0.960", "0.9600", 1),
    ],
    12: [
        ("model", "openai", GPT, "failed", "aborted", 1),
        ("model", "openai", GPT, "lost", None, 1),
        ("read", "tavily", None, "completed", None, 1),
    ],
    13: [("deep", 1, 1, 2, 6, 4), ("quick", 1, 0, 0, 4, 0), ("standard", 5, 0, 0, "2.2", 0)],
    14: [(6, 1, ["It is answered."])],
    15: [
        ("adapt_plan", 1, "0.01", 2000, None, 0),
        ("clarify", 1, "0.01", 2000, None, 0),
        ("generate_plan", 6, "0.07", 2000, None, 0),
        ("read_pages", 3, "0.02", 2000, 633, 0),  # 900, 500, 500; one has no price
        ("web_search", 4, "0.08", 2000, 975, 1),  # 600, 1500, 800, 1000
        ("write_report", 6, "0.054", 1668, None, 1),  # five of 2000, and the stand-in's 10
    ],
    16: [(GPT, 24, 1, "0.0417")],
    17: [
        ("example.com", 3, 2, 2, 3),
        ("docs.example.org", 1, 1, 1, 1),
        ("example.net", 1, 1, 1, 1),
        ("pydoc", 1, 0, 0, 0),
    ],
    18: [
        ("deep", 1, "0.25", "0.5", 1, 1, 3),
        ("quick", 1, "0.75", 1, 3, 0, 1),
        ("standard", 4, "0.25", "0.375", 1, 1, 1),
    ],
    19: [
        (J[1], 1, "S1", "https://www.example.com/one", 1),
        (J[1], 2, "S2", "https://www.example.com/one", "0.75"),
        (J[2], 1, "S1", "https://example.com/one", 1),
    ],
    20: [(J[8], "api", 2, 0)],
}


def plain(value):
    """Numbers compare by value, however they are written."""
    match value:
        case bool() | None:
            return value
        case int() | float() | Decimal():
            return round(Decimal(value), 6)
        case str():
            try:
                return round(Decimal(value), 6)
            except ArithmeticError:
                return value
        case _:
            return value


def same(rows):
    return [tuple(plain(value) for value in row) for row in rows]
