"""CodeCommit's operations that read files, folders and blobs, and compare commits."""

from __future__ import annotations

from typing import Any

from workshop.sandbox.call import Call
from workshop.sandbox.codecommit.desk import Desk
from workshop.sandbox.codecommit.edits import LARGEST_FILE, mode_name
from workshop.sandbox.codecommit.git import FULL_ID, Entry, Git
from workshop.sandbox.codecommit.hunks import hunks, is_binary
from workshop.sandbox.codecommit.paging import page, paged
from workshop.sandbox.codecommit.words import no_path, refusal

MOST_DIFFERENCES = 400


class Files(Desk):
    """Reading; nothing here changes a repository."""

    def get_file(self, call: Call) -> dict[str, Any]:
        path = call.params["filePath"].strip("/")
        with self.opened(call) as (repository, git):
            commit = self.commit_at(repository, git, call.params.get("commitSpecifier"))
            entry = git.find(git.root(commit), path)
            content = git.blob(entry.id) if entry else None
        if entry is None or content is None:
            raise no_path("File", path)
        return {
            "commitId": commit,
            "blobId": entry.id,
            "filePath": path,
            "fileMode": mode_name(entry.mode),
            "fileSize": len(content),
            "fileContent": _small(content),
        }

    def get_folder(self, call: Call) -> dict[str, Any]:
        path = call.params["folderPath"].strip("/")
        with self.opened(call) as (repository, git):
            commit = self.commit_at(repository, git, call.params.get("commitSpecifier"))
            folder = git.find(git.root(commit), path)
            if folder is None or not folder.is_folder:
                raise no_path("Folder", path)
            entries = git.entries(folder.id)
        answer: dict[str, Any] = {"commitId": commit, "folderPath": path, "treeId": folder.id}
        answer |= {kind: [] for kind in ("subFolders", "files", "symbolicLinks", "subModules")}
        for name, entry in entries.items():
            kind, shown = _shown(entry)
            answer[kind].append({"absolutePath": f"{path}/{name}".lstrip("/"), "relativePath": name, **shown})
        return answer

    def get_blob(self, call: Call) -> dict[str, Any]:
        with self.opened(call) as (_, git):
            return {"content": _small(_blob(git, call.params["blobId"]))}

    def get_differences(self, call: Call) -> dict[str, Any]:
        params = call.params
        with self.opened(call) as (repository, git):
            sides = []
            for side in ("before", "after"):
                specifier = params.get(f"{side}CommitSpecifier")
                commit = self.commit_at(repository, git, specifier) if specifier else None
                sides.append(_side(git, commit, params.get(f"{side}Path")))
        changes = differences(*sides)
        found, token = page(changes, params.get("NextToken"), params.get("MaxResults"), MOST_DIFFERENCES)
        return paged("differences", found, token, "NextToken")

    def get_blob_differences(self, call: Call) -> dict[str, Any]:
        before_id = call.params.get("beforeBlobId")
        with self.opened(call) as (_, git):
            before = _blob(git, before_id) if before_id else b""
            after = _blob(git, call.params["afterBlobId"])
        binary = is_binary(before) or is_binary(after)
        context = call.params.get("contextLines", 3)
        found = [] if binary else hunks(before, after, context, call.params.get("ignoreWhitespace", False))
        shown, token = page(found, call.params.get("NextToken"), call.params.get("MaxResults"))
        sizes = {"afterBlobSize": len(after)} | ({"beforeBlobSize": len(before)} if before_id else {})
        return {"isBinary": binary, **sizes, **paged("hunks", shown, token, "NextToken")}


def differences(before: dict[str, Entry], after: dict[str, Entry]) -> list[dict[str, Any]]:
    """What GetDifferences answers for two sets of files: Added, Modified and Deleted, by path."""
    found = []
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path), after.get(path)
        if old == new:
            continue
        kind = "A" if old is None else "D" if new is None else "M"
        sides = {"beforeBlob": old, "afterBlob": new}
        blobs = {side: _metadata(path, entry) for side, entry in sides.items() if entry}
        found.append({**blobs, "changeType": kind})
    return found


def _side(git: Git, commit: str | None, path: str | None) -> dict[str, Entry]:
    """The files of one side of a comparison, all of them or those at and below `path`."""
    if commit is None:
        return {}
    path = (path or "").strip("/")
    entry = git.find(git.root(commit), path)
    if entry is None:
        raise refusal("PathDoesNotExistException")
    return git.files(entry.id, path) if entry.is_folder else {path: entry}


def _metadata(path: str, entry: Entry) -> dict[str, str]:
    return {"blobId": entry.id, "path": path, "mode": f"{entry.mode:06o}"}


def _shown(entry: Entry) -> tuple[str, dict[str, str]]:
    """In which list GetFolder shows an entry, and with what besides its path."""
    if entry.is_folder:
        return "subFolders", {"treeId": entry.id}
    if entry.is_submodule:
        return "subModules", {"commitId": entry.id}
    kind = "symbolicLinks" if entry.is_symlink else "files"
    return kind, {"blobId": entry.id, "fileMode": mode_name(entry.mode)}


def _blob(git: Git, id: str) -> bytes:
    if not FULL_ID.fullmatch(id):
        raise refusal("InvalidBlobIdException", "The specified blob is not valid.")
    content = git.blob(id)
    if content is None:
        raise refusal("BlobIdDoesNotExistException")
    return content


def _small(content: bytes) -> bytes:
    if len(content) > LARGEST_FILE:
        raise refusal("FileTooLargeException")
    return content
