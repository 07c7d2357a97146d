"""The Python client of Dossier.

It submits research jobs over HTTP and streams them across every disconnect.

from dossier import Dossier

with Dossier("http://127.0.0.1:8000") as dossier:
    job = dossier.submit("What does the with statement do?")
    for event in dossier.stream(job.job_id):
        print(event.seq, event.type)
    print(dossier.report(job.job_id))
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from dossier.comparison import Diff
from dossier.discovery_types import Capabilities, Estimate
from dossier.document_types import Document, FoundDocument, FoundDocuments
from dossier.event_types import EventPage, FeedEvent, FeedPage, JobEvent
from dossier.evidence import Claims, ProvenClaim
from dossier.job_types import Cancelled, Claim, Created, Jobs, JobView, Outcome, Result, Status
from dossier.problems import (
    ApiError,
    BadUrl,
    DossierError,
    FieldError,
    NoContact,
    NoResult,
    StillRunning,
    StreamBroken,
)
from dossier.replayed import Replayed
from dossier.request import Effort, Limits, Sources
from dossier.version import __version__

if TYPE_CHECKING:
    from dossier.asynchronous import AsyncDossier, ReportFormat
    from dossier.blocking import Dossier

# Loaded at their first use: an HTTP client takes longer to import than all shapes together.
_CLIENTS = {
    "AsyncDossier": "dossier.asynchronous",
    "Dossier": "dossier.blocking",
    "ReportFormat": "dossier.asynchronous",
}

__all__ = [
    "ApiError",
    "AsyncDossier",
    "BadUrl",
    "Cancelled",
    "Capabilities",
    "Claim",
    "Claims",
    "Created",
    "Diff",
    "Document",
    "Dossier",
    "DossierError",
    "Effort",
    "Estimate",
    "EventPage",
    "FeedEvent",
    "FeedPage",
    "FieldError",
    "FoundDocument",
    "FoundDocuments",
    "JobEvent",
    "JobView",
    "Jobs",
    "Limits",
    "NoContact",
    "NoResult",
    "Outcome",
    "ProvenClaim",
    "Replayed",
    "ReportFormat",
    "Result",
    "Sources",
    "Status",
    "StillRunning",
    "StreamBroken",
    "__version__",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - as the names' modules have them
    """Load a client when it is asked for."""
    if name not in _CLIENTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_CLIENTS[name]), name)


def __dir__() -> list[str]:
    """Name what there is to import, also what is not loaded yet."""
    return sorted({*globals(), *__all__})
