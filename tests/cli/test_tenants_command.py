"""`dossier tenant`: made, suspended and resumed, with keys of their own."""

import json


def test_tenants_on_the_command_line(terminal, database_url):
    def run(*arguments):
        return terminal.run(*arguments, DATABASE_URL=database_url)

    assert run("tenant", "create", "acme").returncode == 0
    made = json.loads(run("key", "create", "theirs", "--tenant", "acme", "--json").stdout)
    assert made["tenant"] == "acme"
    assert json.loads(run("tenant", "suspend", "acme", "--json").stdout)["state"] == "suspended"
    assert "suspended" in run("tenant", "list").stdout
    assert "suspended" in run("key", "list").stdout
    assert json.loads(run("tenant", "resume", "acme", "--json").stdout)["state"] == "open"
    assert run("key", "create", "theirs", "--tenant", "nobody").returncode == 1
