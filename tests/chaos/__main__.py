"""Run every fault and print a table of the outcomes.

python -m tests.chaos [--seconds N] [--seed S] [cell ...]
"""

import argparse
import asyncio
import random
import sys
import time

from tests.chaos.cells import CELLS
from tests.chaos.postgres import running_postgres
from tests.chaos.verdict import Verdict, table


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("cells", nargs="*", metavar="cell", help=f"all without it: {', '.join(CELLS)}")
    parser.add_argument("--seconds", type=float, default=600.0, help="shared by the cells")
    parser.add_argument("--seed", default=str(random.randrange(2**32)), help="of the plan to play again")
    given = parser.parse_args()
    if unknown := set(given.cells) - CELLS.keys():
        parser.error(f"no such cells: {', '.join(unknown)}")
    return given


async def run(names: list[str], seconds: float, seed: str) -> list[Verdict]:
    verdicts = []
    for name in names:
        say(f"{name} …")
        began = time.monotonic()
        async with running_postgres() as postgres:
            verdict = await CELLS[name].run(postgres, name, seconds / len(names), seed)
        verdicts.append(verdict)
        state = "clean" if verdict.is_clean else "NOT CLEAN"
        say(f"{name}: {state} after {time.monotonic() - began:.0f} s, {verdict.faults} faults")
        for violation in verdict.violations:
            say(f"    {violation}")
    return verdicts


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - progress


def main() -> int:
    given = arguments()
    say(f"seed {given.seed}")
    verdicts = asyncio.run(run(given.cells or list(CELLS), given.seconds, given.seed))
    print(table(verdicts))  # noqa: T201 - the outcome
    return 0 if all(verdict.is_clean for verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
