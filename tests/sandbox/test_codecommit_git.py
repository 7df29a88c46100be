"""Git over HTTP against CodeCommit: real git, the credential helper, dulwich."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
from botocore.credentials import Credentials as BotoCredentials
from dulwich import porcelain
from git_remote_codecommit import sign
from werkzeug.serving import make_server

from tests.conftest import Account
from workshop.sandbox.call import Credentials
from workshop.sandbox.codecommit.githttp import GitHttp
from workshop.sandbox.gateway.http import Handler

GIT = shutil.which("git") or ""
HELPER = "!f() { test $1 != get || aws codecommit credential-helper get --ignore-host-check; }; f"
pytestmark = pytest.mark.skipif(not GIT, reason="needs git")


class Learner:
    """A folder in which somebody works with git, and what they are to the sandbox."""

    def __init__(self, folder: Path, account: Account) -> None:
        self.folder, self.account = folder, account
        self.host = account.server.sandbox.endpoint.removeprefix("http://")
        bin_folder = str(Path(sys.executable).parent)
        config = folder / "gitconfig"
        config.write_text("[user]\nname = Jane\nemail = jane@example.com\n[init]\ndefaultBranch = master\n")
        self.environment = account.environment() | {
            "GIT_CONFIG_GLOBAL": str(config),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "HOME": str(folder),
            "PATH": bin_folder + os.pathsep + os.environ["PATH"],
        }

    def git(self, *words: str, at: str = ".", fails: bool = False) -> str:
        """What git says; a failure fails the test unless it is expected."""
        done = subprocess.run(
            [GIT, *words], cwd=self.folder / at, env=self.environment, text=True, capture_output=True
        )
        said = done.stdout + done.stderr
        assert (done.returncode != 0) == fails, said
        return said

    def url(self, name: str = "r", who: Credentials | None = None, region: str = "eu-west-1") -> str:
        """A repository's address with the credentials that git-remote-codecommit computes."""
        who = who or self.account.root
        keys = BotoCredentials(who.access_key, who.secret_key, who.token)
        user = who.access_key + (f"%25{who.token}" if who.token else "")
        return (
            f"http://{user}:{sign(self.host, f'/v1/repos/{name}', region, keys)}@{self.host}/v1/repos/{name}"
        )

    def work(self, name: str = "work") -> str:
        """A working copy with one commit, its remote being the repository; the commit's id."""
        self.git("init", "-q", name)
        self.git("remote", "add", "origin", self.url(), at=name)
        return self.commit("README.md", "one\n", at=name)

    def commit(self, path: str, content: str, at: str = "work") -> str:
        (self.folder / at / path).write_text(content)
        self.git("add", path, at=at)
        self.git("commit", "-q", "-m", f"Change {path}", at=at)
        return self.git("rev-parse", "HEAD", at=at).strip()


@pytest.fixture
def codecommit(account: Account) -> Any:
    client = account.client("codecommit")
    client.create_repository(repositoryName="r")
    return client


@pytest.fixture
def learner(tmp_path: Path, account: Account, codecommit: Any) -> Learner:
    return Learner(tmp_path, account)


def tip(codecommit: Any, branch: str = "master") -> str:
    return str(codecommit.get_branch(repositoryName="r", branchName=branch)["branch"]["commitId"])


def test_what_is_pushed_the_api_shows(learner: Learner, codecommit: Any) -> None:
    pushed = learner.work()
    learner.git("push", "-q", "origin", "master", at="work")
    assert tip(codecommit) == pushed
    assert codecommit.get_file(repositoryName="r", filePath="README.md")["fileContent"] == b"one\n"
    shown = codecommit.get_repository(repositoryName="r")["repositoryMetadata"]
    assert shown["defaultBranch"] == "master"


def test_what_the_api_commits_a_clone_has(learner: Learner, codecommit: Any) -> None:
    codecommit.put_file(repositoryName="r", branchName="trunk", filePath="a.txt", fileContent=b"a\n")
    learner.git("clone", "-q", learner.url(), "clone")
    assert (learner.folder / "clone/a.txt").read_text() == "a\n"
    assert learner.git("branch", "--show-current", at="clone").strip() == "trunk"


def test_a_fetch_brings_what_is_new(learner: Learner, codecommit: Any) -> None:
    first = learner.work()
    learner.git("push", "-q", "-u", "origin", "master", at="work")
    codecommit.put_file(
        repositoryName="r", branchName="master", filePath="b", fileContent=b"b", parentCommitId=first
    )
    learner.git("pull", "-q", "--ff-only", at="work")
    assert (learner.folder / "work/b").read_text() == "b"


