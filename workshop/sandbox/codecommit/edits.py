"""Turns what CreateCommit, PutFile and DeleteFile ask for into changes of a tree, or refuses it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workshop.sandbox.codecommit.git import EXECUTABLE, NORMAL, SYMLINK, Entry, Git
from workshop.sandbox.codecommit.tree import KEEP
from workshop.sandbox.codecommit.words import no_path, refusal

MEGABYTE = 1024 * 1024
LARGEST_FILE = 6 * MEGABYTE
LARGEST_COMMIT = 7 * MEGABYTE
MOST_FILES = 100
MODES = {"NORMAL": NORMAL, "EXECUTABLE": EXECUTABLE, "SYMLINK": SYMLINK}

Wish = Mapping[str, Any]
"""An entry of putFiles, deleteFiles or setFileModes, as boto3 takes it."""


def mode_name(mode: int) -> str:
    """The fileMode that AWS shows for a git mode."""
    return "SYMLINK" if mode == SYMLINK else "EXECUTABLE" if mode & 0o111 else "NORMAL"


def mode_number(name: str | None) -> int:
    """The git mode of a fileMode; NORMAL where none is given."""
    if name is not None and name not in MODES:
        raise refusal("InvalidFileModeException")
    return MODES[name or "NORMAL"]


def valid_path(path: str) -> str:
    """`path` if a file may have it; InvalidPathException otherwise."""
    parts = path.split("/")
    if any(part in ("", ".", "..") or part.lower() == ".git" or "\0" in part for part in parts):
        raise refusal("InvalidPathException")
    return path


def check_sizes(contents: Sequence[bytes]) -> None:
    """The API's limits: 6 MB a file, 7 MB a commit (larger ones go by git)."""
    sizes = [len(content) for content in contents]
    if any(size > LARGEST_FILE for size in sizes) or sum(sizes) > LARGEST_COMMIT:
        raise refusal("FileContentSizeLimitExceededException")


@dataclass
class Edits:
    """Changes to make to one tree: new entries by path, None where a file goes."""

    git: Git
    tree: str | None
    changes: dict[str, Entry | None] = field(default_factory=dict)

    def before(self, path: str) -> Entry | None:
        """What is at `path` now."""
        return self.git.find(self.tree, path) if self.tree else None

    def put(self, path: str, entry: Entry) -> None:
        self._claim(path)
        self.changes[path] = entry

    def put_from(self, wish: Wish) -> None:
        """An entry of putFiles: a file by content, or copied or moved from another path."""
        source, content = wish.get("sourceFile"), wish.get("fileContent")
        if source and content is not None:
            raise refusal("FileContentAndSourceFileSpecifiedException")
        if source:
            self._copy(wish, source)
        elif content is None:
            raise refusal("SourceFileOrContentRequiredException")
        else:
            self.put(wish["filePath"], Entry(mode_number(wish.get("fileMode")), self.git.add_blob(content)))

    def delete(self, path: str) -> Entry:
        """Takes a file away; what it was."""
        entry = self.file_before(path)
        self._claim(path)
        self.changes[path] = None
        return entry

    def set_mode(self, path: str, mode: str) -> None:
        entry = self.file_before(path)
        self.put(path, Entry(mode_number(mode), entry.id))

    def file_before(self, path: str) -> Entry:
        entry = self.before(valid_path(path))
        if entry is None or entry.is_folder:
            raise no_path("File", path)
        return entry

    def check(self) -> None:
        """Refuses files that stand in the way of folders, and folders in the way of files."""
        put = [path for path, entry in self.changes.items() if entry]
        for path in put:
            folders = ["/".join(path.split("/")[:depth]) for depth in range(1, path.count("/") + 1)]
            if any(folder in put for folder in folders):
                raise refusal("PutFileEntryConflictException")
            for folder in folders:
                self._check_folder(folder)
            self._check_file(path)

    def metadata(self) -> dict[str, list[dict[str, str]]]:
        """filesAdded, filesUpdated and filesDeleted, as CreateCommit answers them."""
        shown: dict[str, list[dict[str, str]]] = {"filesAdded": [], "filesUpdated": [], "filesDeleted": []}
        for path, entry in self.changes.items():
            before = self.before(path)
            kind = "filesDeleted" if entry is None else "filesUpdated" if before else "filesAdded"
            file = entry or before
            if file:
                shown[kind].append(
                    {"absolutePath": path, "blobId": file.id, "fileMode": mode_name(file.mode)}
                )
        return shown

    def _copy(self, wish: Wish, source: Wish) -> None:
        path = source["filePath"]
        if path.rsplit("/", 1)[-1] == KEEP:
            raise refusal(
                "RestrictedSourceFileException",
                "The commit cannot be created because one of the changes specifies copying or moving "
                "a .gitkeep file.",
            )
        entry = self.delete(path) if source.get("isMove") else self.file_before(path)
        mode = mode_number(wish["fileMode"]) if "fileMode" in wish else entry.mode
        self.put(wish["filePath"], Entry(mode, entry.id))

    def _claim(self, path: str) -> None:
        if valid_path(path) in self.changes:
            raise refusal("SamePathRequestException")

    def _check_folder(self, folder: str) -> None:
        there = self.before(folder)
        if there is None or there.is_folder or folder in self.changes:
            return
        submodule = "FilePathConflictsWithSubmodulePathException"
        raise refusal(submodule if there.is_submodule else "DirectoryNameConflictsWithFileNameException")

    def _check_file(self, path: str) -> None:
        there = self.before(path)
        if there and there.is_submodule:
            raise refusal("FilePathConflictsWithSubmodulePathException")
        if there and there.is_folder and any(self._stays(path, below) for below in self.git.files(there.id)):
            raise refusal("FileNameConflictsWithDirectoryNameException")

    def _stays(self, folder: str, below: str) -> bool:
        return self.changes.get(f"{folder}/{below}", Entry(0, "")) is not None


def edits_of(
    git: Git, tree: str | None, put: Sequence[Wish], delete: Sequence[Wish], modes: Sequence[Wish]
) -> Edits:
    """The edits that one CreateCommit asks for."""
    if not (put or delete or modes):
        raise refusal("FileEntryRequiredException")
    if len(put) + len(delete) + len(modes) > MOST_FILES:
        raise refusal("MaximumFileEntriesExceededException")
    check_sizes([wish["fileContent"] for wish in put if wish.get("fileContent")])
    edits = Edits(git, tree)
    for wish in delete:
        edits.delete(wish["filePath"])
    for wish in put:
        edits.put_from(wish)
    for wish in modes:
        edits.set_mode(wish["filePath"], wish["fileMode"])
    edits.check()
    return edits
