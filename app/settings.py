"""Every knob, read from the environment and `.env` once; docs/settings.md describes each."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from dotenv import dotenv_values
from msgspec import Struct, ValidationError, convert, field

from app.errors import BadSetting


class Settings(Struct, frozen=True, kw_only=True):
    """The settings of one process. The environment's name stands in the field's `name`."""

    database_url: str = field(name="DATABASE_URL", default="")  # empty: the embedded Postgres
    home: str = field(name="DOSSIER_HOME", default="~/.dossier")
    url: str = field(name="DOSSIER_URL", default="")  # of a running server, for the commands
    model: str = field(name="DOSSIER_MODEL", default="gpt-4.1-mini")
    verify: Literal["", "off", "cited", "all"] = field(name="DOSSIER_VERIFY", default="")  # empty: by effort
    judge_model: str = field(name="DOSSIER_JUDGE_MODEL", default="")  # empty: the job's own
    prices: str = field(name="DOSSIER_PRICES", default="")  # path of a JSON file
    openai_api_key: str = field(name="OPENAI_API_KEY", default="")
    openai_base_url: str = field(name="OPENAI_BASE_URL", default="")
    page_characters: int = field(name="DOSSIER_PAGE_CHARACTERS", default=120_000)  # of all pages of a turn
    reply_tokens: int = field(name="DOSSIER_REPLY_TOKENS", default=16_000)  # 0: none is asked for
    tavily_credit_usd: float = field(name="TAVILY_CREDIT_USD", default=0.008)
    tavily_api_key: str = field(name="TAVILY_API_KEY", default="")
    tavily_base_url: str = field(name="TAVILY_BASE_URL", default="")
    call_seconds: float = field(name="DOSSIER_CALL_SECONDS", default=120.0)
    retry_seconds: float = field(name="DOSSIER_RETRY_SECONDS", default=0.5)
    lease_seconds: float = field(name="DOSSIER_LEASE_SECONDS", default=10.0)
    job_seconds: float = field(name="DOSSIER_JOB_SECONDS", default=3600.0)
    drain_seconds: float = field(name="DOSSIER_DRAIN_SECONDS", default=5.0)
    max_attempts: int = field(name="DOSSIER_MAX_ATTEMPTS", default=5)
    queue_limit: int = field(name="DOSSIER_QUEUE_LIMIT", default=10_000)
    max_streams: int = field(name="DOSSIER_MAX_STREAMS", default=10_000)
    signing_key: str = field(name="DOSSIER_SIGNING_KEY", default="")  # path of a PEM
    checkpoint_seconds: float = field(name="DOSSIER_CHECKPOINT_SECONDS", default=3600.0)  # 0: none are made
    checkpoint_file: str = field(name="DOSSIER_CHECKPOINT_FILE", default="")  # path, where they are exported
    log_level: str = field(name="DOSSIER_LOG_LEVEL", default="WARNING")

    def __repr__(self) -> str:
        """Without the values, some of which are secrets."""
        return "Settings(…)"

    @property
    def data_folder(self) -> Path:
        """Where the embedded Postgres keeps its files."""
        return Path(self.home).expanduser()


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Settings from `environment`, else from the process's over those of `.env` in this folder.

    Raises BadSetting naming the variable. Empty values count as not set.
    """
    if environment is None:
        environment = {**{name: value or "" for name, value in dotenv_values(".env").items()}, **os.environ}
    given = {name: value for name, value in environment.items() if value}
    try:
        settings = convert(given, Settings, strict=False)
    except ValidationError as error:
        raise BadSetting(f"A setting cannot be read: {error}") from error
    return _checked(settings)


def _checked(settings: Settings) -> Settings:
    if not 0.3 <= settings.lease_seconds <= 3600:
        raise BadSetting("DOSSIER_LEASE_SECONDS must be between 0.3 and 3600 seconds.")
    if settings.page_characters < 1000 or settings.reply_tokens < 0 or settings.tavily_credit_usd < 0:
        raise BadSetting(
            "DOSSIER_PAGE_CHARACTERS must be at least 1000, "
            "DOSSIER_REPLY_TOKENS and TAVILY_CREDIT_USD must not be negative."
        )
    if not 0 <= settings.checkpoint_seconds <= 604_800:
        raise BadSetting("DOSSIER_CHECKPOINT_SECONDS must be between 0 and 604800 seconds.")
    if not 0.1 <= settings.call_seconds <= 3600:
        raise BadSetting("DOSSIER_CALL_SECONDS must be between 0.1 and 3600 seconds.")
    if not 0.01 <= settings.retry_seconds <= 60:
        raise BadSetting("DOSSIER_RETRY_SECONDS must be between 0.01 and 60 seconds.")
    if settings.max_attempts < 1:
        raise BadSetting("DOSSIER_MAX_ATTEMPTS must be at least 1.")
    if settings.max_streams < 1:
        raise BadSetting("DOSSIER_MAX_STREAMS must be at least 1.")
    return settings
