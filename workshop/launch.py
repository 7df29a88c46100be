"""Starts the three programs on one machine, watches over them, and leaves nothing behind.

Each program is a process of its own, as at an event; this one only starts them, tells when
they are healthy and ends them.  A program that dies is started again, a few times.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import webbrowser
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from workshop import interrupt
from workshop.config import Config

START_SECONDS = 60
STOP_SECONDS = 8
GRACE_SECONDS = 3  # for answers under way, on a machine of one's own
RESTARTS = 5  # within a minute: then something is broken that another start will not mend
MINUTE = 60.0
NICER = 5
KEEP_ALIVE = 75  # seconds that a connection may rest: longer than a page does between two questions
WORKER = "worker"
SUPERVISOR = "WORKSHOP_SUPERVISOR"


class Obstacle(Exception):
    """Why nothing can be started: what is wrong, and what to do."""


@dataclass
class Program:
    """One of the three programs, and how to tell that it is up."""

    name: str
    command: list[str]
    healthy: Callable[[], bool]
    log: Path
    environment: dict[str, str]
    process: subprocess.Popen[bytes] | None = None
    starts: list[float] = field(default_factory=list)
    ready: bool = field(default=False)

    def start(self) -> None:
        """Start it in a process group of its own, its output going to its log."""
        self.starts = [at for at in self.starts if time.monotonic() - at < MINUTE] + [time.monotonic()]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self.environment | {SUPERVISOR: str(os.getpid())},
                start_new_session=True,
            )

    @property
    def ended(self) -> int | None:
        """The exit status, or None while it runs."""
        return self.process.poll() if self.process else None

    def signal(self, number: int) -> None:
        """Send a signal to it and all its children."""
        if self.process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)


def run(config: Config, open_browser: bool | None) -> int:
    """Run the workshop until Ctrl-C; the exit status."""
    console = Console(highlight=False)
    try:
        prepare_state(config)
        for port, option in ((config.port, "PORT"), (config.sandbox_port, "SANDBOX_PORT")):
            refuse_taken_port(config.host, port, option)
    except Obstacle as obstacle:
        console.print(f"[red]✕[/] {obstacle}", soft_wrap=True)
        return 1
    interrupt.listen(signal.SIGINT, signal.SIGTERM)  # a shell's background job ignores SIGINT
    programs: list[Program] = []
    try:
        with console.status("Starting …") as status:
            for program in _programs(config):
                if program.name == WORKER:  # it would take the processor from the first page
                    _await_health(programs[-1:], status.update)
                programs.append(program)
                program.start()
                if len(programs) == 1:
                    bring_up_to_date(config)  # while the local AWS starts
            _await_health(programs, status.update)
        _announce(console, config, open_browser)
        _watch(programs, console)
    except KeyboardInterrupt:
        console.print("\nStopping …")
    except Obstacle as obstacle:
        console.print(f"[red]✕[/] {obstacle}", soft_wrap=True)
        return 1
    finally:
        _stop(programs)
    console.print("Stopped. Your progress is kept; `make run` goes on from here.")
    return 0


def prepare_state(config: Config) -> None:
    """Make the state folder; Obstacle if that cannot be."""
    try:
        (config.state / "log").mkdir(parents=True, exist_ok=True)
        (probe := config.state / ".writable").touch()
        probe.unlink()
    except OSError as refused:
        raise Obstacle(
            f"{config.state.resolve()} cannot be written to ({refused.strerror}). Give yourself the"
            " permission, or name another folder: make run STATE=~/workshop"
        ) from refused


def bring_up_to_date(config: Config) -> None:
    """Make the database what this version expects."""
    from workshop.models import migrate

    migrate(config)


def refuse_taken_port(host: str, port: int, option: str) -> None:
    """Raise Obstacle if somebody listens on the port already."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as taken:
            raise Obstacle(
                f"Port {port} is taken by another program (perhaps a workshop that runs already)."
                f" Stop that one, or choose another port: make run {option}={port + 1}"
            ) from taken


