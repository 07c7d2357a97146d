"""Answer a front end's chats about a conversation without research.

They ask for titles, tags and follow-ups.

Open WebUI and LibreChat send them to the model of the conversation, unmarked. They are told by the words
of those programs' own prompts (Open WebUI 0.12, LibreChat 0.8), and answered from the conversation itself.
"""

import json
import re
from collections.abc import Sequence

from app.api.openai.conversation import PlainMessage

MAX_TITLE = 60  # characters

_OPEN_WEBUI = "### Task:"
_FIRST_USER = re.compile(r"^[^\S\n]*USER:\s*(\S.*)$", re.MULTILINE | re.IGNORECASE)
_LIBRECHAT = re.compile(
    r"^\s*(?:Provide a concise, 5-word-or-less title for the conversation"
    r"|Analyze this conversation and provide:"
    r"|Please generate a concise, 5-word-or-less title)",
    re.IGNORECASE,
)
_ANSWERS: tuple[tuple[str, str, object], ...] = (
    ("follow_ups", "follow-up questions", []),
    ("tags", "tags", ["Research"]),
    ("queries", "search queries", []),
    ("text", "autocompletion", ""),
)


def side_answer(messages: Sequence[PlainMessage]) -> str | None:
    """Return the answer to such a chat, or None for research."""
    text = messages[-1].text if messages else ""
    if text.lstrip().startswith(_OPEN_WEBUI):
        return _open_webui(text)
    if any(_LIBRECHAT.match(message.text) for message in messages):
        return _title(text if len(messages) > 1 else text.partition("\n")[2])
    return None


def _open_webui(text: str) -> str:
    task = text.lstrip().removeprefix(_OPEN_WEBUI)[:400].lower()
    if "title" in task:
        return json.dumps({"title": _title(text)}, ensure_ascii=False)
    for name, words, answer in _ANSWERS:
        if words in task or name in task:
            return json.dumps({name: answer})
    return json.dumps({})


def _title(text: str) -> str:
    """Return the first words of the conversation's first question."""
    _, opened, rest = text.partition("<chat_history>")
    inside, closed, _ = rest.partition("</chat_history>")
    history_text = inside if opened and closed else text
    user = _FIRST_USER.search(history_text)
    line = " ".join((user[1] if user else history_text).split())
    return (line[: MAX_TITLE - 1].rsplit(" ", 1)[0] + "…" if len(line) > MAX_TITLE else line) or "Research"
