"""A sandbox in a process of its own, which can be stopped or killed, and started again."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
import urllib.request
from functools import cached_property
from pathlib import Path
from typing import Any, cast

from tests.conftest import Account, free_port
from tests.sandbox.workbench import wait_for
from workshop.sandbox.identity.sessions import Sessions, load_key
from workshop.sandbox.server import Server
from workshop.sandbox.settings import Settings

PATIENCE = 60.0  # seconds for a start or a stop
SAVED_WITHIN = 8.0  # seconds


class House:
    """One state folder, one port, and the process that serves them now."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = Settings(state=folder, port=free_port())
        self.endpoint = self.settings.endpoint
        self.sessions = Sessions(load_key(folder))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def sandbox(self) -> House:
        return self

    @cached_property
    def account(self) -> Account:
        """An account in it, as other tests have one."""
        return Account(cast(Server, self))

    def start(self) -> dict[str, Any]:
        """Start it; what its health page says."""
        self.begin()
        assert self._process
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until and self._process.poll() is None:
            try:
                return self.health()
            except OSError:
                time.sleep(0.02)
        raise AssertionError((self.folder / "log").read_text())

    def begin(self) -> None:
        """Start it, and do not wait until it is up."""
        command = [sys.executable, "-m", "workshop", "sandbox"]
        command += ["--port", str(self.settings.port), "--state", str(self.folder)]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)

    def health(self) -> dict[str, Any]:
        with urllib.request.urlopen(self.endpoint + "/_aws/health", timeout=5) as page:
            found: dict[str, Any] = json.load(page)
        return found

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def restart(self) -> dict[str, Any]:
        self.stop()
        return self.start()

    @property
    def saved(self) -> Path:
        """The file that holds the account's state."""
        return self.folder / "snapshot" / self.account.id / "state.pickle"

    def wait_until_saved(self) -> None:
        """Wait until a change that is made now is saved, as it has to be soon."""
        before = self.saved.stat().st_mtime_ns if self.saved.exists() else 0
        self.account.client("ssm").put_parameter(Name="mark", Value="x", Type="String", Overwrite=True)
        wait_for(lambda: self.saved.exists() and self.saved.stat().st_mtime_ns > before, SAVED_WITHIN)

    def kill_when_saved(self) -> None:
        """Kill it when all that was done so far is saved."""
        self.wait_until_saved()
        self.kill()

    def _end(self, how: signal.Signals) -> None:
        if self._process and self._process.poll() is None:
            self._process.send_signal(how)
            self._process.wait(PATIENCE)
