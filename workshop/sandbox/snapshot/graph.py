"""Turns an account's objects, moto's and ours, into bytes and back, as one graph.

What two services share stays shared.  S3 bodies are left out: the bytes name them by their
SHA-256 (`Bodies` has them), so that a large object is written once and not at every save.
"""

from __future__ import annotations

import copyreg
import hashlib
import io
import pickle
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import cloudpickle
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from moto.core.base_backend import BackendDict, BaseBackend
from moto.s3.models import FakeKey

from workshop.sandbox.snapshot import backends

RLOCK: type = type(threading.RLock())
LOCK: type = type(threading.Lock())
Digests = WeakKeyDictionary[FakeKey, str]  # a FakeKey's body never changes: writing makes a new one
Reduced = tuple[Any, ...]


@dataclass(frozen=True)
class Dump:
    """One account as bytes, the bodies that it names, and those of them not seen before.

    It is not `whole` where something was left out, which may have bodies too.
    """

    content: bytes
    bodies: frozenset[str]
    new: Mapping[str, bytes] = field(default_factory=dict)
    whole: bool = True


def dump(account: str, holdings: object, known: Digests) -> Dump:
    """The graph under `holdings`; what cannot be written raises whatever pickle raises.

    `known` remembers the digests of bodies between dumps: forget it if `new` was not stored.
    """
    out = io.BytesIO()
    writer = _Writer(out, account, known)
    writer.dump(holdings)
    return Dump(out.getvalue(), frozenset(writer.bodies), writer.new)


def load(content: bytes, body: Callable[[str], bytes]) -> Any:
    """The graph again; `body` finds a body by its digest."""
    return _Reader(io.BytesIO(content), body).load()


@dataclass(frozen=True)
class _Body:
    """Stands in the graph where a body was."""

    digest: str


@dataclass(frozen=True)
class _Mapping:
    """One of moto's mappings as it is, whatever its own methods make of it.

    Those of S3's key stores show the newest versions of objects only: all others would be lost.
    """

    items: dict[Any, Any]
    attributes: dict[str, Any]
    default: Callable[[], Any] | None

    @classmethod
    def of(cls, mapping: dict[Any, Any]) -> _Mapping:
        return cls(dict(dict.items(mapping)), dict(vars(mapping)), getattr(mapping, "default_factory", None))


class _Writer(cloudpickle.Pickler):  # type: ignore[misc]  # cloudpickle has no types
    """Besides what cloudpickle can: locks, private keys, and moto's own containers as they are."""

    def __init__(self, out: io.BytesIO, account: str, known: Digests) -> None:
        super().__init__(out, protocol=5)
        self._account = account
        self._known = known
        self.bodies: set[str] = set()
        self.new: dict[str, bytes] = {}

    def persistent_id(self, thing: Any) -> str | None:
        """A body's digest: it is stored elsewhere."""
        return thing.digest if isinstance(thing, _Body) else None

    def reducer_override(self, thing: Any) -> Any:
        """How to make this object again."""
        kind = type(thing)
        if kind is FakeKey:
            return self._key(thing)
        if kind is RLOCK or kind is LOCK:
            return (threading.RLock if kind is RLOCK else threading.Lock), ()
        if isinstance(thing, BaseBackend) and thing.account_id != self._account:
            return backends.region, (backends.address_of(thing), thing.account_id, thing.region_name)
        if issubclass(kind, BackendDict):
            return backends.at, (backends.address(thing),)
        if issubclass(kind, dict) and kind.__module__.startswith("moto."):
            return copyreg.__newobj__, (kind,), _Mapping.of(thing), None, None, _fill  # type: ignore[attr-defined]
        if hasattr(thing, "private_bytes"):
            return _private_key, (_der(thing),)
        return super().reducer_override(thing)

    def _key(self, key: FakeKey) -> Reduced:
        state = key.__dict__.copy()
        del state["_value_buffer"], state["lock"]
        if not key.disposed:
            state["value"] = _Body(self._digest(key))
        return copyreg.__newobj__, (FakeKey,), {"value": b"", **state}  # type: ignore[attr-defined]

    def _digest(self, key: FakeKey) -> str:
        digest = self._known.get(key)
        if digest is None:
            content = key.value
            digest = self._known[key] = hashlib.sha256(content).hexdigest()
            self.new[digest] = content
        self.bodies.add(digest)
        return digest


class _Reader(pickle.Unpickler):
    """Reads what the writer wrote, out of the sandbox's own folder only."""

    def __init__(self, content: io.BytesIO, body: Callable[[str], bytes]) -> None:
        super().__init__(content)
        self._body = body

    def persistent_load(self, digest: Any) -> bytes:
        return self._body(digest)


def _fill(made: dict[Any, Any], mapping: _Mapping) -> None:
    dict.update(made, mapping.items)
    vars(made).update(mapping.attributes)
    if isinstance(made, defaultdict):
        made.default_factory = mapping.default


def _der(key: Any) -> bytes:
    encoding, form = serialization.Encoding.DER, serialization.PrivateFormat.PKCS8
    made: bytes = key.private_bytes(encoding, form, serialization.NoEncryption())
    return made


def _private_key(der: bytes) -> PrivateKeyTypes:
    return serialization.load_der_private_key(der, None)
