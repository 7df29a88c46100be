"""Erasing an account: everything in it is gone, nothing of others is, and only the key's reader may."""

from __future__ import annotations

import json
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Keys
from botocore.exceptions import ClientError
from click.testing import CliRunner, Result

from tests.conftest import Account, free_port
from tests.sandbox.functions import function, request
from tests.sandbox.house import House
from tests.sandbox.test_codepipeline_build import build, project
from tests.sandbox.test_lambda_processes import marked
from tests.sandbox.test_lambda_urls import opened
from tests.sandbox.workbench import ALLOW_ALL, Workbench, commit, deploy, furnished, stage, wait_for
from workshop.cli import main
from workshop.sandbox.call import Credentials
from workshop.sandbox.erasing import Eraser, StillRunning
from workshop.sandbox.erasing.door import PATH, PROOF, deed
from workshop.sandbox.identity.sessions import Sessions
from workshop.sandbox.server import Server
from workshop.sandbox.settings import Settings

BUILDSPEC = """{version: 0.2, phases: {build: {commands: ["grep -q hello index.html || sleep 600"]}},
artifacts: {files: ['**/*']}}"""
TRUE_HOUSE = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(Settings(state=tmp_path_factory.mktemp("erasing"), port=free_port()))
    server.start()
    yield server
    server.stop()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    house.start()
    yield house
    house.stop()


@dataclass
class Full:
    """An account with everything in it: `mark` is in its function's processes, `host` that answers HTTP."""

    account: Account
    bench: Workbench
    host: str
    mark: str


def full(account: Account) -> Full:
    """A repository, objects, a function behind a URL, a pipeline with a run that ended and one under way."""
    bench = furnished(account)
    project(bench, BUILDSPEC)
    first = bench.create(stage("Build", build()), stage("Deploy", deploy(bench.target)))
    assert bench.finished(first) == "Succeeded"
    mark = f"mark-of-{account.id}"
    host = opened(account, Environment={"Variables": {"MARK": mark}})
    assert request(account, host, "/").status == 200
    assert marked(mark)
    commit(account, "later")
    bench.client.start_pipeline_execution(name="p")
    wait_for(lambda: under_way(account))
    return Full(account, bench, host, mark)


def under_way(account: Account) -> list[str]:
    """The builds whose commands run."""
    client = account.client("codebuild")
    builds = client.batch_get_builds(ids=client.list_builds()["ids"])["builds"]
    return [one["id"] for one in builds if one["currentPhase"] == "BUILD"]


def erase(account: Account) -> Result:
    """By the command, as a person would."""
    settings = account.server.sandbox.settings
    where = ["--state", str(settings.state), "--port", str(settings.port)]
    return CliRunner().invoke(main, ["sandbox", "erase", "--account", account.id, *where])


LOOKS: tuple[tuple[str, Callable[[Account], Any]], ...] = (
    ("repositories", lambda one: one.client("codecommit").list_repositories()["repositories"]),
    ("buckets", lambda one: one.client("s3").list_buckets()["Buckets"]),
    ("functions", lambda one: one.client("lambda").list_functions()["Functions"]),
    ("pipelines", lambda one: one.client("codepipeline").list_pipelines()["pipelines"]),
    ("projects", lambda one: one.client("codebuild").list_projects()["projects"]),
    ("builds", lambda one: one.client("codebuild").list_builds()["ids"]),
    ("roles", lambda one: one.client("iam").list_roles()["Roles"]),
    ("log groups", lambda one: one.client("logs").describe_log_groups()["logGroups"]),
    ("stacks", lambda one: one.client("cloudformation").list_stacks()["StackSummaries"]),
)


def held(account: Account) -> list[str]:
    """The kinds of things that there are in an account."""
    return [name for name, look in LOOKS if look(account)]


def on_disk(account: Account) -> list[str]:
    """What there is below the state folder that has the account's number in its path."""
    state = account.server.sandbox.settings.state
    return [str(path.relative_to(state)) for path in state.rglob("*") if account.id in str(path)]


