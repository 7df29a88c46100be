"""How a sandbox is set up: where its state lives, where it listens, how much it may run at once."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from workshop.sandbox.memory import BUILD, LARGEST_FUNCTION

Isolation = Literal["auto", "bubblewrap", "none"]


@dataclass(frozen=True)
class Settings:
    """Paths and limits of one sandbox.

    `isolation`: "bubblewrap" refuses to run code without it, "auto" uses it where it
    works, "none" runs plain processes (one learner on a machine of their own).
    `builds` is how many builds run at once, of all accounts together.  `memory_per_account` is what
    an account's builds and warm functions may be promised together, in MB: unless said otherwise a
    build and the largest function that there is.  `environments_per_account` is how many execution
    environments of functions it may have, at work and warm.  `public_url` is how others than this
    machine come here ("https://aws.example.org"): what is shown to them begins with it, and APIs
    and functions have names below it, which DNS must lead here as well (`*.execute-api.…`).
    """

    state: Path
    host: str = "127.0.0.1"
    port: int = 4566
    region: str = "eu-west-1"
    isolation: Isolation = "auto"
    builds: int = field(default_factory=lambda: os.cpu_count() or 1)
    memory_per_account: int = BUILD + LARGEST_FUNCTION
    environments_per_account: int = 8
    public_url: str = ""

    def __post_init__(self) -> None:
        """ValueError for limits under which no build or function could ever run."""
        if self.builds < 1 or self.environments_per_account < 1:
            raise ValueError("builds, environments_per_account: at least one must be able to run.")
        if self.memory_per_account < BUILD:
            raise ValueError(f"memory_per_account: a build needs {BUILD} MB.")

    @property
    def endpoint(self) -> str:
        return f"http://{self.host}:{self.port}"

    @property
    def shown(self) -> str:
        """Where clients are told to go."""
        return self.public_url.rstrip("/") or self.endpoint

    def host_of(self, label: str) -> str:
        """The host of an API or a function ("abc.execute-api"), with its port where it has one."""
        return f"{label}.{urlsplit(self.public_url).netloc or f'localhost:{self.port}'}"

    def address_of(self, label: str) -> str:
        """Where an API or a function ("abc.execute-api") answers."""
        return f"{urlsplit(self.public_url).scheme or 'http'}://{self.host_of(label)}"

    def is_host_of(self, kind: str, aws: str) -> re.Pattern[str]:
        """What the host of an API or a function looks like here, on this machine, or in AWS; its `id`."""
        public = urlsplit(self.public_url).hostname or "localhost"
        hosts = rf"(?:localhost|{re.escape(public)}|{aws})(?::\d+)?"
        return re.compile(rf"(?P<id>[a-z0-9]+)\.{kind}\.{hosts}", re.IGNORECASE)

    @property
    def socket(self) -> Path:
        """The unix socket on which the same endpoint is served, for isolated processes."""
        return self.state / "endpoint.sock"
