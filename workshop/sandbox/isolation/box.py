"""What a program may touch: its files, its network, its share of the machine."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

MIB = 1024 * 1024
GIB = 1024 * MIB


@dataclass(frozen=True)
class Limits:
    """Sizes in bytes.  `memory` and `processes` count the whole tree of processes.

    Beyond `memory` the box is killed (Process.killed == "memory"); None means unlimited.
    """

    memory: int | None = None
    processes: int = 512
    open_files: int = 8192
    file_size: int = GIB


@dataclass(frozen=True)
class Box:
    """A program and all that it may see.  The keys of the three mappings are paths inside.

    `command` and `env` may name paths inside, and the Python, Node, npm and AWS CLI of the
    toolchain by name; `env` is complete, nothing is inherited but PATH where it is absent.
    `scratch` are empty writable folders that end with the box, with their size.
    `endpoint`: the sandbox's own endpoint answers inside under its usual address; nothing
    else does.  `stdin`, `stdout` and `stderr` are as in `subprocess.Popen`.
    """

    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: str = "/"
    read_only: Mapping[str, Path] = field(default_factory=dict)
    writable: Mapping[str, Path] = field(default_factory=dict)
    scratch: Mapping[str, int] = field(default_factory=lambda: {"/tmp": 512 * MIB})
    endpoint: bool = True
    limits: Limits = field(default_factory=Limits)
    stdin: int = subprocess.DEVNULL
    stdout: int = subprocess.PIPE
    stderr: int = subprocess.PIPE
