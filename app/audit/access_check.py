"""Check the access log, and forget its oldest entries."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from app.domain.access import AccessChecker, AccessStart
from app.domain.tampering import Witness
from app.domain.upkeep import AccessForgotten, UpkeepEntry, access_forgotten, entry
from app.errors import WrongVersion
from app.store import access_log, upkeep_log
from app.store.database import Engine
from app.store.forget import FORGET_TRIES


async def check_access(
    engine: Engine, upkept: Sequence[UpkeepEntry], witnesses: Iterable[Witness]
) -> AccessChecker:
    """Check every entry that was not forgotten."""
    told = access_forgotten(upkept)
    start = AccessStart(told.up_to, bytes.fromhex(told.hash)) if told else AccessStart()
    checker = AccessChecker(start, witnesses)
    while checker.fault is None and (page := await access_log.read_after(engine, checker.number)):
        checker.feed(page)
    checker.end()
    return checker


async def count_due(engine: Engine, before: datetime) -> int:
    """Count the entries that `forget_access` would forget."""
    last = await access_log.last_older(engine, before)
    return await access_log.count_up_to(engine, last.number) if last else 0


async def forget_access(engine: Engine, before: datetime, now: datetime) -> int:
    """Forget what was asked before this moment, and return how many entries.

    The newest entry stays. Needs the owner's role. Raises BadSetting, WrongVersion.
    """
    actor = await upkeep_log.actor(engine)
    for _ in range(FORGET_TRIES):
        upkept = await upkeep_log.entries(engine)
        told, last = access_forgotten(upkept), await access_log.last_older(engine, before)
        if last and (told is None or last.number > told.up_to):
            deed = AccessForgotten(last.number, last.hash.hex(), before)
            if not await upkeep_log.write(engine, entry(upkept[-1] if upkept else None, deed, actor, now)):
                continue
            told = deed
        # What a run that was cut off has left goes too.
        return await access_log.delete_up_to(engine, told.up_to) if told else 0
    raise WrongVersion("Other processes keep writing to the log of upkeep.")
