"""Read every setting from the environment and `.env` once.

docs/settings.md describes each.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import unquote, urlsplit

from dotenv import dotenv_values
from msgspec import Meta, Struct, ValidationError, convert, field
from msgspec.inspect import FloatType, IntType, type_info
from msgspec.structs import fields

from app.errors import BadSetting


class Settings(Struct, frozen=True, kw_only=True):
    """The settings of one process.

    The environment's name is the field's `name`.
    """

    database_url: str = field(name="DATABASE_URL", default="")  # empty: the embedded Postgres
    home: str = field(name="DOSSIER_HOME", default="~/.dossier")
    url: str = field(name="DOSSIER_URL", default="")  # of a running server, for the commands
    api_key: str = field(name="DOSSIER_API_KEY", default="")  # that the commands send to it
    model: str = field(name="DOSSIER_MODEL", default="gpt-6-luna")
    verify: Literal["", "off", "cited", "all"] = field(name="DOSSIER_VERIFY", default="")  # empty: by effort
    judge_model: str = field(name="DOSSIER_JUDGE_MODEL", default="")  # empty: the job's own
    models: str = field(name="DOSSIER_MODELS", default="")  # path of a TOML file
    prices: str = field(name="DOSSIER_PRICES", default="")  # path of a JSON file
    openai_api_key: str = field(name="OPENAI_API_KEY", default="")
    openai_base_url: str = field(name="OPENAI_BASE_URL", default="")
    # Of all pages of a turn.
    page_characters: Annotated[int, Meta(ge=1000, le=10_000_000)] = field(
        name="DOSSIER_PAGE_CHARACTERS", default=120_000
    )
    # 0: no limit is requested.
    reply_tokens: Annotated[int, Meta(ge=0, le=10_000_000)] = field(
        name="DOSSIER_REPLY_TOKENS", default=16_000
    )
    model_connect_seconds: Annotated[float, Meta(ge=0.1, le=600)] = field(
        name="DOSSIER_MODEL_CONNECT_SECONDS", default=10.0
    )
    model_first_seconds: Annotated[float, Meta(ge=0.1, le=86_400)] = field(
        name="DOSSIER_MODEL_FIRST_SECONDS", default=300.0
    )
    model_silence_seconds: Annotated[float, Meta(ge=0.1, le=3600)] = field(
        name="DOSSIER_MODEL_SILENCE_SECONDS", default=60.0
    )
    model_call_seconds: Annotated[float, Meta(ge=0.1, le=86_400)] = field(
        name="DOSSIER_MODEL_CALL_SECONDS", default=600.0
    )
    # 0: as many as the kind of server takes.
    model_concurrency: Annotated[int, Meta(ge=0, le=1000)] = field(
        name="DOSSIER_MODEL_CONCURRENCY", default=0
    )
    search: str = field(name="DOSSIER_SEARCH", default="")  # names of engines, parted by commas
    search_url: str = field(name="DOSSIER_SEARCH_URL", default="")  # of the operator's own endpoint
    search_key: str = field(name="DOSSIER_SEARCH_KEY", default="")
    searxng_url: str = field(name="SEARXNG_URL", default="")
    brave_api_key: str = field(name="BRAVE_API_KEY", default="")
    brave_base_url: str = field(name="BRAVE_BASE_URL", default="")
    wikipedia_url: str = field(name="WIKIPEDIA_URL", default="")  # empty: Wikipedia in the query's language
    allow_private_hosts: str = field(name="DOSSIER_ALLOW_PRIVATE_HOSTS", default="")  # parted by commas
    robots: Literal["obey", "ignore"] = field(name="DOSSIER_ROBOTS", default="obey")
    tavily_credit_usd: Annotated[float, Meta(ge=0, le=1000)] = field(name="TAVILY_CREDIT_USD", default=0.008)
    tavily_api_key: str = field(name="TAVILY_API_KEY", default="")
    tavily_base_url: str = field(name="TAVILY_BASE_URL", default="")
    call_seconds: Annotated[float, Meta(ge=0.1, le=3600)] = field(name="DOSSIER_CALL_SECONDS", default=120.0)
    retry_seconds: Annotated[float, Meta(ge=0.01, le=60)] = field(name="DOSSIER_RETRY_SECONDS", default=0.5)
    lease_seconds: Annotated[float, Meta(ge=0.3, le=3600)] = field(name="DOSSIER_LEASE_SECONDS", default=10.0)
    job_seconds: Annotated[float, Meta(ge=0.1, le=604_800)] = field(
        name="DOSSIER_JOB_SECONDS", default=3600.0
    )
    drain_seconds: Annotated[float, Meta(ge=0, le=3600)] = field(name="DOSSIER_DRAIN_SECONDS", default=5.0)
    max_attempts: Annotated[int, Meta(ge=1, le=1000)] = field(name="DOSSIER_MAX_ATTEMPTS", default=5)
    queue_limit: Annotated[int, Meta(ge=1, le=100_000_000)] = field(
        name="DOSSIER_QUEUE_LIMIT", default=10_000
    )
    max_streams: Annotated[int, Meta(ge=1, le=1_000_000)] = field(name="DOSSIER_MAX_STREAMS", default=10_000)
    # Hosts beyond this machine's own names that /mcp answers to, separated by spaces; `:*` is any port.
    allowed_hosts: str = field(name="DOSSIER_ALLOWED_HOSTS", default="")
    signing_key: str = field(name="DOSSIER_SIGNING_KEY", default="")  # path of a PEM
    # 0: checkpoints are off.
    checkpoint_seconds: Annotated[float, Meta(ge=0, le=604_800)] = field(
        name="DOSSIER_CHECKPOINT_SECONDS", default=3600.0
    )
    checkpoint_file: str = field(name="DOSSIER_CHECKPOINT_FILE", default="")  # path, where they are exported
    # 0: no such port is opened.
    metrics_port: Annotated[int, Meta(ge=0, le=65_535)] = field(name="DOSSIER_METRICS_PORT", default=0)
    metrics_host: str = field(name="DOSSIER_METRICS_HOST", default="127.0.0.1")
    log_format: Literal["text", "json"] = field(name="DOSSIER_LOG_FORMAT", default="text")
    log_level: str = field(name="DOSSIER_LOG_LEVEL", default="WARNING")

    def __repr__(self) -> str:
        """Without the values, some of which are secrets."""
        return "Settings(…)"

    @property
    def secrets(self) -> frozenset[str]:
        """What must not appear in a log: keys, and the password of the database."""
        names = {name for name in self.__struct_fields__ if name.endswith("_key")}
        keys = {getattr(self, name) for name in names - {"signing_key"}}  # which is the path of a file
        password = urlsplit(self.database_url).password or ""
        return frozenset(keys | {password, unquote(password)}) - {""}

    @property
    def data_folder(self) -> Path:
        """Where the embedded Postgres keeps its files."""
        return Path(self.home).expanduser()


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Load the settings from `environment`, if it is given.

    Otherwise the process's variables win over those of `.env` in this folder.

    Raises BadSetting naming the variable. Empty values count as not set.
    """
    environment = full_environment() if environment is None else environment
    given = {name: value for name, value in environment.items() if value}
    try:
        return convert(given, Settings, strict=False)
    except ValidationError as error:
        raise BadSetting(_refusal(error)) from error


def full_environment() -> dict[str, str]:
    """The variables of `.env` in this folder and of the process, which win."""
    return {**{name: value or "" for name, value in dotenv_values(".env").items()}, **os.environ}


def _refusal(error: ValidationError) -> str:
    """Name the setting first, then what it may be."""
    wrong, _, name = str(error).partition(" - at `$.")
    return f"{name.rstrip('`')}: {wrong[0].lower()}{wrong[1:]}{_allowed(name.rstrip('`'))}."


def _allowed(name: str) -> str:
    for setting in fields(Settings):
        if setting.encode_name == name and isinstance(kind := type_info(setting.type), IntType | FloatType):
            return f"; allowed are {kind.ge:,g} to {kind.le:,g}"
    return ""
