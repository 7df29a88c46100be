"""Decides whose build runs next, so that nobody waits behind the many builds of one account.

AWS has no such question, since there an account's builds wait for that account's others only.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

NEVER: Final = -1


@dataclass(frozen=True)
class Waiting:
    """A build (its ARN) that waits, and whose it is."""

    account: str
    build: str


@dataclass(frozen=True)
class Line:
    """The builds that wait, in the order of their coming, and what became of earlier ones.

    `running` names an account once for each of its builds that run, the longest running first.
    `turns` numbers turns: when each account had its last one.  Accounts that are `held` have no
    room for a build now, whoever's turn it is.
    """

    waiting: tuple[Waiting, ...]
    running: tuple[str, ...] = ()
    turns: Mapping[str, int] = field(default_factory=dict)
    held: frozenset[str] = frozenset()


def next_turn(line: Line) -> Waiting | None:
    """The build that is to run next; None if none may.

    It is one of the account that has the fewest running; among such, of the one whose last turn
    is the longest ago.  So an account has a second build running only while nobody waits for a first.
    """
    own = _by_account(one for one in line.waiting if one.account not in line.held)
    return own[_whose(own, line.running, line.turns)][0] if own else None


def in_turn(line: Line, at_once: int) -> list[Waiting]:
    """The builds in the order in which they will run if no other comes.

    `at_once` builds may run at the same time; the longest running is taken to end first.  What
    is held comes last.
    """
    own = _by_account(one for one in line.waiting if one.account not in line.held)
    running, turns = deque(line.running), dict(line.turns)
    number, order = max(turns.values(), default=NEVER), list[Waiting]()
    while own:
        while len(running) >= at_once:
            running.popleft()
        account = _whose(own, running, turns)
        order.append(own[account].popleft())
        running.append(account)
        turns[account] = number = number + 1
        if not own[account]:
            del own[account]
    return order + [one for one in line.waiting if one.account in line.held]


def _whose(accounts: Iterable[str], running: Collection[str], turns: Mapping[str, int]) -> str:
    """Whose turn it is; among those who never had one, it is that of who came first."""
    at_work = list(running)
    return min(accounts, key=lambda account: (at_work.count(account), turns.get(account, NEVER)))


def _by_account(waiting: Iterable[Waiting]) -> dict[str, deque[Waiting]]:
    own: dict[str, deque[Waiting]] = {}
    for one in waiting:
        own.setdefault(one.account, deque()).append(one)
    return own
