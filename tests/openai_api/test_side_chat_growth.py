"""A side chat for titles takes time linear in its length."""

import pytest

from app.api.openai.conversation import PlainMessage
from app.api.openai.side_chats import side_answer
from tests.growth.measure import MOST, growth, repeated


@pytest.mark.parametrize("piece", ["<chat_history>", "</chat_history>", "\n", "USER:", "\nUSER:\n", " "])
def test_a_longer_chat_takes_longer_only_in_proportion(piece):
    def answer(text):
        side_answer([PlainMessage("user", f"### Task: title {text}")])

    assert growth(answer, repeated(piece)) <= MOST
