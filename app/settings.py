"""Read every setting from the environment and `.env` once.

docs/settings.md describes each.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import unquote

from msgspec import Meta, Struct, ValidationError, convert, field
from msgspec.inspect import FloatType, IntType, LiteralType, Metadata, type_info
from msgspec.structs import fields

from app import setting_values as values
from app.env_file import read_env_file
from app.errors import BadSetting
from app.setting_names import refuse_slips, unknown_names

Address = Annotated[str, Meta(extra={"check": values.wrong_address})]
OpenAddress = Annotated[str, Meta(extra={"check": values.wrong_open_address})]
DatabaseUrl = Annotated[str, Meta(extra={"check": values.wrong_database})]
Folder = Annotated[str, Meta(extra={"check": values.wrong_folder})]
SourceFile = Annotated[str, Meta(extra={"check": values.wrong_source})]
EnvFile = Annotated[str, Meta(extra={"check": values.wrong_env_file})]
TargetFile = Annotated[str, Meta(extra={"check": values.wrong_target})]
Key = Annotated[str, Meta(extra={"check": values.wrong_key})]
MasterKeyText = Annotated[str, Meta(extra={"check": values.wrong_master_key})]
Name = Annotated[str, Meta(extra={"check": values.wrong_name})]
Prefix = Annotated[str, Meta(extra={"check": values.wrong_prefix})]
Hosts = Annotated[str, Meta(extra={"check": values.wrong_hosts})]
Host = Annotated[str, Meta(extra={"check": values.wrong_host})]
PrivateHosts = Annotated[str, Meta(extra={"check": values.wrong_private_hosts})]
RootPath = Annotated[str, Meta(extra={"check": values.wrong_root_path})]
Origins = Annotated[str, Meta(extra={"check": values.wrong_origins})]
Level = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]


# An address, and the key that is sent to it.
SENT_TO = (
    ("OPENAI_BASE_URL", "OPENAI_API_KEY"),
    ("TAVILY_BASE_URL", "TAVILY_API_KEY"),
    ("BRAVE_BASE_URL", "BRAVE_API_KEY"),
    ("DOSSIER_SEARCH_URL", "DOSSIER_SEARCH_KEY"),
    ("DOSSIER_EMBEDDING_URL", "DOSSIER_EMBEDDING_KEY"),
    ("DOSSIER_RERANK_URL", "DOSSIER_RERANK_KEY"),
    ("DOSSIER_URL", "DOSSIER_API_KEY"),
    ("DOSSIER_OIDC_ISSUER", "DOSSIER_OIDC_CLIENT_SECRET"),
    ("DATABASE_URL", "PGPASSWORD"),
    ("DOSSIER_LISTEN_URL", "PGPASSWORD"),
    ("DATABASE_URL_READ", "PGPASSWORD"),
    ("DATABASE_URL_REPORT", "PGPASSWORD"),
)


class Settings(Struct, frozen=True, kw_only=True):
    """The settings of one process.

    The environment's name is the field's `name`.
    """

    env_file: EnvFile = field(name="DOSSIER_ENV_FILE", default="")  # of the environment only
    database_url: DatabaseUrl = field(name="DATABASE_URL", default="")  # empty: the embedded Postgres
    # Past a pooler, to Postgres itself; empty: DATABASE_URL.
    listen_url: DatabaseUrl = field(name="DOSSIER_LISTEN_URL", default="")
    # Of a standby, for what is only read; empty: DATABASE_URL.
    read_url: DatabaseUrl = field(name="DATABASE_URL_READ", default="")
    # Of a login that reads the views alone, for `dossier sql`; empty: DATABASE_URL_READ or DATABASE_URL.
    report_url: DatabaseUrl = field(name="DATABASE_URL_REPORT", default="")
    home: Folder = field(name="DOSSIER_HOME", default="~/.dossier")
    # Wraps the keys that tenants have with providers; the one before is for the time of a rotation.
    master_key: MasterKeyText = field(name="DOSSIER_MASTER_KEY", default="")
    previous_master_key: MasterKeyText = field(name="DOSSIER_PREVIOUS_MASTER_KEY", default="")
    url: Address = field(name="DOSSIER_URL", default="")  # of a running server, for the commands
    api_key: Key = field(name="DOSSIER_API_KEY", default="")  # that the commands send to it
    model: Name = field(name="DOSSIER_MODEL", default="gpt-6-luna")
    verify: Literal["", "off", "cited", "all"] = field(name="DOSSIER_VERIFY", default="")  # empty: by effort
    judge_model: Name = field(name="DOSSIER_JUDGE_MODEL", default="")  # empty: the job's own
    # Standard and deep jobs by threads, or none; empty: deep jobs.
    research: Literal["", "turns", "threads"] = field(name="DOSSIER_RESEARCH", default="")
    fast_model: Name = field(name="DOSSIER_MODEL_FAST", default="")  # takes evidence; empty: the job's own
    embedding_url: OpenAddress = field(name="DOSSIER_EMBEDDING_URL", default="")  # empty: no embeddings
    embedding_model: Name = field(name="DOSSIER_EMBEDDING_MODEL", default="")
    embedding_key: Key = field(name="DOSSIER_EMBEDDING_KEY", default="")
    # The least cosine of a sentence and its translation; it depends on the model.
    embedding_threshold: Annotated[float, Meta(ge=0.0, le=1.0)] = field(
        name="DOSSIER_EMBEDDING_THRESHOLD", default=0.5
    )
    # Whether the documents' passages go to that server too, so that a search finds them by meaning.
    embedding_documents: Literal["", "on", "off"] = field(name="DOSSIER_EMBEDDING_DOCUMENTS", default="")
    # Of a vector, that the server is asked for; 0: as many as its model gives.
    embedding_dimensions: Annotated[int, Meta(ge=0, le=4_000)] = field(
        name="DOSSIER_EMBEDDING_DIMENSIONS", default=0
    )
    # Before each question and each passage; empty: as the model's name says.
    embedding_query_prefix: Prefix = field(name="DOSSIER_EMBEDDING_QUERY_PREFIX", default="")
    embedding_passage_prefix: Prefix = field(name="DOSSIER_EMBEDDING_PASSAGE_PREFIX", default="")
    rerank_url: OpenAddress = field(name="DOSSIER_RERANK_URL", default="")  # empty: no reranker
    rerank_model: Name = field(name="DOSSIER_RERANK_MODEL", default="")
    rerank_key: Key = field(name="DOSSIER_RERANK_KEY", default="")
    models: SourceFile = field(name="DOSSIER_MODELS", default="")
    prices: SourceFile = field(name="DOSSIER_PRICES", default="")
    openai_api_key: Key = field(name="OPENAI_API_KEY", default="")
    openai_base_url: OpenAddress = field(name="OPENAI_BASE_URL", default="")
    # Of all pages of a turn.
    page_tokens: Annotated[int, Meta(ge=250, le=2_500_000)] = field(
        name="DOSSIER_PAGE_TOKENS", default=30_000
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
    search: Name = field(name="DOSSIER_SEARCH", default="")  # names of engines, parted by commas
    search_url: OpenAddress = field(name="DOSSIER_SEARCH_URL", default="")  # of the operator's own endpoint
    search_key: Key = field(name="DOSSIER_SEARCH_KEY", default="")
    searxng_url: OpenAddress = field(name="SEARXNG_URL", default="")
    brave_api_key: Key = field(name="BRAVE_API_KEY", default="")
    brave_base_url: OpenAddress = field(name="BRAVE_BASE_URL", default="")
    wikipedia_url: OpenAddress = field(name="WIKIPEDIA_URL", default="")  # empty: Wikipedia's own
    openalex_url: OpenAddress = field(name="OPENALEX_URL", default="")  # empty: OpenAlex's own
    arxiv_url: OpenAddress = field(name="ARXIV_URL", default="")  # empty: arXiv's own
    allow_private_hosts: PrivateHosts = field(name="DOSSIER_ALLOW_PRIVATE_HOSTS", default="")  # by commas
    robots: Literal["obey", "ignore"] = field(name="DOSSIER_ROBOTS", default="obey")
    tavily_credit_usd: Annotated[float, Meta(ge=0, le=1000)] = field(name="TAVILY_CREDIT_USD", default=0.008)
    tavily_api_key: Key = field(name="TAVILY_API_KEY", default="")
    tavily_base_url: OpenAddress = field(name="TAVILY_BASE_URL", default="")
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
    # Of any one job, whatever a request asks for; 0: no ceiling.
    max_job_usd: Annotated[float, Meta(ge=0, le=10_000)] = field(name="DOSSIER_MAX_JOB_USD", default=0.0)
    max_job_tokens: Annotated[int, Meta(ge=0, le=100_000_000)] = field(
        name="DOSSIER_MAX_JOB_TOKENS", default=0
    )
    max_job_searches: Annotated[int, Meta(ge=0, le=1_000)] = field(name="DOSSIER_MAX_JOB_SEARCHES", default=0)
    max_job_calls: Annotated[int, Meta(ge=0, le=10_000)] = field(name="DOSSIER_MAX_JOB_CALLS", default=0)
    max_job_seconds: Annotated[int, Meta(ge=0, le=86_400)] = field(name="DOSSIER_MAX_JOB_SECONDS", default=0)
    # Bytes of a file that is sent to become a document.
    max_upload: Annotated[int, Meta(ge=1_000, le=10_000_000_000)] = field(
        name="DOSSIER_MAX_UPLOAD", default=100_000_000
    )
    # Of one address to one process; 0: no bound.
    peer_connections: Annotated[int, Meta(ge=0, le=1_000_000)] = field(
        name="DOSSIER_PEER_CONNECTIONS", default=1_000
    )
    # Hosts beyond this machine's own names that are answered to, separated by spaces; `:*` is any port.
    allowed_hosts: Hosts = field(name="DOSSIER_ALLOWED_HOSTS", default="")
    # Of other pages whose scripts may call the API, separated by commas; "*" is any.
    allowed_origins: Origins = field(name="DOSSIER_ALLOWED_ORIGINS", default="")
    # How browsers reach this server; a provider of sign-ins leads them back there.
    public_url: OpenAddress = field(name="DOSSIER_PUBLIC_URL", default="")
    oidc_issuer: OpenAddress = field(name="DOSSIER_OIDC_ISSUER", default="")  # empty: nobody signs in so
    oidc_client_id: Name = field(name="DOSSIER_OIDC_CLIENT_ID", default="")
    oidc_client_secret: Key = field(name="DOSSIER_OIDC_CLIENT_SECRET", default="")
    oidc_name: Name = field(name="DOSSIER_OIDC_NAME", default="single sign-on")  # on the button
    oidc_tenant_claim: Name = field(name="DOSSIER_OIDC_TENANT_CLAIM", default="")  # empty: all are "default"
    oidc_scopes_claim: Name = field(name="DOSSIER_OIDC_SCOPES_CLAIM", default="")  # empty: read and submit
    oidc_hours: Annotated[float, Meta(ge=0.1, le=720)] = field(name="DOSSIER_OIDC_HOURS", default=12.0)
    # Before every path, where a proxy serves the API below one.
    root: RootPath = field(name="DOSSIER_ROOT_PATH", default="")
    signing_key: SourceFile = field(name="DOSSIER_SIGNING_KEY", default="")
    # 0: checkpoints are off.
    checkpoint_seconds: Annotated[float, Meta(ge=0, le=604_800)] = field(
        name="DOSSIER_CHECKPOINT_SECONDS", default=3600.0
    )
    checkpoint_file: TargetFile = field(name="DOSSIER_CHECKPOINT_FILE", default="")
    # 0: no such port is opened.
    metrics_port: Annotated[int, Meta(ge=0, le=65_535)] = field(name="DOSSIER_METRICS_PORT", default=0)
    metrics_host: Host = field(name="DOSSIER_METRICS_HOST", default="127.0.0.1")
    # Of an OpenTelemetry collector, for traces; empty: none are made.
    otlp_url: OpenAddress = field(name="DOSSIER_OTLP_URL", default="")
    log_level: Level = field(name="DOSSIER_LOG_LEVEL", default="WARNING")
    log_format: Literal["text", "json"] = field(name="DOSSIER_LOG_FORMAT", default="text")

    def __repr__(self) -> str:
        """Without the values, some of which are secrets."""
        return "Settings(…)"

    @property
    def secrets(self) -> frozenset[str]:
        """Return what no log may show: keys, and passwords in addresses."""
        names = {name for name in self.__struct_fields__ if name.endswith(("_key", "_secret"))}
        keys = {getattr(self, name) for name in names - {"signing_key"}}  # which is the path of a file
        urls = self.database_url, self.listen_url, self.read_url, self.report_url, self.url
        found = {password for url in urls for password in values.passwords_in(url)}
        return frozenset(keys | found | set(map(unquote, found))) - {""}

    @property
    def hosts(self) -> list[str]:
        """Return the host names that are answered to beside this machine's own."""
        return self.allowed_hosts.split()

    @property
    def private_hosts(self) -> list[str]:
        """Return the hosts that are called although their addresses are private."""
        return [host.strip() for host in self.allow_private_hosts.split(",") if host.strip()]

    @property
    def root_path(self) -> str:
        """Return the path before all others, without an end slash."""
        return self.root.rstrip("/")

    @property
    def origins(self) -> list[str]:
        """Return the origins whose pages may call the API."""
        return [origin.strip() for origin in self.allowed_origins.split(",") if origin.strip()]

    @property
    def data_folder(self) -> Path:
        """Where the embedded Postgres keeps its files."""
        return Path(self.home).expanduser()


