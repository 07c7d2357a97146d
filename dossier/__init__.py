"""The Python client: jobs over HTTP, followed across every disconnect.

from dossier import Dossier

with Dossier("http://127.0.0.1:8000") as dossier:
    job = dossier.submit("What does the with statement do?")
    for event in dossier.follow(job.job_id):
        print(event.seq, event.type)
    print(dossier.report(job.job_id))
"""

from dossier.asynchronous import AsyncDossier
from dossier.blocking import Dossier
from dossier.problems import ApiError, NoContact, NoResult, StreamBroken
from dossier.responses import Cancelled, Claims, Created, EventPage, FeedEvent, FeedPage, Followed, Jobs

__all__ = [
    "ApiError",
    "AsyncDossier",
    "Cancelled",
    "Claims",
    "Created",
    "Dossier",
    "EventPage",
    "FeedEvent",
    "FeedPage",
    "Followed",
    "Jobs",
    "NoContact",
    "NoResult",
    "StreamBroken",
]