def _programs(config: Config) -> Iterator[Program]:
    """Sandbox first: it takes the longest and needs nothing of the others."""
    me, logs = [sys.executable, "-m", "workshop"], config.state / "log"
    serve = [
        "--port",
        str(config.sandbox_port),
        "--state",
        str(config.state),
        "--isolation",
        config.isolation,
    ]
    health = _health_of_aws(config)
    pages = f"http://{config.host}:{config.port}/healthz"
    environment = config.environment() | {"WORKSHOP_GRACEFUL_SECONDS": str(GRACE_SECONDS)}
    yield Program(
        "local AWS", [*me, "sandbox", *serve], lambda: _answers(health), logs / "sandbox.log", environment
    )
    yield Program("pages", [*me, "web"], lambda: _answers(pages), logs / "web.log", environment)
    yield Program(
        WORKER, [*me, "worker"], lambda: _answers(pages, "worker"), logs / "worker.log", environment
    )


def _health_of_aws(config: Config) -> str:
    return f"http://127.0.0.1:{config.sandbox_port}/_aws/health"


def _refused(config: Config) -> str:
    """What the local AWS says of a saved state that it could not take up; "" where there is none."""
    with contextlib.suppress(OSError, ValueError), urllib.request.urlopen(_health_of_aws(config)) as reply:
        return str(json.load(reply).get("refused", ""))
    return ""


def _answers(url: str, part: str = "") -> bool:
    """Whether a health page answers, and says that `part` is up if one is named."""
    try:
        with urllib.request.urlopen(url, timeout=2) as reply:
            return not part or bool(json.load(reply).get(part))
    except (OSError, ValueError):
        return False


