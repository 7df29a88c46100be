"""Decides whether there is room for one more execution environment, and which idle ones go for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Bounds:
    """How many environments there may be, busy, idle and starting together."""

    at_all: int
    per_account: int
    per_function: int  # of these the idle ones do not count: another version's may be among them


@dataclass(frozen=True)
class Held:
    """An environment that there is: its function (ARN), its account, its memory in MB.

    `idle_since` is None while it works or starts.
    """

    function: str
    account: str
    memory: int
    idle_since: float | None = None


def to_go(held: Sequence[Held], wanted: Held, memory_left: int, bounds: Bounds) -> list[int] | None:
    """Which of `held`, by index, must go before `wanted` may start; None if it has to wait.

    Its account's own idle ones go first, the longest idle before others; another account's goes
    only where there are too many at all.  `memory_left` is what the account may still take, in MB.
    """
    if sum(one.function == wanted.function and one.idle_since is None for one in held) >= bounds.per_function:
        return None
    own = _idle(held, wanted.account)
    going: list[int] = []
    count = sum(one.account == wanted.account for one in held)
    while memory_left < wanted.memory or count - len(going) >= bounds.per_account:
        if (index := next(own, None)) is None:
            return None
        going.append(index)
        memory_left += held[index].memory
    while len(held) - len(going) >= bounds.at_all:
        if (index := next(own, None)) is None:
            index = next((one for one in _idle(held) if one not in going), None)
        if index is None:
            return None
        going.append(index)
    return going


def to_lend(held: Sequence[Held], account: str, memory: int) -> list[int]:
    """Which idle ones of an account to end for so much memory (MB); none if all were too little."""
    going: list[int] = []
    for index in _idle(held, account):
        if memory <= 0:
            break
        going.append(index)
        memory -= held[index].memory
    return going if memory <= 0 else []


def _idle(held: Sequence[Held], account: str | None = None) -> Iterator[int]:
    """The idle ones, of an account or all, the longest idle first."""
    found = [
        (one.idle_since, index)
        for index, one in enumerate(held)
        if one.idle_since is not None and account in (None, one.account)
    ]
    return (index for _, index in sorted(found))