def test_the_credential_helper_of_the_aws_cli_opens_the_door(learner: Learner, codecommit: Any) -> None:
    learner.git("config", "--global", "credential.helper", HELPER)
    learner.git("config", "--global", "credential.UseHttpPath", "true")
    pushed = learner.work()
    plain = f"http://{learner.host}/v1/repos/r"
    said = learner.git("push", plain, "master", at="work")
    assert tip(codecommit) == pushed
    assert "Unknown options" not in said


ADDRESSES = [
    ("codecommit::eu-west-1://r", "{}/v1/repos/", "codecommit::eu-west-1://"),
    (
        "https://git-codecommit.eu-west-1.amazonaws.com/v1/repos/r",
        "{}/",
        "https://git-codecommit.eu-west-1.amazonaws.com/",
    ),
]


@pytest.mark.parametrize(("address", "here", "there"), ADDRESSES)
def test_aws_own_addresses_lead_to_the_sandbox_by_one_line_of_configuration(
    learner: Learner, codecommit: Any, address: str, here: str, there: str
) -> None:
    here = here.format(learner.account.server.sandbox.endpoint)
    learner.git("config", "--global", "credential.helper", HELPER)
    learner.git("config", "--global", "credential.UseHttpPath", "true")
    learner.git("config", "--global", f"url.{here}.insteadOf", there)
    pushed = learner.work()
    learner.git("push", address, "master", at="work")
    assert tip(codecommit) == pushed


def test_an_assumed_role_pushes_under_its_session_token(
    learner: Learner, codecommit: Any, account: Account
) -> None:
    everything = {"Statement": [{"Effect": "Allow", "Action": "codecommit:*", "Resource": "*"}]}
    role = account.assume(
        account.role("pusher", "codebuild.amazonaws.com", {"Version": "2012-10-17", **everything})
    )
    pushed = learner.work()
    learner.git("push", "-q", learner.url(who=role), "master", at="work")
    assert tip(codecommit) == pushed


def test_a_role_that_may_only_read_cannot_push(learner: Learner, codecommit: Any, account: Account) -> None:
    pull = {"Effect": "Allow", "Action": "codecommit:GitPull", "Resource": "*"}
    arn = account.role("reader", "codebuild.amazonaws.com", {"Version": "2012-10-17", "Statement": [pull]})
    url = learner.url(who=account.assume(arn))
    learner.work()
    learner.git("push", "-q", "origin", "master", at="work")
    learner.git("clone", "-q", url, "clone")
    learner.commit("more", "more", at="clone")
    said = learner.git("push", url, "master", at="clone", fails=True)
    assert "is not authorized to perform: codecommit:GitPush" in said
    assert "403" in said


def test_an_iam_user_pushes_with_https_git_credentials(
    learner: Learner, codecommit: Any, account: Account
) -> None:
    iam = account.client("iam")
    iam.create_user(UserName="alice")
    arn = "arn:aws:iam::aws:policy/AWSCodeCommitPowerUser"
    iam.attach_user_policy(UserName="alice", PolicyArn=arn)
    made = iam.create_service_specific_credential(UserName="alice", ServiceName="codecommit.amazonaws.com")
    pair = made["ServiceSpecificCredential"]
    login = f"{pair['ServiceUserName']}:{quote(pair['ServicePassword'], safe='')}"
    pushed = learner.work()
    learner.git("push", "-q", f"http://{login}@{learner.host}/v1/repos/r", "master", at="work")
    assert tip(codecommit) == pushed
    iam.update_service_specific_credential(
        UserName="alice",
        ServiceSpecificCredentialId=pair["ServiceSpecificCredentialId"],
        Status="Inactive",
    )
    learner.git("fetch", f"http://{login}@{learner.host}/v1/repos/r", at="work", fails=True)


def test_a_git_password_made_anew_does_not_replace_the_other(account: Account) -> None:
    iam = account.client("iam")
    iam.create_user(UserName="alice")
    wish = {"UserName": "alice", "ServiceName": "codecommit.amazonaws.com"}
    first, second = (
        iam.create_service_specific_credential(**wish)["ServiceSpecificCredential"] for _ in range(2)
    )
    iam.delete_service_specific_credential(
        UserName="alice", ServiceSpecificCredentialId=first["ServiceSpecificCredentialId"]
    )
    again = iam.create_service_specific_credential(**wish)["ServiceSpecificCredential"]
    assert again["ServiceUserName"] == first["ServiceUserName"] != second["ServiceUserName"]
    assert len(iam.list_service_specific_credentials(UserName="alice")["ServiceSpecificCredentials"]) == 2


