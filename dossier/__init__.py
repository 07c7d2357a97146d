"""The Python client of Dossier.

It submits research jobs over HTTP and streams them across every disconnect.

from dossier import Dossier

with Dossier("http://127.0.0.1:8000") as dossier:
    job = dossier.submit("What does the with statement do?")
    for event in dossier.stream(job.job_id):
        print(event.seq, event.type)
    print(dossier.report(job.job_id))
"""

from dossier.asynchronous import AsyncDossier, ReportFormat
from dossier.blocking import Dossier
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
