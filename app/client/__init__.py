"""The Python client: jobs over HTTP, followed across every disconnect.

from app.client import Dossier

with Dossier("http://127.0.0.1:8000") as dossier:
    job = dossier.submit("What does the with statement do?")
    for event in dossier.follow(job.job_id):
        print(event.seq, event.type)
    print(dossier.report(job.job_id))
"""

from app.client.answers import Cancelled, Claims, Created, EventPage, FeedEvent, FeedPage, Followed, Jobs
from app.client.asynchronous import AsyncDossier
from app.client.blocking import Dossier
from app.client.problems import ApiError, NoContact, NoResult, StreamBroken

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
