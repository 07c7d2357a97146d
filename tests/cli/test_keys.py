"""`dossier key` shows a secret once, and revokes for good."""

import json


def test_a_key_is_made_listed_and_revoked(terminal, database_url):
    def run(*arguments):
        return terminal.run("key", *arguments, DATABASE_URL=database_url)

    first = run("create", "laptop", "--expires", "90d", "--json")
    assert first.returncode == 0, first.stderr
    made = json.loads(first.stdout)
    assert made["key"].startswith(f"dsk_{made['key_id']}_")
    assert made["scopes"] == ["read", "submit"]

    [listed] = json.loads(run("list", "--json").stdout)
    assert (listed["name"], listed["state"]) == ("laptop", "valid")
    assert made["key"][13:] not in json.dumps(listed)

    assert run("revoke", made["key_id"]).returncode == 0
    assert "revoked" in run("list").stdout
    assert run("revoke", "nothing1").returncode == 1
    assert run("create", "laptop", "--expires", "soon").returncode == 2
