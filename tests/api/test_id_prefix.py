"""Find jobs by the beginning of their ids."""

from uuid import UUID

import pytest

from app.cli.exits import Ended
from app.cli.naming import find_job
from dossier import Dossier
from tests.api.problems import assert_problem


async def test_a_list_has_the_jobs_whose_ids_begin_so(http):
    first, second = [(await http.post("/jobs", json={"query": "Why?"})).json()["job_id"] for _ in range(2)]

    for text, expected in ((first, [first]), (first[:30].upper(), [first]), ("f" * 8, [])):
        found = (await http.get("/jobs", params={"id_prefix": text})).json()["jobs"]
        assert [job["job_id"] for job in found] == expected
    both = (await http.get("/jobs", params={"id_prefix": first[:1], "limit": 2})).json()["jobs"]
    assert [job["job_id"] for job in both] == [second, first]


@pytest.mark.parametrize("text", ["x", "-", "0" * 33, "%", "0199 d2a4"])
async def test_a_beginning_that_no_id_has_is_refused(http, text):
    assert_problem(await http.get("/jobs", params={"id_prefix": text}), 400, "malformed_job_id", "id_prefix")


class Listed:
    """A client that has these jobs."""

    def __init__(self, *ids: str) -> None:
        self.ids = ids

    def jobs(self, limit: int, id_prefix: str = "") -> object:
        found = [type("Job", (), {"job_id": UUID(one)}) for one in self.ids]
        return type("Jobs", (), {"jobs": [j for j in found if j.job_id.hex.startswith(id_prefix)][:limit]})


A, B = "0199d2a4-5c3b-7000-8000-3f1a5b7c9d00", "0199d2a4-5c3c-7000-8000-3f1a5b7c9d00"


def test_a_short_id_means_one_job_or_says_which():
    dossier: Dossier = Listed(B, A)

    assert find_job(dossier, "last") == UUID(B)
    assert find_job(dossier, "0199d2a4-5c3b") == UUID(A)
    assert find_job(dossier, A) == UUID(A)
    with pytest.raises(Ended, match=f"{B}, {A}"):
        find_job(dossier, "0199")
    with pytest.raises(Ended, match="There is no job"):
        find_job(dossier, "beef")
