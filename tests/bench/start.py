"""From the command to the first page, of a workshop that has run before."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from tests.conftest import ROOT, free_port

SECONDS = 60


def to_first_page(folder: Path) -> float:
    """Seconds until the page answers, at the second start in this folder."""
    _started(folder)
    return _started(folder)


def _started(folder: Path) -> float:
    port, sandbox = free_port(), free_port()
    words = ["run", "--no-open", "--state", str(folder), "--port", str(port), "--sandbox-port", str(sandbox)]
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "workshop", *words], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    with process:
        while not _answers(f"http://127.0.0.1:{port}/"):
            if time.perf_counter() - began > SECONDS:
                raise TimeoutError(f"No page after {SECONDS} seconds.")
            time.sleep(0.01)
        spent = time.perf_counter() - began
        assert process.stdout
        process.stdout.readline()  # it says that all is ready
        process.send_signal(signal.SIGINT)
        process.communicate()
    return spent


def _answers(url: str) -> bool:
    with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2):
        return True
    return False
