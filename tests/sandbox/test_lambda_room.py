"""How many environments an account may have, and how much memory: it never costs another account."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import Account, free_port
from tests.sandbox.building import Builder, commands
from tests.sandbox.functions import function, invoke
from tests.sandbox.workbench import wait_for
from workshop.sandbox.call import AwsError, Credentials, Principal
from workshop.sandbox.isolation import Box
from workshop.sandbox.lambda_.environment import Environment, Plan
from workshop.sandbox.lambda_.pool import MOST, Pool
from workshop.sandbox.lambda_.room import Bounds, Held, to_go, to_lend
from workshop.sandbox.lambda_.state import Code, Version
from workshop.sandbox.memory import BUILD, Memory
from workshop.sandbox.server import Server
from workshop.sandbox.settings import Settings

ANN, BEN = "111111111111", "222222222222"
NOBODY = Credentials("", "", None, Principal(ANN, "", ""))


def version(account: str, name: str, memory: int = 128) -> Version:
    arn = f"arn:aws:lambda:eu-west-1:{account}:function:{name}"
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    return Version(name, "$LATEST", arn, "", "nodejs24.x", "h", Code("0", 1), moment, "1", memory=memory)


class FakeEnvironment(Environment):
    """Runs nothing; `used` counts up, so that it is clear which one was used before which."""

    made = 0

    def __init__(self, version: Version) -> None:
        FakeEnvironment.made += 1
        self.plan = Plan(version, NOBODY, Box(()), "")
        self.used = float(FakeEnvironment.made)
        self.stale = False
        self.closed = False

    @property
    def usable(self) -> bool:
        return not self.closed

    def close(self) -> None:
        self.closed = True


class Rig:
    """A pool of fake environments in which nobody waits for long."""

    def __init__(self, per_account: int = 3, memory: int = 100_000, patience: float = 0.2) -> None:
        self.memory = Memory(memory)
        self.pool = Pool(FakeEnvironment, lambda _: False, self.memory, per_account, patience)

    def warm(self, account: str, name: str, memory: int = 128) -> Environment:
        environment = self.busy(account, name, memory)
        self.pool.give_back(environment)
        return environment

    def busy(self, account: str, name: str, memory: int = 128) -> Environment:
        return self.pool.take(version(account, name, memory), None)

    def refusal(self, account: str, name: str, memory: int = 128) -> object:
        with pytest.raises(AwsError) as refused:
            self.busy(account, name, memory)
        assert refused.value.code == "TooManyRequestsException"
        return refused.value.members["Reason"]


def test_an_account_at_its_bound_gives_up_its_own_oldest_idle_one() -> None:
    rig = Rig()
    others, old, new = rig.warm(BEN, "b"), rig.warm(ANN, "f"), rig.warm(ANN, "g")
    rig.busy(ANN, "h")
    rig.busy(ANN, "i")
    assert wait_for(lambda: not old.usable)
    assert new.usable
    assert others.usable


def test_who_works_at_the_bound_is_refused_and_nobody_else() -> None:
    rig = Rig()
    for name in "fgh":
        rig.busy(ANN, name)
    assert rig.refusal(ANN, "i") == "ConcurrentInvocationLimitExceeded"
    assert rig.busy(BEN, "b").usable


def test_who_waits_has_the_place_of_one_that_ends() -> None:
    rig = Rig(per_account=1, patience=10)
    first = rig.busy(ANN, "f")
    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(rig.busy, ANN, "g")
        rig.pool.give_back(first)
        assert second.result(5).plan.version.name == "g"


def test_a_full_pool_takes_the_oldest_of_the_same_account_before_anybody_elses() -> None:
    rig = Rig(per_account=MOST)
    others = [rig.warm(BEN, f"b{number}") for number in range(MOST - 1)]
    own = rig.warm(ANN, "f")
    rig.busy(ANN, "g")
    assert wait_for(lambda: not own.usable)
    rig.busy(ANN, "h")
    assert wait_for(lambda: not others[0].usable)
    assert all(one.usable for one in others[1:])


def test_an_accounts_memory_is_bounded_and_comes_back() -> None:
    rig = Rig(memory=1024)
    first = rig.busy(ANN, "f", 512)
    rig.busy(ANN, "g", 512)
    assert rig.refusal(ANN, "h", 128) == "ConcurrentInvocationLimitExceeded"
    assert rig.busy(BEN, "b", 1024).usable
    rig.pool.give_back(first)
    assert rig.busy(ANN, "h", 512).usable
    assert wait_for(lambda: not first.usable)
    assert rig.memory.left(ANN) == 0


def test_a_start_that_fails_keeps_no_memory() -> None:
    def fails(_: Version) -> Environment:
        raise AwsError("ServiceException", "no")

    memory = Memory(1024)
    pool = Pool(fails, lambda _: False, memory, 3)
    with pytest.raises(AwsError):
        pool.take(version(ANN, "f"), None)
    assert memory.left(ANN) == 1024
    assert pool.load == {"warm": 0, "busy": 0}


HELD = st.lists(
    st.builds(Held, st.sampled_from("fg"), st.sampled_from("ab"), st.just(128), st.none() | st.floats(0, 9)),
    max_size=12,
)


@given(HELD, st.integers(0, 512))
def test_no_more_goes_than_must_and_then_there_is_room(held: list[Held], left: int) -> None:
    bounds, wanted = Bounds(at_all=8, per_account=5, per_function=3), Held("f", "a", 256)
    going = to_go(held, wanted, left, bounds)
    if going is None:
        return
    assert all(held[index].idle_since is not None for index in going)
    assert len(set(going)) == len(going)
    kept = [one for index, one in enumerate(held) if index not in going]
    own = [held[index] for index in going if held[index].account == "a"]
    assert len(kept) < bounds.at_all
    assert sum(one.account == "a" for one in kept) < bounds.per_account
    assert left + 128 * len(own) >= wanted.memory
    if len(own) < len(going):
        assert not any(one.account == "a" and one.idle_since is not None for one in kept)


def test_what_is_too_little_is_not_lent() -> None:
    held = [Held("f", "a", 128, 2.0), Held("g", "a", 128, 1.0), Held("h", "b", 512, 0.0), Held("i", "a", 512)]
    assert to_lend(held, "a", 100) == [1]
    assert to_lend(held, "a", 256) == [1, 0]
    assert to_lend(held, "a", 257) == []


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A sandbox in which an account may have one build, or functions of that size, at a time."""
    settings = Settings(
        state=tmp_path_factory.mktemp("tight"), port=free_port(), builds=2, memory_per_account=BUILD
    )
    server = Server(settings)
    server.start()
    yield server
    server.stop()


