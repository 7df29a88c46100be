"""A build's container: the box that its agent runs in, and the talk with that agent."""

from __future__ import annotations

import json
import os
import selectors
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from subprocess import PIPE
from typing import IO, Any

from workshop.sandbox.codebuild import agent
from workshop.sandbox.codebuild.environment import NPM_COPY
from workshop.sandbox.isolation import Box, Isolation, Limits, Process
from workshop.sandbox.isolation.box import GIB, MIB
from workshop.sandbox.memory import BUILD
from workshop.sandbox.toolchain import NPM_CACHE

AGENT = "/codebuild/agent.py"
INPUT = "/codebuild/input"
OUTPUT = "/codebuild/output"
SCRATCH = {OUTPUT: 2 * GIB, "/tmp": 512 * MIB, "/root": 512 * MIB}
LIMITS = Limits(memory=BUILD * MIB, processes=512, file_size=GIB)
CHUNK = 65536
DRAINED_AT_MOST = 4 * MIB
LARGEST_ANSWER = 4 * MIB
LARGEST_PAYLOAD = GIB
IN_MEMORY = 16 * MIB


class ContainerGone(Exception):
    """The agent no longer answers: it was stopped, or the build has killed it."""


class OutOfTime(Exception):
    """The deadline passed before the agent answered."""


class Container:
    """Runs one build's commands.  `output` is given what they print, as it comes."""

    def __init__(
        self,
        isolation: Isolation,
        sources: Path,
        env: Mapping[str, str],
        output: Callable[[bytes], None],
    ) -> None:
        box = Box(
            command=(sys.executable, "-I", "-S", "-B", AGENT, f"{OUTPUT}/tmp", str(NPM_CACHE), NPM_COPY),
            env={"HOME": "/root", "TMPDIR": "/tmp", **env},
            read_only={AGENT: Path(agent.__file__), INPUT: sources},
            scratch=SCRATCH,
            limits=LIMITS,
            stdin=PIPE,
        )
        self._process: Process = isolation.start(box)
        self._output = output
        self._commands, self._prints, self._answers = _pipes(self._process)
        self._pending = bytearray()
        self._selector = selectors.DefaultSelector()
        for pipe in (self._prints, self._answers):
            os.set_blocking(pipe.fileno(), False)
            self._selector.register(pipe, selectors.EVENT_READ)

    @property
    def killed(self) -> str | None:
        """Why the box was ended from outside, if it was."""
        return self._process.killed

    def path(self, inside: str) -> str:
        """The inside path as the build's commands see it."""
        return self._process.path(inside)

    def ask(self, do: str, deadline: float, **request: Any) -> dict[str, Any]:
        """The agent's answer to one request, with a file under `payload` where it has sent one.

        `deadline` is a time.monotonic().  ContainerGone, OutOfTime.
        """
        try:
            self._commands.write(json.dumps({"do": do, **request}).encode() + b"\n")
            self._commands.flush()
        except OSError:
            raise ContainerGone from None
        answer = self._head(deadline)
        size = answer.get("size", 0)
        if not isinstance(size, int) or size > LARGEST_PAYLOAD:
            raise ContainerGone
        if size:
            answer["payload"] = self._payload(size, deadline)
        self._drain()
        return answer

    def kill(self, reason: str) -> None:
        """End everything in the container; the talk with it then ends in ContainerGone."""
        self._process.kill(reason)

    def close(self) -> None:
        """End the container, if it has not ended, and let go of it."""
        self._process.kill("finished")
        self._selector.close()
        for pipe in (self._commands, self._prints, self._answers):
            try:
                pipe.close()
            except BrokenPipeError:
                continue

    def _head(self, deadline: float) -> dict[str, Any]:
        while b"\n" not in self._pending:
            if len(self._pending) > LARGEST_ANSWER:
                raise ContainerGone
            self._receive(deadline)
        line, _, rest = bytes(self._pending).partition(b"\n")
        self._pending = bytearray(rest)
        try:
            answer = json.loads(line)
        except ValueError:
            raise ContainerGone from None
        if not isinstance(answer, dict):
            raise ContainerGone
        return answer

    def _payload(self, size: int, deadline: float) -> IO[bytes]:
        file: IO[bytes] = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed by who asked
        while size:
            if not self._pending:
                self._receive(deadline)
            taken = bytes(self._pending[:size])
            del self._pending[: len(taken)]
            file.write(taken)
            size -= len(taken)
        file.seek(0)
        return file

    def _receive(self, deadline: float) -> None:
        """Wait for something from the box and take it."""
        left = deadline - time.monotonic()
        if left <= 0:
            raise OutOfTime
        for key, _ in self._selector.select(left):
            chunk = _read(key.fileobj)
            if key.fileobj is self._answers:
                if not chunk:
                    self._drain()
                    raise ContainerGone
                self._pending += chunk
            elif chunk:
                self._output(chunk)
            else:
                self._selector.unregister(key.fileobj)

    def _drain(self) -> None:
        """Take what the command has printed before its status came."""
        taken = 0
        while taken < DRAINED_AT_MOST and (chunk := _read(self._prints)):
            self._output(chunk)
            taken += len(chunk)


def _pipes(process: Process) -> tuple[IO[bytes], IO[bytes], IO[bytes]]:
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise ContainerGone
    return process.stdin, process.stdout, process.stderr


def _read(pipe: Any) -> bytes:
    try:
        return os.read(pipe.fileno(), CHUNK)
    except BlockingIOError:
        return b""
