"""Import a share of the test modules before all others.

After a change each process would compile every one of them, at the same time as the others do. So each
begins with other ones, and finds the rest compiled.
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import pytest

WORKER = "PYTEST_XDIST_WORKER"
WORKERS = "PYTEST_XDIST_WORKER_COUNT"


def import_own(config: pytest.Config) -> None:
    """Import what no other process of this run begins with."""
    if WORKER in os.environ:
        number, processes = int(os.environ[WORKER].removeprefix("gw")), int(os.environ[WORKERS])
        for file in list(test_files(config))[number::processes]:
            # What fails, or is to be skipped, does so again where pytest collects it, and says so.
            with suppress(Exception, pytest.skip.Exception):
                import_file(file.relative_to(config.rootpath))


def test_files(config: pytest.Config) -> Iterable[Path]:
    """Return the files of the run's folders."""
    folders = [config.invocation_params.dir / argument for argument in config.args]
    return sorted(file for folder in folders for file in folder.rglob("test_*.py"))


def import_file(file: Path) -> None:
    """Import a module, after its folder's conftest, as pytest does."""
    *folders, name = file.with_suffix("").parts
    if file.with_name("conftest.py").exists():
        import_module(".".join([*folders, "conftest"]))
    import_module(".".join([*folders, name]))
