"""A bundle's claims carry all that the event says about them.

That is each place in the page, who quoted it, and the verdict.
"""

from copy import deepcopy

import pytest

from app.audit import bundle_verifier

CLAIM = {"text": "T.", "number": 1, "quote": "one", "start": 0, "end": 3, "score": 1.0, "given": True,
         "verdict": "partly", "reason": "half", "more": [{"quote": "two", "start": 4, "end": 7}]}  # fmt: skip
SOURCE = {"number": 1, "url": "u", "title": "t", "found": {"seq": 1, "search": None},
          "page": {"seq": 2, "sha256": "s", "size": 7, "read": None}}  # fmt: skip
LOG = {
    1: ("source_found", {"number": 1, "url": "u", "title": "t"}),
    2: ("page_read", {"number": 1, "sha256": "s", "size": 7}),
    3: ("report_written", {}),
}


def listed(**changed):
    return deepcopy({**CLAIM, "seq": 3, "source": SOURCE, **changed})


def test_the_same_claim_agrees_and_one_of_before_there_were_verdicts():
    bare = {name: CLAIM[name] for name in ("text", "number", "quote", "start", "end", "score")}

    assert bundle_verifier.agrees(listed(), CLAIM, 3, LOG)
    assert bundle_verifier.agrees({**bare, "seq": 3, "source": SOURCE}, bare, 3, LOG)


@pytest.mark.parametrize(
    "changed", [{"given": False}, {"verdict": "supported"}, {"reason": ""}, {"more": []}]
)
def test_a_claim_that_was_touched_does_not_agree(changed):
    assert not bundle_verifier.agrees(listed(**changed), CLAIM, 3, LOG)


def test_the_marks_of_a_report_are_not_its_text():
    assert bundle_verifier.unmarked("So *(unverified)*. More *(partly supported)* x.") == "So. More x."
