"""A box without isolation: a plain process of this user, for one learner on a machine of their own.

What stays: a minimal environment, folders of its own, limits, and an end for the whole tree,
also when the server is killed.  What a box calls /tmp or /var/task are ordinary folders here, so
paths in its command and variables are translated.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from workshop.sandbox.isolation import inside
from workshop.sandbox.isolation.box import Box
from workshop.sandbox.isolation.bubblewrap import resource_limits
from workshop.sandbox.isolation.process import Launched, translate


class Plain:
    """Starts boxes as ordinary processes."""

    name = "none"

    def __init__(self, state: Path) -> None:
        self._boxes = state.absolute() / "isolation" / "boxes"

    def prepare(self) -> None:
        """Remove what an earlier run left behind."""
        shutil.rmtree(self._boxes, ignore_errors=True)
        self._boxes.mkdir(parents=True)

    def launch(self, box: Box, path: str) -> Launched:
        """Start the box; `path` is the PATH of a program that brings none."""
        folder = Path(tempfile.mkdtemp(dir=self._boxes))
        places = _places(box, folder)
        held, lifeline = os.pipe()
        with tempfile.TemporaryFile() as task:
            task.write(_task(box, path, places, held))
            task.seek(0)
            popen = subprocess.Popen(
                [sys.executable, "-I", "-S", "-B", inside.__file__, str(task.fileno())],
                env={},
                stdin=box.stdin,
                stdout=box.stdout,
                stderr=box.stderr,
                pass_fds=(task.fileno(), held),
                start_new_session=True,
            )
        os.close(held)

        def end() -> None:
            nonlocal lifeline
            if lifeline >= 0:
                os.close(lifeline)
                lifeline = -1

        def clean() -> None:
            end()
            shutil.rmtree(folder, ignore_errors=True)

        return Launched(popen, popen.pid, end, lambda: None, clean, places)


def _places(box: Box, folder: Path) -> dict[str, str]:
    places = {path: str(source.absolute()) for path, source in {**box.read_only, **box.writable}.items()}
    for number, path in enumerate(box.scratch):
        place = folder / f"{number}-{Path(path).name}"
        place.mkdir()
        places[path] = str(place)
    _join(places)
    return places


def _join(places: dict[str, str]) -> None:
    """A folder mounted in a scratch folder is linked there, so that both ways lead to it."""
    for path in places:
        for above in places:
            if path.startswith(above + "/"):
                link = Path(places[above], path[len(above) + 1 :])
                with contextlib.suppress(OSError):
                    link.parent.mkdir(parents=True, exist_ok=True)
                    link.symlink_to(places[path])


def _task(box: Box, path: str, places: dict[str, str], lifeline: int) -> bytes:
    env = {name: translate(value, places) for name, value in box.env.items()}
    task = {
        "relay": None,
        "lifeline": lifeline,
        "limits": resource_limits(box),
        "cwd": translate(box.cwd, places),
        "command": [translate(word, places) for word in box.command],
        "env": {"PATH": path, **env},
    }
    return json.dumps(task).encode()