def test_an_iam_user_with_access_keys_pushes_by_signature(
    learner: Learner, codecommit: Any, account: Account
) -> None:
    iam = account.client("iam")
    iam.create_user(UserName="bob")
    iam.attach_user_policy(UserName="bob", PolicyArn="arn:aws:iam::aws:policy/AWSCodeCommitPowerUser")
    key = iam.create_access_key(UserName="bob")["AccessKey"]
    bob = Credentials(key["AccessKeyId"], key["SecretAccessKey"], None, account.root.principal)
    pushed = learner.work()
    learner.git("push", "-q", learner.url(who=bob), "master", at="work")
    assert tip(codecommit) == pushed


def test_wrong_credentials_are_refused_in_words(learner: Learner) -> None:
    wrong = (
        f"http://{learner.account.root.access_key}:{'20260101T000000Z' + 'a' * 64}@{learner.host}/v1/repos/r"
    )
    assert "Signature expired" in learner.git("clone", wrong, "clone", fails=True)
    nobody = f"http://nobody:password@{learner.host}/v1/repos/r"
    assert "git user name or password is wrong" in learner.git("clone", nobody, "c", fails=True)


def test_another_account_finds_nothing(learner: Learner, sandbox: Any) -> None:
    stranger = Learner(learner.folder, Account(sandbox))
    assert "not found" in stranger.git("clone", stranger.url(), "clone", fails=True)


def test_each_region_has_its_own_repository(learner: Learner, account: Account, codecommit: Any) -> None:
    account.region = "us-east-1"
    elsewhere = account.client("codecommit")
    elsewhere.create_repository(repositoryName="r")
    pushed = learner.work()
    learner.git("push", "-q", learner.url(region="us-east-1"), "master", at="work")
    assert tip(elsewhere) == pushed
    assert codecommit.list_branches(repositoryName="r")["branches"] == []


def test_a_rewritten_branch_needs_force(learner: Learner, codecommit: Any) -> None:
    learner.work()
    learner.git("push", "-q", "origin", "master", at="work")
    learner.git("commit", "-q", "--amend", "-m", "Rewritten", at="work")
    assert "non-fast-forward" in learner.git("push", "origin", "master", at="work", fails=True)
    learner.git("push", "-q", "--force", "origin", "master", at="work")
    assert tip(codecommit) == learner.git("rev-parse", "HEAD", at="work").strip()


def test_branches_come_and_go_but_the_default_one_stays(learner: Learner, codecommit: Any) -> None:
    learner.work()
    learner.git("push", "-q", "origin", "master", "HEAD:feature/a", at="work")
    learner.git("push", "-q", "origin", ":feature/a", at="work")
    assert codecommit.list_branches(repositoryName="r")["branches"] == ["master"]
    said = learner.git("push", "origin", ":master", at="work", fails=True)
    assert "deletion of the default branch prohibited" in said
    assert codecommit.list_branches(repositoryName="r")["branches"] == ["master"]


def test_an_atomic_push_is_all_or_nothing(learner: Learner, codecommit: Any) -> None:
    learner.work()
    learner.git("push", "-q", "origin", "master", at="work")
    learner.git("push", "--atomic", "origin", "HEAD:new", ":master", at="work", fails=True)
    assert codecommit.list_branches(repositoryName="r")["branches"] == ["master"]


def test_an_atomic_push_stops_where_a_branch_is_in_the_way(learner: Learner, codecommit: Any) -> None:
    learner.work()
    learner.git("push", "-q", "origin", "master", at="work")
    said = learner.git("push", "--atomic", "origin", "HEAD:new", "HEAD:master/below", at="work", fails=True)
    assert "refs/heads/master is in the way" in said
    assert codecommit.list_branches(repositoryName="r")["branches"] == ["master"]
    with pytest.raises(codecommit.exceptions.BranchNameExistsException):
        codecommit.create_branch(repositoryName="r", branchName="master/below", commitId=tip(codecommit))


def test_a_partial_clone_is_a_whole_one(learner: Learner) -> None:
    learner.work()
    learner.git("push", "-q", "origin", "master", at="work")
    learner.git("clone", "-q", "--filter=blob:none", learner.url(), "clone")
    assert (learner.folder / "clone/README.md").read_text() == "one\n"


def test_a_push_that_is_too_large_is_turned_down_in_words(learner: Learner, codecommit: Any) -> None:
    sandbox = learner.account.server.sandbox
    layer = GitHttp(sandbox, sandbox.api, largest_push=2 * 1024 * 1024)
    with serving(layer) as host:
        learner.host = host
        learner.work()
        (learner.folder / "work/large").write_bytes(os.urandom(3 * 1024 * 1024))
        learner.git("add", ".", at="work")
        learner.git("commit", "-q", "-m", "Large", at="work")
        said = learner.git("push", "origin", "master", at="work", fails=True)
    assert "a push may hold at most 2 MB" in said
    assert codecommit.list_branches(repositoryName="r")["branches"] == []


