"""CodeCommit's commits, files and comparisons, through boto3."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Account


@pytest.fixture
def codecommit(account: Account) -> Any:
    client = account.client("codecommit")
    client.create_repository(repositoryName="r")
    return client


@pytest.fixture
def first(codecommit: Any) -> str:
    """The first commit: a file at the root, one in a folder, one executable."""
    files = [
        {"filePath": "README.md", "fileContent": b"one\n"},
        {"filePath": "src/app.js", "fileContent": b"app\n"},
        {"filePath": "src/bin/run.sh", "fileContent": b"run\n", "fileMode": "EXECUTABLE"},
    ]
    return commit(codecommit, putFiles=files, authorName="Jane", email="jane@example.com")


def commit(codecommit: Any, **wishes: Any) -> str:
    made = codecommit.create_commit(repositoryName="r", branchName="main", **wishes)
    return str(made["commitId"])


def paths(codecommit: Any) -> list[str]:
    """Every file on main."""
    changes = codecommit.get_differences(repositoryName="r", afterCommitSpecifier="main")["differences"]
    return [change["afterBlob"]["path"] for change in changes]


def test_a_commit_holds_who_and_why(codecommit: Any, first: str) -> None:
    second = commit(
        codecommit,
        parentCommitId=first,
        commitMessage="Say more",
        putFiles=[{"filePath": "README.md", "fileContent": b"two\n"}],
    )
    shown = codecommit.get_commit(repositoryName="r", commitId=second)["commit"]
    assert (shown["message"], shown["parents"]) == ("Say more", [first])
    assert shown["author"]["name"] == "root"
    before = codecommit.get_commit(repositoryName="r", commitId=first)["commit"]["author"]
    assert (before["name"], before["email"]) == ("Jane", "jane@example.com")
    assert before["date"].endswith(" +0000")


def test_a_commit_tells_what_it_did_to_files(codecommit: Any, first: str) -> None:
    made = codecommit.create_commit(
        repositoryName="r",
        branchName="main",
        parentCommitId=first,
        putFiles=[
            {"filePath": "new.txt", "fileContent": b"new"},
            {"filePath": "README.md", "fileContent": b"two\n"},
        ],
        deleteFiles=[{"filePath": "src/app.js"}],
        setFileModes=[{"filePath": "src/bin/run.sh", "fileMode": "NORMAL"}],
    )
    done = {kind: [file["absolutePath"] for file in made[kind]] for kind in made if kind.startswith("files")}
    assert done["filesAdded"] == ["new.txt"]
    assert sorted(done["filesUpdated"]) == ["README.md", "src/bin/run.sh"]
    assert done["filesDeleted"] == ["src/app.js"]
    assert paths(codecommit) == ["README.md", "new.txt", "src/bin/run.sh"]


def test_a_file_can_be_moved_by_naming_its_source(codecommit: Any, first: str) -> None:
    move = {"filePath": "lib/app.js", "sourceFile": {"filePath": "src/app.js", "isMove": True}}
    commit(codecommit, parentCommitId=first, putFiles=[move])
    assert paths(codecommit) == ["README.md", "lib/app.js", "src/bin/run.sh"]


def test_an_emptied_folder_goes_unless_it_is_to_be_kept(codecommit: Any, first: str) -> None:
    gone = [{"filePath": "src/bin/run.sh"}]
    commit(codecommit, parentCommitId=first, deleteFiles=gone, keepEmptyFolders=True)
    assert paths(codecommit) == ["README.md", "src/app.js", "src/bin/.gitkeep"]


def put(path: str, content: bytes = b"x") -> dict[str, Any]:
    return {"putFiles": [{"filePath": path, "fileContent": content}]}


BAD_COMMITS = [
    ({}, "FileEntryRequiredException"),
    (put("README.md", b"one\n"), "NoChangeException"),
    (put("README.md/below"), "DirectoryNameConflictsWithFileNameException"),
    (put("src"), "FileNameConflictsWithDirectoryNameException"),
    (put("../outside"), "InvalidPathException"),
    (put("/rooted"), "InvalidPathException"),
    (put(".git/config"), "InvalidPathException"),
    (put("large", b"x" * (6 * 1024 * 1024 + 1)), "FileContentSizeLimitExceededException"),
    ({"deleteFiles": [{"filePath": "nowhere"}]}, "FileDoesNotExistException"),
    ({"putFiles": [{"filePath": "a"}]}, "SourceFileOrContentRequiredException"),
    (
        {"putFiles": [{"filePath": f"{i}", "fileContent": b"x"} for i in range(101)]},
        "MaximumFileEntriesExceededException",
    ),
    (
        {**put("README.md"), "deleteFiles": [{"filePath": "README.md"}]},
        "SamePathRequestException",
    ),
    (
        {"putFiles": [{"filePath": name, "fileContent": b"x"} for name in ("a", "a/b")]},
        "PutFileEntryConflictException",
    ),
]


@pytest.mark.parametrize(("wishes", "code"), BAD_COMMITS, ids=[code for _, code in BAD_COMMITS])
def test_a_commit_that_cannot_be_is_refused(
    codecommit: Any, first: str, wishes: dict[str, Any], code: str
) -> None:
    with pytest.raises(ClientError) as refused:
        commit(codecommit, parentCommitId=first, **wishes)
    assert refused.value.response["Error"]["Code"] == code
    tip = codecommit.get_branch(repositoryName="r", branchName="main")["branch"]["commitId"]
    assert tip == first


BAD_PARENTS = [
    ("main", None, "ParentCommitIdRequiredException"),
    ("main", "first", "ParentCommitIdOutdatedException"),
    ("main", "0" * 40, "ParentCommitDoesNotExistException"),
    ("main", "short", "InvalidParentCommitIdException"),
    ("other", "first", "BranchDoesNotExistException"),
]


@pytest.mark.parametrize(("branch", "parent", "code"), BAD_PARENTS)
def test_a_commit_builds_on_the_tip_of_its_branch_only(
    codecommit: Any, first: str, branch: str, parent: str | None, code: str
) -> None:
    commit(codecommit, parentCommitId=first, **put("two"))
    given = {"parentCommitId": first if parent == "first" else parent} if parent else {}
    with pytest.raises(ClientError) as refused:
        codecommit.put_file(
            repositoryName="r", branchName=branch, filePath="three", fileContent=b"3", **given
        )
    assert refused.value.response["Error"]["Code"] == code


def test_the_same_content_is_not_put_twice(codecommit: Any, first: str) -> None:
    with pytest.raises(codecommit.exceptions.SameFileContentException):
        codecommit.put_file(
            repositoryName="r",
            branchName="main",
            filePath="README.md",
            fileContent=b"one\n",
            parentCommitId=first,
        )


def test_a_deleted_file_is_gone_from_the_branch(codecommit: Any, first: str) -> None:
    codecommit.delete_file(repositoryName="r", branchName="main", filePath="README.md", parentCommitId=first)
    with pytest.raises(codecommit.exceptions.FileDoesNotExistException):
        codecommit.get_file(repositoryName="r", filePath="README.md")
    assert (
        codecommit.get_file(repositoryName="r", filePath="README.md", commitSpecifier=first)["fileSize"] == 4
    )


def test_a_file_is_read_with_its_mode(codecommit: Any, first: str) -> None:
    file = codecommit.get_file(
        repositoryName="r", filePath="src/bin/run.sh", commitSpecifier="refs/heads/main"
    )
    assert (file["fileContent"], file["fileMode"], file["commitId"]) == (b"run\n", "EXECUTABLE", first)
    assert codecommit.get_blob(repositoryName="r", blobId=file["blobId"])["content"] == b"run\n"


@pytest.mark.parametrize("root", ["/", ""])
def test_a_folder_lists_what_lies_in_it(codecommit: Any, first: str, root: str) -> None:
    top = codecommit.get_folder(repositoryName="r", folderPath=root)
    assert [each["absolutePath"] for each in top["subFolders"]] == ["src"]
    below = codecommit.get_folder(repositoryName="r", folderPath="src")
    assert [(each["absolutePath"], each["relativePath"]) for each in below["files"]] == [
        ("src/app.js", "app.js")
    ]
    with pytest.raises(codecommit.exceptions.FolderDoesNotExistException):
        codecommit.get_folder(repositoryName="r", folderPath="nowhere")


def test_an_empty_repository_has_nothing_to_read(codecommit: Any) -> None:
    with pytest.raises(codecommit.exceptions.CommitDoesNotExistException):
        codecommit.get_file(repositoryName="r", filePath="README.md")


def test_differences_come_page_by_page(codecommit: Any, first: str) -> None:
    second = commit(
        codecommit,
        parentCommitId=first,
        putFiles=[{"filePath": "README.md", "fileContent": b"2"}, {"filePath": "z", "fileContent": b"z"}],
        deleteFiles=[{"filePath": "src/app.js"}],
    )
    pages = codecommit.get_paginator("get_differences").paginate(
        repositoryName="r",
        beforeCommitSpecifier=first,
        afterCommitSpecifier=second,
        PaginationConfig={"PageSize": 1},
    )
    kinds = [[each["changeType"] for each in page["differences"]] for page in pages]
    assert kinds == [["M"], ["D"], ["A"]]


def test_a_short_commit_id_is_refused(codecommit: Any, first: str) -> None:
    with pytest.raises(codecommit.exceptions.InvalidCommitIdException):
        codecommit.get_commit(repositoryName="r", commitId=first[:8])
    with pytest.raises(codecommit.exceptions.CommitIdDoesNotExistException):
        codecommit.get_commit(repositoryName="r", commitId="0" * 40)


def test_the_history_of_a_file_skips_other_commits(codecommit: Any, first: str) -> None:
    second = commit(codecommit, parentCommitId=first, **put("other"))
    third = commit(codecommit, parentCommitId=second, **put("README.md"))
    dag = codecommit.list_file_commit_history(repositoryName="r", filePath="README.md")["revisionDag"]
    assert [each["commit"]["commitId"] for each in dag] == [third, first]
    assert [each["revisionChildren"] for each in dag] == [[], [third]]


def test_blobs_are_compared_line_by_line(codecommit: Any, first: str) -> None:
    commit(codecommit, parentCommitId=first, **put("README.md", b"one\ntwo\n"))
    changes = codecommit.get_differences(
        repositoryName="r", beforeCommitSpecifier=first, afterCommitSpecifier="main"
    )["differences"]
    compared = codecommit.get_blob_differences(
        repositoryName="r",
        beforeBlobId=changes[0]["beforeBlob"]["blobId"],
        afterBlobId=changes[0]["afterBlob"]["blobId"],
    )
    lines = [(line["type"], line["content"]) for line in compared["hunks"][0]["changes"]]
    assert lines == [("CONTEXT", "one\n"), ("ADD", "two\n")]


def test_a_source_archive_is_the_same_each_time_and_keeps_modes(
    codecommit: Any, first: str, account: Account
) -> None:
    service = account.server.sandbox.service("codecommit")
    archives = [service.archive(account.id, "eu-west-1", "r", first) for _ in range(2)]
    assert archives[0] == archives[1]
    files = zipfile.ZipFile(io.BytesIO(archives[0]))
    assert files.read("src/app.js") == b"app\n"
    modes = {info.filename: info.external_attr >> 16 & 0o777 for info in files.infolist()}
    assert modes == {"README.md": 0o644, "src/app.js": 0o644, "src/bin/run.sh": 0o755}
