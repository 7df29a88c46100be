"""Whose build runs next: nobody waits behind the many builds of one account, and nobody waits for ever."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

from hypothesis import given
from hypothesis import strategies as st

from workshop.sandbox.codebuild.turns import Line, Waiting, in_turn, next_turn


def line(names: str, running: str = "", held: str = "", **turns: int) -> Line:
    """Builds `a0`, `a1`, `b0` … of the accounts `a` and `b`, for "aab"."""
    waiting = tuple(Waiting(name, f"{name}{names[:i].count(name)}") for i, name in enumerate(names))
    return Line(waiting, tuple(running), turns, frozenset(held))


def order(line: Line, at_once: int = 1) -> list[str]:
    return [one.build for one in in_turn(line, at_once)]


def test_nobody_waits_behind_the_five_pushes_of_one() -> None:
    assert order(line("aaaaabc")) == ["a0", "b0", "c0", "a1", "a2", "a3", "a4"]


def test_who_has_one_running_has_the_next_after_those_who_have_none() -> None:
    assert order(line("aabb", running="a", a=0), at_once=2) == ["b0", "a0", "b1", "a1"]


def test_who_waits_alone_may_have_several() -> None:
    assert next_turn(line("aa", running="a", a=0)) == Waiting("a", "a0")


def test_whose_turn_is_longest_ago_is_next() -> None:
    assert order(line("abc", a=2, b=1, c=3)) == ["b0", "a0", "c0"]


def test_what_is_held_lets_the_others_by_and_comes_last() -> None:
    assert order(line("aab", held="a")) == ["b0", "a0", "a1"]
    assert next_turn(line("aa", held="a")) is None


@dataclass
class Room:
    """A room in which builds come, begin and end, and all that happened in it: ("came", account), …"""

    at_once: int
    line: Line = field(default_factory=lambda: Line(()))
    history: list[tuple[str, str]] = field(default_factory=list)
    begun: list[str] = field(default_factory=list)

    def come(self, account: str) -> None:
        number = self.history.count(("came", account))
        waiting = (*self.line.waiting, Waiting(account, f"{account}{number}"))
        self.line = replace(self.line, waiting=waiting)
        self.history.append(("came", account))
        self.serve()

    def end(self, which: int = 0) -> None:
        if running := list(self.line.running):
            self.history.append(("ended", running.pop(which % len(running))))
            self.line = replace(self.line, running=tuple(running))
        self.serve()

    def serve(self) -> None:
        while len(self.line.running) < self.at_once and (chosen := next_turn(self.line)):
            waiting = tuple(one for one in self.line.waiting if one != chosen)
            turns = {**self.line.turns, chosen.account: len(self.begun)}
            self.line = Line(waiting, (*self.line.running, chosen.account), turns)
            self.history.append(("began", chosen.account))
            self.begun.append(chosen.build)


@dataclass
class Tally:
    """What an onlooker counts in a room's history, up to some moment."""

    waiting: Counter[str] = field(default_factory=Counter)
    running: Counter[str] = field(default_factory=Counter)
    passed: dict[str, set[str]] = field(default_factory=dict)

    def see(self, what: str, account: str) -> None:
        """`passed` are, for who waits, those who had a turn since it last had one or began to wait."""
        if what == "came":
            self.waiting[account] += 1
            self.passed.setdefault(account, set())
        elif what == "ended":
            self.running[account] -= 1
        else:
            self.running[account] += 1
            self.waiting[account] -= 1
            self.passed[account] = set()
            for other in self.passed:
                if other != account:
                    self.passed[other].add(account)
        self.passed = {name: seen for name, seen in self.passed.items() if self.waiting[name]}


NAMES = "abcde"
DEEDS = st.lists(st.one_of(st.sampled_from(NAMES), st.integers(0, 7)), max_size=60)
AT_ONCE = st.integers(1, 4)


def lived(at_once: int, deeds: list[str | int]) -> Room:
    """A room after all that: a letter is a build that comes, a number one that ends."""
    room = Room(at_once)
    for deed in deeds:
        if isinstance(deed, str):
            room.come(deed)
        else:
            room.end(deed)
    return room


@given(AT_ONCE, DEEDS)
def test_nobody_is_served_twice_before_another_who_waited_all_the_while(
    at_once: int, deeds: list[str | int]
) -> None:
    tally = Tally()
    for what, account in lived(at_once, deeds).history:
        if what == "began":
            overtaken = [other for other, seen in tally.passed.items() if account in seen]
            assert all(tally.running[other] > tally.running[account] for other in overtaken)
        tally.see(what, account)


@given(AT_ONCE, DEEDS)
def test_who_has_none_running_is_passed_by_each_other_once_at_most(
    at_once: int, deeds: list[str | int]
) -> None:
    tally, turns = Tally(), Counter[tuple[str, str]]()
    for what, account in lived(at_once, deeds).history:
        if what == "began":
            idle = [one for one in tally.passed if one != account and not tally.running[one]]
            turns = Counter({(one, by): turns[one, by] for one in idle for by in NAMES})
            turns.update((one, account) for one in idle)
            assert max(turns.values(), default=0) <= 1
        tally.see(what, account)


@given(AT_ONCE, DEEDS)
def test_an_accounts_builds_keep_their_order(at_once: int, deeds: list[str | int]) -> None:
    begun = lived(at_once, deeds).begun
    for name in NAMES:
        numbers = [int(build[1:]) for build in begun if build[0] == name]
        assert numbers == list(range(len(numbers)))


@given(AT_ONCE, DEEDS)
def test_nothing_waits_beside_a_free_place_and_everything_has_its_turn(
    at_once: int, deeds: list[str | int]
) -> None:
    room = lived(at_once, deeds)
    assert len(room.line.running) == at_once or not room.line.waiting
    expected = [one.build for one in in_turn(room.line, at_once)]
    before = len(room.begun)
    while room.line.running:
        room.end()
    assert room.begun[before:] == expected
    assert len(room.begun) == sum(isinstance(deed, str) for deed in deeds)
