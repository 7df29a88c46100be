"""Which sandbox wrote a snapshot: one of another make is refused rather than half understood."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from workshop.sandbox.snapshot.drawer import replace

FILE = "origin.json"
FORMAT = 1  # raise it whenever a state of ours changes so that older snapshots no longer fit


@dataclass(frozen=True)
class Origin:
    """What a snapshot is bound to: our format, moto's classes, Python's pickles."""

    format: int
    moto: str
    python: str

    def __str__(self) -> str:
        return f"format {self.format}, moto {self.moto}, Python {self.python}"


def present() -> Origin:
    """This sandbox's own."""
    return Origin(FORMAT, version("moto"), f"{sys.version_info.major}.{sys.version_info.minor}")


def objection(folder: Path) -> str | None:
    """Why a snapshot cannot be read here, as the beginning of a sentence; None if it can."""
    try:
        found = Origin(**json.loads((folder / FILE).read_text()))
    except (OSError, ValueError, TypeError):
        return "The saved state does not say which sandbox it is of"
    if found != present():
        return f"The saved state is of another sandbox ({found}; this one is {present()})"
    return None


def sign(folder: Path) -> None:
    """Write down that the snapshot in `folder` is of this sandbox."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    replace(folder / FILE, json.dumps(asdict(present())).encode())
