"""The local AWS's saved state, as files below the state folder: copied while it runs, and put back.

An account's state names bodies that lie beside it, packages and git objects that lie elsewhere; all of
them are named by their content or only ever added to. So an account is copied until its state was the
same before and after, and what lies elsewhere is copied before and after all accounts: whatever a state
names was there at one of the two moments.
"""

from __future__ import annotations

import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SAVED, STATE = "snapshot", "state.pickle"
ELSEWHERE = ("lambda/zip/*.zip", "codecommit/*/*/*/**/*")
PASSING = (".lock", ".part")
TRIES = 100
PAUSE = 0.1


class Unsteady(Exception):
    """An account changed faster than it could be copied."""


def there(state: Path) -> bool:
    """Whether a local AWS has saved anything here."""
    return (state / SAVED).is_dir() and (state / "root.key").exists()


def running(state: Path) -> bool:
    """Whether a local AWS serves out of this folder now."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(state / "endpoint.sock"))
        except OSError:
            return False
    return True


def copy(state: Path, into: Path) -> None:
    """Copy what a restart would need."""
    _copy(state, into, "root.key")
    _copy_elsewhere(state, into)
    _copy(state, into, f"{SAVED}/origin.json")
    for file in sorted((state / SAVED).glob(f"*/{STATE}")):
        _copy_account(file.parent, into / SAVED / file.parent.name)
    _copy_elsewhere(state, into)


@contextmanager
def placed(staged: Path, state: Path) -> Iterator[None]:
    """Put a copy in the place of what is there, which is moved aside; if this fails, all is as before."""
    aside = state / f"replaced-{time.strftime('%Y%m%dT%H%M%S')}"
    names = sorted({*(path.name for path in staged.iterdir()), SAVED, "codecommit", "lambda", "root.key"})
    moved: list[tuple[Path, Path]] = []
    try:
        for name in names:
            for one, other in ((state / name, aside / name), (staged / name, state / name)):
                if one.exists():
                    other.parent.mkdir(parents=True, exist_ok=True)
                    shutil.move(one, other)
                    moved.append((one, other))
        yield
    except BaseException:
        for one, other in reversed(moved):
            shutil.move(other, one)
        raise


def _copy_account(drawer: Path, into: Path) -> None:
    for _ in range(TRIES):
        before = _sign(drawer / STATE)
        shutil.rmtree(into, ignore_errors=True)
        try:
            shutil.copytree(drawer, into, ignore=shutil.ignore_patterns("*.part"))
        except (OSError, shutil.Error):  # a body that nobody names any more was swept away
            continue
        if before == _sign(drawer / STATE):
            return
        time.sleep(PAUSE)
    raise Unsteady(f"Account {drawer.name} of the local AWS changes too fast to be copied. Try again.")


def _sign(file: Path) -> tuple[int, int]:
    """Changes with each save, which makes a new file."""
    known = file.stat()
    return known.st_ino, known.st_mtime_ns


def _copy_elsewhere(state: Path, into: Path) -> None:
    files = [file for pattern in ELSEWHERE for file in state.glob(pattern) if file.is_file()]
    names = [file.relative_to(state).as_posix() for file in files if file.suffix not in PASSING]
    for name in sorted(names, key=_is_object):
        _copy(state, into, name)


def _is_object(name: str) -> bool:
    """Of a repository branches come before objects: then none points to what was not copied."""
    return "/objects/" in name


def _copy(state: Path, into: Path, name: str) -> None:
    target = into / name
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copy2(state / name, target)
    except FileNotFoundError:  # gone since it was listed; nothing that was saved names it
        return