def _await_health(programs: list[Program], say: Callable[[str], None]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while waiting := [program for program in programs if not program.ready]:
        say("Starting: " + ", ".join(program.name for program in waiting) + " …")
        for program in waiting:
            program.ready = program.healthy()
            if program.ended is not None:
                raise Obstacle(f"The {program.name} did not start. {_last_words(program)}")
        if time.monotonic() > deadline:
            raise Obstacle(
                f"The {waiting[0].name} is not up after {START_SECONDS} s. {_last_words(waiting[0])}"
            )
        time.sleep(0.05)


def _last_words(program: Program) -> str:
    lines = program.log.read_text(errors="replace").strip().splitlines()
    return f"Its log ({program.log}) ends with: {lines[-1] if lines else 'nothing'}"


def _announce(console: Console, config: Config, open_browser: bool | None) -> None:
    url = f"http://{'127.0.0.1' if config.host == '0.0.0.0' else config.host}:{config.port}"
    console.print(f"[green]✓[/] {config.title} is ready:  [bold]{url}[/]")
    console.print(
        f"  State in {config.state.resolve()} · Ctrl-C stops everything", style="dim", soft_wrap=True
    )
    if refused := _refused(config):
        console.print(f"[yellow]●[/] {escape(refused)}", soft_wrap=True)
    from workshop.room.welcome import set_up_link

    if link := set_up_link(config, url):
        console.print(f"  Running it for others? Set up events at {link}", style="dim", soft_wrap=True)
    desktop = sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    if desktop if open_browser is None else open_browser:
        webbrowser.open(url)


def _watch(programs: list[Program], console: Console) -> None:
    """Start again what dies, until somebody interrupts."""
    while True:
        time.sleep(0.5)
        for program in programs:
            if program.ended is None:
                continue
            if len(program.starts) > RESTARTS:
                raise Obstacle(f"The {program.name} keeps ending. {_last_words(program)}")
            console.print(f"[yellow]●[/] The {program.name} ended ({program.ended}); starting it again.")
            program.signal(signal.SIGKILL)
            program.start()


def _stop(programs: list[Program]) -> None:
    """Ask every program to end, then make sure of it, children included."""
    interrupt.heard()
    for program in programs:
        program.signal(signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while any(program.ended is None for program in programs) and time.monotonic() < deadline:
        time.sleep(0.02)
    for program in programs:
        program.signal(signal.SIGKILL)


def end_with_supervisor() -> None:
    """End this process when the one that started it is gone, however it went."""
    supervisor = int(os.environ.get(SUPERVISOR, "0"))
    if not supervisor:
        return

    def follow() -> None:
        while os.getppid() == supervisor:
            time.sleep(0.5)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=follow, daemon=True, name="follow supervisor").start()


@contextlib.contextmanager
def loading() -> Iterator[None]:
    """Import without looking for garbage, and keep what was imported out of every later search for it.

    Half a million objects come, and stay: looking through them takes a seventh of a start, and a tenth of
    a second whenever it is done again.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def serve_sandbox(state: Path, host: str, port: int, isolation: str, public_url: str = "") -> None:
    """Serve the local AWS until a signal ends it."""
    with loading():
        from workshop.sandbox.server import Server
        from workshop.sandbox.settings import Settings

    end_with_supervisor()
    interrupt.listen(signal.SIGTERM)
    state.mkdir(parents=True, exist_ok=True)
    refuse_taken_port(host, port, "SANDBOX_PORT")
    settings = Settings(state=state, host=host, port=port, isolation=isolation, public_url=public_url)  # type: ignore[arg-type]
    server = Server(settings)
    # A signal may come at any moment, also while it still starts.
    try:
        server.start()
        print(f"A local AWS listens on http://{host}:{port}.", flush=True)
        threading.Event().wait()
    except KeyboardInterrupt:
        pass
    finally:
        interrupt.heard()
        _end_anyway()
        server.stop()


def _end_anyway() -> None:
    """See to it that this process ends, even if something in it does not let go."""
    guard = threading.Timer(STOP_SECONDS - 1, os._exit, args=(1,))
    guard.daemon = True
    guard.start()


def serve_worker(config: Config) -> None:
    """Run jobs until a signal ends it."""
    end_with_supervisor()
    interrupt.listen(signal.SIGTERM)
    os.nice(NICER)  # pages and builds go first: whoever looks is waiting
    with loading():
        from workshop.operations import port
        from workshop.work import worker

    if config.worker_port:
        port.answer(config)
    with contextlib.suppress(KeyboardInterrupt):
        worker.serve(config)


def share_metrics(config: Config) -> None:
    """Let the processes behind this port count together, from nothing."""
    folder = config.state / "metrics" / f"web-{config.port}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


def serve_web(config: Config) -> None:
    """Serve the pages with gunicorn until a signal ends it."""
    end_with_supervisor()
    share_metrics(config)
    with loading():
        from gunicorn.app.base import BaseApplication
        from gunicorn.glogging import Logger

        from workshop.models import THREADS
        from workshop.operations import logs
        from workshop.operations.draining import Draining

    class Log(Logger):
        """gunicorn's words, in the log of the house."""

        def setup(self, cfg: Any) -> None:
            super().setup(cfg)
            logs.join(self.error_log)

    class Pages(BaseApplication):
        """gunicorn, told what to serve by this configuration rather than by its command line."""

        def load_config(self) -> None:
            self.cfg.set("bind", f"{config.host}:{config.port}")
            self.cfg.set("worker_class", Draining)
            self.cfg.set("threads", THREADS)
            self.cfg.set("workers", config.web_workers)
            self.cfg.set("keepalive", KEEP_ALIVE)
            self.cfg.set("graceful_timeout", config.graceful_seconds)
            self.cfg.set("forwarded_allow_ips", "")  # whom to believe is for the app to say
            self.cfg.set("logger_class", Log)
            self.cfg.set("control_socket_disable", True)

        def load(self) -> Any:
            with loading():
                from workshop.app import create_app

            return create_app(config)

    Pages().run()
