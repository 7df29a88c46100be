"""Notes when two processes work for the same attendee at once."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from workshop.lab import Lab


@contextmanager
def alone(lab: Lab) -> Iterator[int]:
    """Work under the attendee's own lock; gives the number of the round that is asked for."""
    folder = Path(os.environ["ROUGH_FOLDER"])
    with (folder / lab.account).open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            (folder / "two-at-once").write_text(lab.handle)
        yield int(lab.answers["round"])
