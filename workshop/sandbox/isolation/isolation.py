"""Chooses how boxes are isolated here, starts them and sees to their end."""

from __future__ import annotations

import logging
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor

from workshop.sandbox.isolation.box import Box
from workshop.sandbox.isolation.bubblewrap import Bubblewrap, available
from workshop.sandbox.isolation.plain import Plain
from workshop.sandbox.isolation.process import Process
from workshop.sandbox.isolation.watchdog import Watchdog
from workshop.sandbox.settings import Settings
from workshop.sandbox.toolchain import Toolchain

log = logging.getLogger(__name__)


class IsolationUnavailable(Exception):
    """Bubblewrap is required and does not work here; the message says why."""


class Isolation:
    """Starts programs in boxes, as the settings want it: "auto", "bubblewrap" or "none".

    One thread starts them all and lives as long as this object: the kernel ends a box when
    the thread that started it ends (PR_SET_PDEATHSIG), which is meant for the server's death.
    """

    def __init__(self, settings: Settings) -> None:
        self._wanted = settings.isolation
        self._toolchain = Toolchain(settings.state)
        self._bubblewrap = Bubblewrap(settings.state, self._toolchain, settings.socket, settings.port)
        self._plain = Plain(settings.state)
        self._way: Bubblewrap | Plain | None = None
        self._lock = threading.Lock()
        self._processes: list[Process] = []
        self._starter = ThreadPoolExecutor(1, "box-starter")
        self._watchdog = Watchdog(lambda: list(self._processes))
        self.why_not = ""

    @property
    def kind(self) -> str:
        """ "bubblewrap" or "none"; the first call tries it out.  IsolationUnavailable."""
        return self._chosen().name

    def start(self, box: Box) -> Process:
        """Run the box; IsolationUnavailable if it could only be done unsafely."""
        way = self._chosen()
        launched = self._starter.submit(way.launch, box, self._toolchain.path).result()
        process = Process(launched, box.limits)
        with self._lock:
            self._processes = [one for one in self._processes if one.poll() is None] + [process]
        self._watchdog.wake()
        return process

    def stop(self) -> None:
        """End every box."""
        with self._lock:
            processes, self._processes = self._processes, []
        for process in processes:
            process.kill("stopped")
        if self._way is not None:
            self._watchdog.stop()
        self._starter.shutdown()

    def _chosen(self) -> Bubblewrap | Plain:
        with self._lock:
            if self._way is None:
                self._toolchain.prepare()
                way = self._choose()
                self._watchdog.start()
                self._way = way
            return self._way

    def _choose(self) -> Bubblewrap | Plain:
        """The way that is wanted and works, prepared."""
        if self._wanted == "none":
            self.why_not = "the settings say so"
            return self._plainly()
        self._bubblewrap.prepare()
        self.why_not = available() or self._fault()
        if not self.why_not:
            return self._bubblewrap
        if self._wanted == "bubblewrap":
            raise IsolationUnavailable(f"Bubblewrap does not work here: {self.why_not}.")
        log.warning("Builds and functions run as plain processes: %s.", self.why_not)
        return self._plainly()

    def _plainly(self) -> Plain:
        self._plain.prepare()
        return self._plain

    def _fault(self) -> str:
        """What goes wrong with a box that does nothing; empty if all is well."""
        box = Box(("true",), endpoint=False, stderr=subprocess.STDOUT)
        launched = self._starter.submit(self._bubblewrap.launch, box, self._toolchain.path).result()
        output, _ = launched.popen.communicate()
        launched.settle()
        return "" if launched.popen.returncode == 0 else output.decode(errors="replace").strip()
