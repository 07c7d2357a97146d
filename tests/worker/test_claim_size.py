"""How many jobs a worker claims at once."""

import pytest

from app.worker.worker import MAX_CLAIMED_JOBS, claim_size


@pytest.mark.parametrize(
    ("free", "concurrency", "size"),
    [
        pytest.param(400, 400, 134, id="a third of many places"),
        pytest.param(100, 400, 100, id="what is free, if that is less"),
        pytest.param(5_000, 5_000, MAX_CLAIMED_JOBS, id="never more than one statement takes"),
        pytest.param(2, 2, 2, id="all of few places"),
        pytest.param(20, 50, 20, id="no third that is smaller than a statement is worth"),
        pytest.param(1, 400, 1, id="the only free place"),
    ],
)
def test_a_claim_leaves_two_thirds_of_many_places_to_what_is_under_way(free, concurrency, size):
    assert claim_size(free, concurrency) == size
