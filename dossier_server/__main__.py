"""`dossier`, and `python -m dossier_server`."""

import signal
import sys
from pathlib import Path
from types import FrameType

HERE = Path(__file__).resolve().parent
FOLDER = HERE if (HERE / "app").is_dir() else HERE.parent  # of `app`: in a checkout it is beside this folder
OURS = ("app", "dossier", "dossier_server", "migrations")


def main() -> None:
    """Run the command line, or say what to install for it."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # the background ignores it
        signal.signal(signal.SIGINT, leave)  # during the imports; then the commands decide
    sys.path.insert(0, str(FOLDER))  # before PYTHONPATH, where a project may have an `app` of its own
    try:
        from app.__main__ import main as run  # noqa: PLC0415 - found only now

        run()
    except ModuleNotFoundError as error:
        name = (error.name or "").partition(".")[0]
        if name in OURS:
            raise
        sys.exit(f"The dossier command needs the server ({name} is missing): pip install 'dossier[server]'")


def leave(_number: int, _frame: FrameType | None) -> None:
    """End quietly: nothing was begun yet."""
    sys.exit(128 + signal.SIGINT)


if __name__ == "__main__":
    main()
