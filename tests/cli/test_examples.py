"""What a newcomer sees: `make serve`, and the README's first question."""

import httpx
import pytest

from app.api.discovery import Offered
from app.cli.serving import offer_line


def test_the_first_question_to_a_new_server_is_answered_with_citations(terminal):
    server = terminal.start("serve", "--port=0", "--examples")
    url = server.stdout.readline().split()[4]
    said = [server.stdout.readline() for _ in range(2)]
    made = terminal.run("ask", "What does the with statement do?", "--effort=quick", DOSSIER_URL=url)

    assert "[1]" in made.stdout
    assert "pydoc:" in made.stdout
    assert made.returncode == 0
    offered = httpx.get(f"{url}/capabilities", trust_env=False).json()
    assert said[1].startswith(f"Jobs search {offered['documents']} documents and not the web.")
    assert "No model is set" in said[1]


@pytest.mark.parametrize(
    ("documents", "offered", "said"),
    [
        (
            0,
            Offered(),
            (
                "Jobs search 0 documents and not the web. Add documents with `dossier ingest`, or name "
                "a search engine: see docs/sources.md. No model is set: reports are sentences of the pages."
            ),
        ),
        (
            1,
            Offered(("m",), "m", ("searxng", "wikipedia")),
            "Jobs search 1 document and the web (searxng, wikipedia). The model is m.",
        ),
    ],
)
def test_a_server_says_what_can_be_searched_and_who_writes(documents, offered, said):
    assert offer_line(documents, offered) == said
