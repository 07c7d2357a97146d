"""The `dossier` command, and `python -m app` in a checkout."""

import signal
import sys
import warnings
from types import FrameType

from app.cli.root import dossier


def main() -> None:
    """Run the command line."""
    # The default would skip the exit handlers, and with them the end of the embedded Postgres.
    signal.signal(signal.SIGTERM, leave)
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    # A remark of the embedded Postgres's about where it puts its lock; it has a place for it.
    warnings.filterwarnings("ignore", message="XDG_RUNTIME_DIR is not set")
    dossier(prog_name="dossier")


def leave(number: int, _frame: FrameType | None) -> None:
    """End as on a signal, but through the exit handlers."""
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
