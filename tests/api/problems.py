"""What a problem looks like to a caller."""


def assert_problem(response, status, code, field=None):
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert (response.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert {"type", "title", "status", "detail", "code"} <= problem.keys()
    if field:
        assert [error["field"] for error in problem["errors"]] == [field]
        assert problem["errors"][0]["message"]
