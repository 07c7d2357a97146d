"""Do pieces of a threaded job's work with a language model."""

import asyncio
from collections.abc import Mapping

from app.agent.brief import Brief
from app.agent.brief_prompts import brief_messages, schema_of
from app.agent.ports import TextReply, Writing
from app.providers.language_model import LanguageModel
from app.providers.step_text import without_thoughts


class LanguageBriefModel:
    """Implements the port `BriefModel` on a language model."""

    def __init__(self, model: LanguageModel) -> None:
        self._model = model
        self.name = model.name

    async def fulfil(
        self, brief: Brief, texts: Mapping[str, str], writing: Writing | None = None
    ) -> TextReply:
        """Return what the model wrote. Raises BadReply and ProviderError."""
        # In a thread: choosing what an extraction is shown of a long page takes some tenths of a second.
        told = await asyncio.to_thread(brief_messages, brief, texts)
        messages = [{"role": message.role, "content": message.content} for message in told]
        text, usage = await self._model.fill(messages, schema_of(brief.task), writing)
        return TextReply(without_thoughts(text).strip(), usage)
