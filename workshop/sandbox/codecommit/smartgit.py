"""Git's own protocol: tells a client what there is, hands out packs, takes in pushes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from io import BytesIO
from typing import BinaryIO, cast

from dulwich.objects import Commit, ObjectID
from dulwich.protocol import CAPABILITY_ATOMIC, CAPABILITY_FILTER, ReceivableProtocol
from dulwich.refs import Ref, check_ref_format
from dulwich.server import Backend, BackendRepo, PackHandler, ReceivePackHandler, UploadPackHandler

from workshop.sandbox.codecommit.git import Git
from workshop.sandbox.codecommit.news import RefChange
from workshop.sandbox.codecommit.packs import PACK_FAULTS, store

Update = tuple[ObjectID, ObjectID, Ref]
Objection = Callable[[str, bool], str | None]
"""Given a reference and whether it is to be deleted: why not, or None."""
NOTHING = b"0" * 40
MEGABYTE = 1024 * 1024
KINDS = (b"refs/heads/", b"refs/tags/")
UPLOAD, RECEIVE = "git-upload-pack", "git-receive-pack"


class Single(Backend):
    """The one repository that a request is about."""

    def __init__(self, git: Git) -> None:
        self._git = git

    def open_repository(self, path: str) -> BackendRepo:
        return cast(BackendRepo, self._git.repo)


def advertise(git: Git, service: str, out: BinaryIO) -> None:
    """Writes what the repository has, and what the server can do, for a fetch or a push."""
    protocol = ReceivableProtocol(BytesIO().read, out.write)
    kinds: dict[str, Callable[..., PackHandler]] = {UPLOAD: Fetch, RECEIVE: ReceivePackHandler}
    handler = kinds[service](Single(git), ["/"], protocol, stateless_rpc=True, advertise_refs=True)
    protocol.write_pkt_line(b"# service=" + service.encode() + b"\n")
    protocol.write_pkt_line(None)
    handler.handle()


def upload(git: Git, body: BinaryIO, out: BinaryIO) -> None:
    """Answers a fetch or clone."""
    protocol = ReceivableProtocol(body.read, out.write)
    Fetch(Single(git), ["/"], protocol, stateless_rpc=True).handle()


def receive(
    git: Git, body: BinaryIO, out: BinaryIO, objection: Objection, refusal: str | None = None
) -> list[RefChange]:
    """Takes in a push, under the repository's lock; the references that it changed.

    `objection` says what speaks against changing a reference; `refusal` turns the whole push down.
    Both texts are shown by git.
    """
    protocol = ReceivableProtocol(body.read, out.write)
    push = Push(git, protocol, objection, refusal)
    push.handle()
    return push.changes


class Fetch(UploadPackHandler):
    """A fetch or clone, always of whole objects.

    dulwich can leave out files (``--filter``) but not hand them out later, so a partial clone
    would break; without the capability git clones everything and says so.
    """

    def capabilities(self) -> list[bytes]:
        return [each for each in super().capabilities() if each != CAPABILITY_FILTER]

    def set_client_capabilities(self, caps: Iterable[bytes]) -> None:
        """Take note of what the client can; git names ``filter`` even where it is not offered."""
        super().set_client_capabilities([each for each in caps if each != CAPABILITY_FILTER])


class Push(ReceivePackHandler):
    """A push by CodeCommit's rules; references move only from where the client saw them.

    dulwich has no public place for such rules; `_apply_pack` and `_on_post_receive` are its
    private hooks (version pinned, covered by the git tests).
    """

    def __init__(
        self, git: Git, protocol: ReceivableProtocol, objection: Objection, refusal: str | None
    ) -> None:
        super().__init__(Single(git), ["/"], protocol, stateless_rpc=True)
        self.changes: list[RefChange] = []
        self._git = git
        self._protocol = protocol
        self._refusal = refusal
        self._objection = objection

    def _apply_pack(self, refs: list[Update]) -> Iterator[tuple[bytes, bytes]]:
        """Git's report: what became of the pack, then of each reference."""
        try:
            self._take_in()
        except PACK_FAULTS as fault:
            yield b"unpack", str(fault).replace("\n", " ").encode()
            yield from ((ref, b"unpacker error") for _, _, ref in refs)
            return
        yield b"unpack", b"ok"
        against = {ref: self._against(ref, old, new) for old, new, ref in refs}
        if self.has_capability(CAPABILITY_ATOMIC) and any(against.values()):
            yield from ((ref, why or b"atomic push failed") for ref, why in against.items())
            return
        for old, new, ref in refs:
            yield ref, against[ref] or self._move(ref, old, new)

    def _on_post_receive(self, client_refs: Sequence[Update]) -> None:
        self.changes = [
            RefChange(ref.decode(errors="replace"), _known(old), _known(new))
            for old, new, ref in client_refs
            if old != new
        ]

    def _take_in(self) -> None:
        """Stores the pack that follows the references; there is none if they are only deleted."""
        if self._refusal is not None:
            raise OSError(self._refusal)
        pack = b"".join(iter(lambda: self._protocol.recv(MEGABYTE), b""))
        if pack:
            store(self._git, pack)

    def _against(self, ref: Ref, old: ObjectID, new: ObjectID) -> bytes | None:
        """What speaks against changing a reference so; None if nothing does."""
        name, deletes = ref.decode(errors="replace"), new == NOTHING
        if not ref.startswith(KINDS) or not check_ref_format(ref):
            return b"only branches and tags can be pushed"
        if self._current(ref) != old:
            return b"it has changed meanwhile, fetch first"
        if objection := self._objection(name, deletes):
            return objection.encode()
        if deletes:
            return None
        obstacle = self._git.obstacle(name)
        return f"{obstacle} is in the way".encode() if obstacle else self._gap(ref, new)

    def _current(self, ref: Ref) -> bytes:
        try:
            return self._git.repo.refs[ref]
        except KeyError:
            return NOTHING

    def _gap(self, ref: Ref, new: ObjectID) -> bytes | None:
        """What is wrong with pointing `ref` to `new`."""
        if new not in self._git.store:
            return b"missing necessary objects"
        found = self._git.store[new]
        if ref.startswith(KINDS[0]) and not isinstance(found, Commit):
            return b"a branch must point to a commit"
        if isinstance(found, Commit) and found.tree not in self._git.store:
            return b"missing necessary objects"
        return None

    def _move(self, ref: Ref, old: ObjectID, new: ObjectID) -> bytes:
        refs = self._git.repo.refs
        try:
            done = refs.remove_if_equals(ref, old) if new == NOTHING else refs.set_if_equals(ref, old, new)
        except OSError:
            done = False
        return b"ok" if done else b"failed to write"


def _known(id: bytes) -> str | None:
    return None if id == NOTHING else id.decode()
