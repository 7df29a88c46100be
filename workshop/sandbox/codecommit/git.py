"""A bare git repository on disk: its branches, commits, folders and files."""

from __future__ import annotations

import re
import stat
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from dulwich.graph import can_fast_forward, find_merge_base
from dulwich.objects import Blob, Commit, ObjectID, Tag, Tree
from dulwich.refs import Ref
from dulwich.repo import Repo

FULL_ID = re.compile(r"[0-9a-f]{40}")
HEADS = "refs/heads/"
TAGS = "refs/tags/"
SUBMODULE = 0o160000
FOLDER = 0o040000
SYMLINK = 0o120000
EXECUTABLE = 0o100755
NORMAL = 0o100644


class Entry(NamedTuple):
    """What a path of a tree leads to: a git mode and an object id of 40 hexadecimal digits."""

    mode: int
    id: str

    @property
    def is_folder(self) -> bool:
        return stat.S_IFMT(self.mode) == FOLDER

    @property
    def is_submodule(self) -> bool:
        return stat.S_IFMT(self.mode) == SUBMODULE

    @property
    def is_symlink(self) -> bool:
        return stat.S_IFMT(self.mode) == SYMLINK

    @property
    def is_file(self) -> bool:
        return stat.S_ISREG(self.mode)


class Author(NamedTuple):
    """Who writes a commit."""

    name: str
    email: str

    def line(self) -> bytes:
        """As git stores it; what would break the line is left out."""
        name, email = (re.sub(r"[<>\n\0]", "", part) for part in self)
        return f"{name} <{email}>".encode()


def create(folder: Path) -> None:
    """Makes an empty bare repository whose HEAD is the unborn branch main."""
    folder.mkdir(parents=True)
    Repo.init_bare(folder, default_branch=b"main").close()