@contextmanager
def serving(layer: GitHttp) -> Iterator[str]:
    """The layer alone on a port of its own; its host and port."""
    server = make_server("127.0.0.1", 0, layer, threaded=True, request_handler=Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


GARBAGE = [
    ("git-upload-pack", b"zzzz"),
    ("git-upload-pack", b""),
    ("git-upload-pack", b"0032want " + b"0" * 40 + b"\n00000009done\n"),
    ("git-receive-pack", b"garbage"),
    ("git-receive-pack", b"0008evil"),
]


@pytest.mark.parametrize(("service", "body"), GARBAGE)
def test_what_is_not_git_gets_a_plain_answer(learner: Learner, service: str, body: bytes) -> None:
    answer = requests.post(f"{learner.url()}/{service}", data=body, timeout=10)
    assert answer.status_code == 400
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert "This is not git's protocol" in answer.text


def test_a_visitor_without_credentials_is_asked_for_them(learner: Learner) -> None:
    answer = requests.get(f"http://{learner.host}/v1/repos/r/info/refs?service=git-upload-pack", timeout=10)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, 'Basic realm="AWS CodeCommit"')


def test_a_shallow_clone_has_one_commit(learner: Learner) -> None:
    learner.work()
    learner.commit("two", "2")
    learner.git("push", "-q", "origin", "master", at="work")
    learner.git("clone", "-q", "--depth", "1", learner.url(), "clone")
    assert len(learner.git("log", "--oneline", at="clone").splitlines()) == 1


def test_a_push_of_megabytes_comes_in_chunks_and_whole(learner: Learner, codecommit: Any) -> None:
    learner.work()
    (learner.folder / "work/large").write_bytes(os.urandom(4 * 1024 * 1024))
    learner.git("add", ".", at="work")
    learner.git("commit", "-q", "-m", "Large", at="work")
    learner.git("push", "-q", "origin", "master", at="work")
    learner.git("clone", "-q", learner.url(), "clone")
    learner.git("fsck", at="clone")
    assert (learner.folder / "clone/large").read_bytes() == (learner.folder / "work/large").read_bytes()


def test_pushes_at_once_to_one_repository_all_arrive(learner: Learner, codecommit: Any) -> None:
    learner.work()
    learner.git("push", "-q", "origin", "master", at="work")

    def push(number: int) -> str:
        at = f"clone{number}"
        learner.git("clone", "-q", learner.url(), at)
        made = learner.commit(f"file{number}", str(number), at=at)
        learner.git("push", "-q", "origin", f"HEAD:branch{number}", at=at)
        return made

    with ThreadPoolExecutor(6) as pool:
        pushed = list(pool.map(push, range(6)))
    assert [tip(codecommit, f"branch{number}") for number in range(6)] == pushed


def test_of_two_pushes_onto_one_commit_the_second_is_refused(learner: Learner, codecommit: Any) -> None:
    learner.work()
    learner.git("push", "-q", "origin", "master", at="work")
    learner.git("clone", "-q", learner.url(), "other")
    winner = learner.commit("a", "a")
    learner.git("push", "-q", "origin", "master", at="work")
    learner.commit("b", "b", at="other")
    assert "fetch first" in learner.git("push", "origin", "master", at="other", fails=True)
    assert tip(codecommit) == winner


def test_dulwich_clones_and_pushes_too(learner: Learner, codecommit: Any) -> None:
    codecommit.put_file(repositoryName="r", branchName="main", filePath="a", fileContent=b"a")
    clone = porcelain.clone(learner.url(), learner.folder / "clone")
    (learner.folder / "clone/b").write_text("b")
    porcelain.add(clone, [str(learner.folder / "clone/b")])
    made = porcelain.commit(clone, b"Add b", author=b"J <j@x>", committer=b"J <j@x>")
    porcelain.push(clone, learner.url(), "main")
    clone.close()
    assert tip(codecommit, "main") == made.decode()


def open_files() -> Iterator[str]:
    """What this process has open; the listing itself may be closed again when it is asked for."""
    for link in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            yield str(link.readlink())


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
def test_no_file_stays_open_after_a_request(learner: Learner, codecommit: Any) -> None:
    learner.work()
    learner.git("push", "-q", "origin", "master", at="work")
    repositories = learner.account.server.sandbox.settings.state / "codecommit" / learner.account.id
    assert not [path for path in open_files() if path.startswith(str(repositories))]