@TRUE_HOUSE
def test_everything_is_gone_and_nothing_of_others(server: Server) -> None:
    erased, other = full(Account(server)), Account(server)
    furnished(other)
    wait_for(lambda: on_disk(erased.account))
    before = held(other), set(packages(server))
    result = erase(erased.account)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "Ended: builds 1, pipeline executions 1, environments 1.",
        "Removed: repositories 1, build projects 1, pipelines 1, functions 1, buckets 2.",
        f"Account {erased.account.id} is erased.",
    ]
    assert held(erased.account) == []
    assert marked(erased.mark) == []
    assert request(erased.account, erased.host, "/").status == 403
    assert on_disk(erased.account) == []
    assert len(packages(server)) < len(before[1])
    assert held(other) == before[0]


def packages(server: Server) -> list[str]:
    folder = server.sandbox.settings.state / "lambda"
    return [path.name for kind in ("zip", "unpacked") for path in (folder / kind).iterdir()]


@TRUE_HOUSE
def test_the_same_number_can_be_used_anew(server: Server) -> None:
    account = Account(server)
    full(account)
    assert erase(account).exit_code == 0
    again = full(account)
    assert len(again.bench.executions()) == 2
    assert [one["buildNumber"] for one in builds(account)] == [2, 1]
    assert erase(account).exit_code == 0


def builds(account: Account) -> list[dict[str, Any]]:
    client = account.client("codebuild")
    found: list[dict[str, Any]] = client.batch_get_builds(ids=client.list_builds()["ids"])["builds"]
    return found


def test_an_account_that_never_was_is_erased_as_well(server: Server) -> None:
    result = erase(Account(server))
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1].endswith("is erased.")


def test_nothing_comes_back_while_somebody_works_on(server: Server) -> None:
    account, stop, seen = Account(server), threading.Event(), list[str]()
    full(account)
    erased = threading.Event()

    def work() -> None:
        """Put objects and commits into what there was, and use its function, again and again."""
        s3, functions = account.client("s3"), account.client("lambda")
        while not stop.is_set():
            for act in (
                lambda: s3.put_object(Bucket=f"site-{account.id}", Key="x", Body=b"x"),
                lambda: commit(account, "again"),
                lambda: functions.invoke(FunctionName="f"),
                lambda: functions.invoke(FunctionName="f", InvocationType="Event"),
            ):
                try:
                    act()
                    seen.append("after" if erased.is_set() else "before")
                except ClientError as refused:
                    seen.append(refused.response["Error"]["Code"])

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    assert erase(account).exit_code == 0
    erased.set()
    time.sleep(0.5)
    stop.set()
    for worker in workers:
        worker.join()
    assert "before" in seen
    assert "after" not in seen
    assert held(account) == []


def test_sessions_of_before_are_nobody_in_the_new_account(server: Server) -> None:
    account = Account(server)
    before = role(account)
    account.client("s3", who=before).list_buckets()
    assert erase(account).exit_code == 0
    after = role(account)
    assert account.client("s3", who=after).list_buckets()["Buckets"] == []
    with pytest.raises(ClientError) as refused:
        account.client("s3", who=before).list_buckets()
    assert refused.value.response["Error"]["Code"] == "AccessDenied"


def test_what_does_not_end_keeps_its_account_whole(server: Server) -> None:
    account, sandbox = Account(server), server.sandbox
    furnished(account)
    whole = held(account)
    with sandbox.gate.passing(account.id), pytest.raises(StillRunning) as why:
        Eraser(sandbox, patience=0.2).erase(account.id)
    assert str(why.value) == f"Account {account.id} was not erased: it still has 1 calls under way."
    assert held(account) == whole
    commit(account, "goes on")
    assert wait_for(lambda: (server.sandbox.settings.state / "snapshot" / account.id).exists())
    assert erase(account).exit_code == 0
    assert held(account) == []


@pytest.fixture
def attendee(server: Server) -> Account:
    return Account(server)


def user(account: Account) -> Credentials:
    iam = account.client("iam")
    iam.create_user(UserName="u")
    iam.put_user_policy(UserName="u", PolicyName="all", PolicyDocument=json.dumps(ALLOW_ALL))
    made = iam.create_access_key(UserName="u")["AccessKey"]
    return Credentials(made["AccessKeyId"], made["SecretAccessKey"], None, account.root.principal)


