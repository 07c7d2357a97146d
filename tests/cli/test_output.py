"""A command's result is on standard output, for a pipe to get."""

import re

import pytest


@pytest.fixture(scope="module")
def url(terminal):
    server, url = terminal.serve(workers=0)
    yield url
    server.terminate()
    server.communicate(timeout=90)


@pytest.fixture(scope="module")
def made(terminal, url):
    return terminal.run("webhook", "create", "https://app.example.com/hooks", DOSSIER_URL=url)


def test_a_secret_is_the_only_line_of_output_and_what_it_is_stands_beside(made):
    assert re.fullmatch(r"whsec_\S+\n", made.stdout)
    assert "is shown only once" in made.stderr
    assert made.stdout.strip() not in made.stderr


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("capabilities",), "documents"),
        (("estimate", "Why?"), "At most: 45 calls"),
        (("webhook", "list"), "https://app.example.com/hooks"),
        (("webhook", "rotate", "{id}"), "whsec_"),
        (("webhook", "enable", "{id}"), "is enabled"),
        (("webhook", "deliveries", "{id}"), "Attempts"),
        (("webhook", "delete", "{id}"), "is deleted"),
    ],
    ids=" ".join,
)
def test_the_answer_of_a_command_goes_to_a_pipe(terminal, url, made, command, said):
    endpoint = re.search(r"[0-9a-f-]{36}", made.stderr)[0]
    found = terminal.run(*(word.format(id=endpoint) for word in command), DOSSIER_URL=url)

    assert (found.returncode, found.stderr) == (0, "")
    assert said in found.stdout
