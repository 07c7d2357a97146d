"""Write files that outlive a power cut."""

import os
from pathlib import Path
from typing import BinaryIO


def write_durably(path: Path, body: bytes) -> None:
    """Write a whole file, or leave the one before. Raises OSError."""
    unfinished = path.with_name(f"{path.name}.part")
    with unfinished.open("wb") as file:
        file.write(body)
        sync(file)
    name_durably(unfinished, path)


def sync(file: BinaryIO) -> None:
    """Wait until what was written to a file is on the disk."""
    file.flush()
    os.fsync(file.fileno())


def name_durably(unfinished: Path, path: Path) -> None:
    """Give a written file its name, on the disk too."""
    unfinished.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