def role(account: Account) -> Credentials:
    return account.assume(account.role("r", "lambda.amazonaws.com", ALLOW_ALL))


def root(account: Account) -> Credentials:
    return account.root


@pytest.mark.parametrize("who", [user, role, root])
def test_no_credentials_of_an_account_open_the_door(
    attendee: Account, who: Callable[[Account], Credentials]
) -> None:
    keys = who(attendee)
    asked = AWSRequest("DELETE", attendee.server.sandbox.endpoint + PATH + attendee.id)
    SigV4Auth(Keys(keys.access_key, keys.secret_key, keys.token), "sts", "eu-west-1").add_auth(asked)
    guess = Sessions(keys.secret_key.encode()).proof(deed(attendee.id, str(int(time.time()))))
    for proof in ("", f"{int(time.time())}:{guess}", f"{int(time.time())}:{keys.secret_key}"):
        assert refusal(attendee, {**dict(asked.headers), PROOF: proof}) == 403


def test_a_proof_holds_for_its_account_and_for_some_minutes(attendee: Account) -> None:
    sessions, now = attendee.server.sandbox.sessions, int(time.time())
    other = f"{now}:{sessions.proof(deed('999999999999', str(now)))}"
    old = f"{now - 3600}:{sessions.proof(deed(attendee.id, str(now - 3600)))}"
    for proof in (other, old, "é:x", f"{now}:é"):
        assert refusal(attendee, {PROOF: proof}) == 403


def refusal(account: Account, headers: dict[str, str]) -> int:
    url = account.server.sandbox.endpoint + PATH + account.id
    asked = urllib.request.Request(url, method="DELETE")
    for name, value in headers.items():
        asked.add_header(name, value)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(asked, timeout=10)
    with refused.value as answer:
        return answer.code


def test_nothing_comes_back_with_a_restart(house: House) -> None:
    bench = furnished(house.account)
    bench.create(stage("Deploy", deploy(bench.target)))
    function(house.account, {"index.mjs": "export const handler = async () => 1"})
    house.wait_until_saved()
    assert erase(house.account).exit_code == 0
    house.restart()
    assert held(house.account) == []
    assert on_disk(house.account) == []


@pytest.mark.parametrize("seconds", [0.1, 0.3])
def test_killed_in_the_middle_it_is_whole_or_gone(house: House, seconds: float) -> None:
    furnished(house.account)
    function(house.account, {"index.mjs": "export const handler = async () => 1"})
    house.wait_until_saved()
    whole = held(house.account)
    erasing = threading.Thread(target=erase, args=[house.account])
    erasing.start()
    time.sleep(seconds)
    house.kill()
    erasing.join()
    house.start()
    found = held(house.account)
    assert found in ([], whole)
    assert (on_disk(house.account) == []) == (found == [])
    assert erase(house.account).exit_code == 0
    assert held(house.account) == []


def test_what_a_killed_sandbox_has_begun_to_erase_is_gone_at_the_next_start(house: House) -> None:
    furnished(house.account)
    house.wait_until_saved()
    house.kill()
    (house.folder / "erasing").mkdir()
    (house.folder / "erasing" / house.account.id).touch()
    house.start()
    assert held(house.account) == []
    assert on_disk(house.account) == []


def test_without_a_sandbox_the_command_says_so(tmp_path: Path) -> None:
    house = House(tmp_path)
    result = erase(house.account)
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == (
        f"Error: No sandbox answers on port {house.settings.port}: start it, or name its port with --port."
    )


def test_a_sandbox_of_another_folder_refuses(server: Server, tmp_path: Path) -> None:
    elsewhere = House(tmp_path)
    port = server.sandbox.settings.port
    where = ["--account", elsewhere.account.id, "--state", str(tmp_path), "--port", str(port)]
    result = CliRunner().invoke(main, ["sandbox", "erase", *where])
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == (
        f"Error: The sandbox on port {port} keeps its state elsewhere than in {tmp_path}: "
        "name it with --state."
    )
