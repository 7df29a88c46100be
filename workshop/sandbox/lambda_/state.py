"""What Lambda remembers of an account in a region: functions, their versions, aliases and policies."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from workshop.sandbox.lambda_.names import LATEST


@dataclass(frozen=True)
class Code:
    """A deployment package: the SHA-256 of the zip file in hex, and its size in bytes."""

    sha256: str
    size: int


@dataclass(frozen=True)
class Layer:
    """One version of a layer as a function uses it."""

    arn: str
    code: Code


@dataclass(frozen=True)
class Version:
    """A function's code and configuration at one moment; the newest is `$LATEST`.

    `memory` and `storage` are in MB, `timeout` in seconds; `revision` changes with every change.
    """

    name: str
    number: str
    arn: str
    role: str
    runtime: str
    handler: str
    code: Code
    modified: datetime
    revision: str
    description: str = ""
    timeout: int = 3
    memory: int = 128
    storage: int = 512
    architecture: str = "x86_64"
    variables: tuple[tuple[str, str], ...] = ()
    layers: tuple[Layer, ...] = ()
    tracing: str = "PassThrough"
    log_group: str = ""
    dead_letters: str | None = None
    kms_key: str | None = None

    @property
    def account(self) -> str:
        return self.arn.split(":")[4]


@dataclass
class Alias:
    """A name that points to a version, or to two by weight."""

    name: str
    version: str
    description: str
    revision: str
    weights: dict[str, float] = field(default_factory=dict)


@dataclass
class Function:
    """A function: its versions by number, its aliases, and what is set on it as a whole.

    `policies` and `async_config` are keyed by qualifier, `$LATEST`'s under None.
    """

    name: str
    versions: dict[str, Version]
    aliases: dict[str, Alias] = field(default_factory=dict)
    policies: dict[str | None, Policy] = field(default_factory=dict)
    async_config: dict[str | None, dict[str, Any]] = field(default_factory=dict)
    urls: dict[str | None, dict[str, Any]] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    reserved: int | None = None
    published: int = 0
    recursion: str = "Terminate"

    @property
    def latest(self) -> Version:
        return self.versions[LATEST]


@dataclass
class Policy:
    """A resource policy: its statements by id."""

    statements: dict[str, dict[str, Any]] = field(default_factory=dict)
    revision: str = ""


@dataclass(frozen=True)
class LayerVersion:
    """A published version of a layer."""

    name: str
    number: int
    arn: str
    code: Code
    created: datetime
    details: tuple[tuple[str, Any], ...] = ()


@dataclass
class State:
    """All of one account and region."""

    functions: dict[str, Function] = field(default_factory=dict)
    layers: dict[str, dict[int, LayerVersion]] = field(default_factory=dict)
    layer_counts: dict[str, int] = field(default_factory=dict)