SLEEPS = {"app.py": "import time\ndef handler(event, context):\n    time.sleep(event.get('seconds', 0))"}


def building(account: Account) -> tuple[Builder, str]:
    builder = Builder(account)
    builder.project(commands("true"))
    started: str = builder.codebuild.start_build(projectName="proj")["build"]["id"]
    return builder, started


def test_a_function_that_never_fits_is_refused_at_once(server: Server) -> None:
    account = Account(server)
    function(account, SLEEPS, runtime="python3.12", MemorySize=BUILD + 1)
    client = account.client("lambda")
    with pytest.raises(client.exceptions.TooManyRequestsException) as refused:
        client.invoke(FunctionName="f")
    assert refused.value.response["Reason"] == "ConcurrentInvocationLimitExceeded"


def test_a_build_waits_for_the_memory_of_its_own_accounts_function(server: Server) -> None:
    ann, ben = Account(server), Account(server)
    function(ann, SLEEPS, runtime="python3.12", MemorySize=1024, Timeout=30)
    with ThreadPoolExecutor(1) as pool:
        busy = pool.submit(invoke, ann, {"seconds": 4})
        wait_for(lambda: server.sandbox.memory.left(ann.id) == BUILD - 1024)
        (mine, waits), (other, runs) = building(ann), building(ben)
        assert other.finished(runs)["buildStatus"] == "SUCCEEDED"
        assert mine.codebuild.batch_get_builds(ids=[waits])["builds"][0]["currentPhase"] == "QUEUED"
        assert busy.result().error is None
    # Its environment is warm now; the build has it ended.
    assert mine.finished(waits)["buildStatus"] == "SUCCEEDED"
    wait_for(lambda: server.sandbox.memory.left(ann.id) == BUILD)  # it lets go when it has told
