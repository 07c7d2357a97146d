"""GET /jobs/{id}/bundle: the job as one zip that can be checked offline."""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator
from typing import IO
from uuid import UUID

from litestar import get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath
from litestar.response import Stream

from app.api.compression import SENT_AS_IS
from app.api.context import ApiContext
from app.api.contract import LOG, problems_of
from app.api.path_values import job_id_of
from app.audit.bundle_writer import Bundle
from app.domain.upkeep import forgotten
from app.store import blobs, upkeep_log
from dossier.job_types import JobView

IN_MEMORY = 8_000_000  # bytes of a bundle; a longer one goes to a temporary file
BUNDLE_CHUNK = 65_536  # bytes sent at a time
PAGES_IN_MEMORY = 5  # in memory at a time


@get(
    "/jobs/{job_id:str}/bundle",
    responses={
        **problems_of(*LOG),
        200: ResponseSpec(bytes, description="A zip", media_type="application/zip"),
    },
    opt=SENT_AS_IS,
    summary="Download the job as a zip that can be checked offline",
    description="Report, events, pages, claims, a signed head, and the program that checks all of it.",
)
async def job_bundle(context: NamedDependency[ApiContext], job_id: FromPath[str]) -> Stream:
    """Return the bundle of a job in any state."""
    key = job_id_of(job_id)
    view = await context.view(key)
    async with context.bundling():  # a long job takes a second of a core
        out = await _written(context, key, view)
    length = out.seek(0, 2)
    out.seek(0)
    headers = {
        "Content-Disposition": f'attachment; filename="dossier-{key}.zip"',
        "Content-Length": str(length),
        "X-Content-Type-Options": "nosniff",
    }
    return Stream(_chunks(out), media_type="application/zip", headers=headers)


async def _written(context: ApiContext, job_id: UUID, view: JobView) -> IO[bytes]:
    """Write the whole zip.

    Slow parts run in a thread.
    """
    engine, signer = context.reading, context.signer
    with contextlib.ExitStack() as on_error:
        out = on_error.enter_context(tempfile.SpooledTemporaryFile(IN_MEMORY))
        bundle = Bundle(out, job_id)
        on_error.callback(bundle.abandon)
        async for rows in context.pages(job_id, view.seq):
            await asyncio.to_thread(bundle.write_events, rows)
        await asyncio.to_thread(bundle.write_report, view.result, signed=signer is not None)
        names = bundle.pages
        for at in range(0, len(names), PAGES_IN_MEMORY):
            texts = await blobs.get(engine, names[at : at + PAGES_IN_MEMORY])
            await asyncio.to_thread(bundle.write_pages, texts)
        tombstones = forgotten(await upkeep_log.entries(engine)) if bundle.absent else set[str]()
        await asyncio.to_thread(bundle.close, signer, tombstones)
        on_error.pop_all()
    return out


async def _chunks(out: IO[bytes]) -> AsyncIterator[bytes]:
    with out:
        while chunk := await asyncio.to_thread(out.read, BUNDLE_CHUNK):
            yield chunk