NAMES = frozenset(setting.encode_name for setting in fields(Settings))


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Load the settings from `environment`, if it is given.

    Otherwise the process's variables win over those of `.env` in this folder.

    Raises BadSetting naming the variable. Empty values count as not set.
    """
    environment = full_environment() if environment is None else environment
    given = {name: value for name, value in environment.items() if value}
    refuse_slips(given, NAMES)
    if level := given.get("DOSSIER_LOG_LEVEL"):
        given["DOSSIER_LOG_LEVEL"] = level.upper()
    try:
        settings = convert(given, Settings, strict=False)
    except ValidationError as error:
        raise BadSetting(_refusal(error)) from error
    _check_texts(given)
    return settings


def full_environment() -> dict[str, str]:
    """Return the variables of the file and the process, which win.

    Raises BadSetting where a key would go to an address from elsewhere.
    """
    path = env_path()
    written = read_env_file(path) if path else {}
    _refuse_mixed(written, path)
    own = {name: value for name, value in written.items() if name != "DOSSIER_ENV_FILE"}
    return {**own, **os.environ}


def env_path() -> Path | None:
    """Return the file of settings, or None without one.

    Raises BadSetting if it is named and missing.
    """
    named = os.environ.get("DOSSIER_ENV_FILE", "")
    if named and (wrong := values.wrong_env_file(named)):
        raise BadSetting(f"DOSSIER_ENV_FILE {wrong}.")
    path = Path(named or ".env").expanduser()
    return None if named == values.NO_FILE or not (named or path.exists()) else path.absolute()


def key_environment() -> dict[str, str]:
    """Return where the keys of `models.toml` are.

    Where a file of settings names that list of servers, its keys are in that file too.
    """
    path = env_path()
    written = read_env_file(path) if path else {}
    named_by_file = written.get("DOSSIER_MODELS") and not os.environ.get("DOSSIER_MODELS")
    return dict(written) if named_by_file else {**written, **os.environ}


def _refuse_mixed(written: Mapping[str, str], path: Path | None) -> None:
    """Refuse a key and its address from two places.

    Else a folder that somebody else wrote could send the environment's keys to another address.
    """
    for address, key in SENT_TO:
        places = [
            "the environment" if os.environ.get(name) else str(path) if written.get(name) else ""
            for name in (address, key)
        ]
        if all(places) and places[0] != places[1]:
            raise BadSetting(
                f"{address} is from {places[0]} and {key} from {places[1]}: the key would be sent to an "
                "address from elsewhere. Set both in one place, or DOSSIER_ENV_FILE=none."
            )


def names_without_meaning() -> list[str]:
    """Return the names that look like settings and are not."""
    return unknown_names(full_environment(), NAMES)


def _check_texts(given: Mapping[str, str]) -> None:
    for setting in fields(Settings):
        kind = type_info(setting.type)
        if isinstance(kind, Metadata) and kind.extra and setting.encode_name in given:
            check: values.Check = kind.extra["check"]
            if wrong := check(given[setting.encode_name]):
                raise BadSetting(f"{setting.encode_name} {wrong}.")


def _refusal(error: ValidationError) -> str:
    """Name the setting first, then what it may be."""
    wrong, _, name = str(error).partition(" - at `$.")
    return f"{name.rstrip('`')}: {wrong[0].lower()}{wrong[1:]}{_allowed(name.rstrip('`'))}."


def _allowed(name: str) -> str:
    kind: Any = next((type_info(one.type) for one in fields(Settings) if one.encode_name == name), None)
    match kind:
        case IntType() | FloatType():
            return f"; allowed are {kind.ge:,g} to {kind.le:,g}"
        case LiteralType():
            return f"; allowed are {', '.join(str(value) for value in kind.values if value)}"
        case _:
            return ""
