"""A sandbox in a process of its own, and an attendee in it, for measurements of the whole."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.bench.endpoint import ACCOUNT, serving
from tests.conftest import REGION, ROOT, free_port
from workshop.ground import prepare
from workshop.lab import Attendee, Aws, Keys, Lab
from workshop.sandbox.identity.sessions import Sessions, load_key
from workshop.sandbox.toolchain import Toolchain


@dataclass(frozen=True)
class Bench:
    """What a measurement works with."""

    folder: Path
    endpoint: str
    aws: Aws
    admin: Keys
    lab: Lab
    toolchain: Toolchain


@contextlib.contextmanager
def bench() -> Iterator[Bench]:
    """A fresh sandbox process with one prepared account."""
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        endpoint = f"http://127.0.0.1:{port}"
        command = ["sandbox", "--port", str(port), "--state", str(folder / "state")]
        root = Sessions(load_key(folder / "state")).root(ACCOUNT)
        with serving([sys.executable, "-m", "workshop", *command], endpoint + "/_aws/health"):
            aws, admin = Aws(REGION, endpoint), Keys(root.access_key, root.secret_key)
            attendee = Attendee("paulf", ACCOUNT, REGION, "pg23")
            lab = Lab(attendee, aws, prepare(attendee, aws, admin, ROOT / "sample_app"))
            toolchain = Toolchain(folder)
            toolchain.prepare()
            yield Bench(folder, endpoint, aws, admin, lab, toolchain)
