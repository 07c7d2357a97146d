"""Citations: those that a page supports should stay, the others should fall."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence

from msgspec.structs import replace

from app.agent.citations import bind
from app.domain.research import Research, Source
from benchmarks.quality.data import Claim

URL = "https://page.example/"


def is_kept(claim: Claim) -> bool:
    """Return True if the citation holds by words alone.

    That is without quotes from a model and without a judge.
    """
    digest = hashlib.sha256(claim.page.encode()).hexdigest()
    source = Source(1, URL, "Page", "", "", digest)
    text = claim.text.rstrip(" .")
    report = bind("Report", f"{text} [1].", "medium", Research(sources=(source,)), {digest: claim.page})
    return bool(report.claims)


def rows(claims: Sequence[Claim], some: Iterable[Claim]) -> list[tuple[str, list[str]]]:
    """Return a row for each kind of claim.

    Claims, what the page does with them, how many are kept; then the balanced accuracy.

    Last come the same claims on the page of another one.

    Args:
        claims: all of them, for their pages.
        some: those that are looked at.
    """
    taken: dict[tuple[str, str], list[bool]] = defaultdict(list)
    strange = list[bool]()
    for claim in some:
        taken[claim.kind, claim.support].append(is_kept(claim))
        if page := _other_page(claim, claims):
            strange.append(is_kept(replace(claim, page=page)))
    kept = [
        (kind, [str(len(all_)), support, f"{sum(all_) / len(all_):.0%}"])
        for (kind, support), all_ in sorted(taken.items())
    ]
    balanced = ("balanced accuracy", [str(sum(map(len, taken.values()))), "", f"{_balanced(taken):.3f}"])
    share = sum(strange) / max(1, len(strange))
    return [*kept, balanced, ("another claim's page", [str(len(strange)), "unsupported", f"{share:.1%}"])]


def _other_page(claim: Claim, claims: Sequence[Claim]) -> str:
    """Return the page of the next claim with another page."""
    at = claims.index(claim)
    pages = (one.page for one in (*claims[at:], *claims[:at]))
    return next((page for page in pages if page != claim.page and claim.text.rstrip(".") not in page), "")


def _balanced(taken: dict[tuple[str, str], list[bool]]) -> float:
    """The mean of supported ones kept, and all others removed."""
    right = [kept for (_, support), all_ in taken.items() if support == "supported" for kept in all_]
    wrong = [not kept for (_, support), all_ in taken.items() if support != "supported" for kept in all_]
    return (sum(right) / max(1, len(right)) + sum(wrong) / max(1, len(wrong))) / 2