class Git:
    """One repository, opened for one request: a context manager, so that no file stays open.

    Ids are strings of 40 hexadecimal digits, branches are short names, paths have no leading slash.
    """

    def __init__(self, folder: Path) -> None:
        self.repo = Repo(str(folder))
        self.store = self.repo.object_store

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.repo.close()

    # References

    def branches(self) -> dict[str, str]:
        """Short branch names and the commit each points to, in order of name."""
        found = self.repo.refs.as_dict(Ref(HEADS[:-1].encode()))
        return {name.decode(errors="replace"): tip.decode() for name, tip in sorted(found.items())}

    def tip(self, branch: str) -> str | None:
        return self._reference(HEADS + branch)

    def tag(self, name: str) -> str | None:
        """The commit a tag leads to, an annotated one included."""
        there = self._reference(TAGS + name)
        return self._peeled(there) if there else None

    def move(self, branch: str, old: str | None, new: str) -> bool:
        """Points `branch` to `new` if it still points to `old` (None: does not exist); False if not."""
        ref = Ref((HEADS + branch).encode())
        if old is None:
            return self.repo.refs.add_if_new(ref, _id(new))
        return self.repo.refs.set_if_equals(ref, _id(old), _id(new))

    def drop(self, branch: str, old: str) -> bool:
        """Removes `branch` if it still points to `old`."""
        return self.repo.refs.remove_if_equals(Ref((HEADS + branch).encode()), _id(old))

    def obstacle(self, ref: str) -> str | None:
        """The reference beside which `ref` cannot be: git keeps a/b in a folder a, so a must not exist."""
        folders = {ref[:cut] for cut, letter in enumerate(ref) if letter == "/"}
        names = (name.decode(errors="replace") for name in self.repo.refs.allkeys())
        return next((name for name in names if name in folders or name.startswith(f"{ref}/")), None)

    def set_head(self, branch: str) -> None:
        """Makes `branch` the one that a clone checks out."""
        self.repo.refs.set_symbolic_ref(Ref(b"HEAD"), Ref((HEADS + branch).encode()))

    def resolve(self, specifier: str, default_branch: str | None) -> str | None:
        """The commit that a branch, tag, full reference, HEAD or full id names; None if there is none."""
        if FULL_ID.fullmatch(specifier):
            return specifier if self.commit(specifier) else None
        if specifier == "HEAD":
            return self.tip(default_branch) if default_branch else None
        if specifier.startswith(HEADS):
            return self.tip(specifier.removeprefix(HEADS))
        return self.tip(specifier) or self.tag(specifier.removeprefix(TAGS))

    # Objects

    def commit(self, id: str) -> Commit | None:
        found = self._object(id)
        return found if isinstance(found, Commit) else None

    def blob(self, id: str) -> bytes | None:
        found = self._object(id)
        return found.data if isinstance(found, Blob) else None

    def root(self, commit: str) -> str:
        """The id of a commit's tree."""
        found = self._object(commit)
        assert isinstance(found, Commit)
        return str(found.tree.decode())

    def entries(self, tree: str) -> dict[str, Entry]:
        """What lies in one folder, by name."""
        found = self._object(tree)
        assert isinstance(found, Tree)
        return {
            item.path.decode(errors="surrogateescape"): Entry(item.mode, item.sha.decode())
            for item in found.iteritems()
        }

    def find(self, tree: str, path: str) -> Entry | None:
        """The entry at `path` below a tree; the empty path is the tree itself."""
        entry = Entry(FOLDER, tree)
        for name in filter(None, path.split("/")):
            if not entry.is_folder:
                return None
            below = self.entries(entry.id).get(name)
            if below is None:
                return None
            entry = below
        return entry

    def files(self, tree: str, folder: str = "") -> dict[str, Entry]:
        """Every entry below a tree that is not itself a folder, by its path."""
        return dict(self._walk(tree, folder))

    def size(self, id: str) -> int:
        """The bytes of a blob; 0 for a submodule's commit, which lies elsewhere."""
        return len(self.blob(id) or b"")

    # History

    def parents(self, commit: str) -> list[str]:
        found = self.commit(commit)
        return [parent.decode() for parent in found.parents] if found else []

    def history(self, commit: str) -> Iterator[Commit]:
        """A commit and all before it, the newest first."""
        for step in self.repo.get_walker(include=[_id(commit)], order="topo"):
            yield step.commit

    def merge_base(self, one: str, other: str) -> str | None:
        """The best common ancestor of two commits; None if their histories never met."""
        found = find_merge_base(self.repo, [_id(one), _id(other)])
        return found[0].decode() if found else None

    def contains(self, ancestor: str, commit: str) -> bool:
        """Whether `commit` is `ancestor` or comes after it."""
        return can_fast_forward(self.repo, _id(ancestor), _id(commit))

    # Writing

    def add_blob(self, content: bytes) -> str:
        blob = Blob.from_string(content)
        self.store.add_object(blob)
        return blob.id.decode()

    def add_tree(self, entries: Mapping[str, Entry]) -> str:
        tree = Tree()
        for name, entry in entries.items():
            tree.add(name.encode(errors="surrogateescape"), entry.mode, _id(entry.id))
        self.store.add_object(tree)
        return tree.id.decode()

    def add_commit(self, tree: str, parents: list[str], author: Author, message: str) -> str:
        """Writes a commit of this moment (UTC), its author also its committer."""
        commit = Commit()
        commit.tree = _id(tree)
        commit.parents = [_id(parent) for parent in parents]
        commit.author = commit.committer = author.line()
        commit.author_time = commit.commit_time = int(time.time())
        commit.author_timezone = commit.commit_timezone = 0
        commit.encoding = b"UTF-8"
        commit.message = message.encode()
        self.store.add_object(commit)
        return commit.id.decode()

    # Plumbing

    def _object(self, id: str) -> object | None:
        try:
            return self.store[_id(id)]
        except (KeyError, ValueError, AssertionError):
            return None

    def _reference(self, name: str) -> str | None:
        try:
            return self.repo.refs[Ref(name.encode())].decode()
        except (KeyError, ValueError):
            return None

    def _peeled(self, id: str) -> str | None:
        found = self._object(id)
        while isinstance(found, Tag):
            found = self._object(found.object[1].decode())
        return found.id.decode() if isinstance(found, Commit) else None

    def _walk(self, tree: str, folder: str) -> Iterator[tuple[str, Entry]]:
        for name, entry in self.entries(tree).items():
            path = f"{folder}/{name}" if folder else name
            if entry.is_folder:
                yield from self._walk(entry.id, path)
            else:
                yield path, entry


def _id(text: str) -> ObjectID:
    return ObjectID(text.encode())
