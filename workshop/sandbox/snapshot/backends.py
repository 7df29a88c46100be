"""moto's backends: where they are, and those of one account."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from typing import Any

from moto.core.base_backend import BackendDict, BaseBackend
from moto.s3.models import S3Backend, s3_backends

Regions = dict[str, BaseBackend]


def address(backends: BackendDict[Any]) -> str:
    """Where the backends of a service can be imported from: ``moto.iam.models:iam_backends``."""
    for kind in backends.backend.__mro__:
        module = sys.modules[kind.__module__]
        for name, value in list(vars(module).items()):
            if value is backends:
                return f"{module.__name__}:{name}"
    raise LookupError(f"moto's backends of {backends.service_name} are in no module")


def at(address: str) -> BackendDict[Any]:
    """The backends behind an address."""
    module, _, name = address.partition(":")
    found: BackendDict[Any] = getattr(importlib.import_module(module), name)
    return found


def address_of(backend: BaseBackend) -> str:
    """The address of the backends that one of them belongs to."""
    return next(address(found) for found in _in_use() if backend.account_id in found and _in(found, backend))


def region(address: str, account: str, name: str) -> BaseBackend:
    """One backend by its address, account and region; it comes into being if it is not there."""
    found: BaseBackend = at(address)[account][name]
    return found


def of_account(account: str) -> dict[str, Regions]:
    """All backends of an account, by address and region."""
    return {
        address(found): dict(found[account].items()) for found in _in_use() if account in list(found.keys())
    }


def put(account: str, held: Mapping[str, Regions]) -> None:
    """Give an account these backends, instead of what it has under the same address and region."""
    for where, regions in held.items():
        for name, backend in regions.items():
            at(where)[account][name] = backend
            if isinstance(backend, S3Backend):
                _claim_names(backend)


def drop(account: str) -> None:
    """Forget all backends of an account, and the names of its buckets."""
    for found in _in_use():
        for backend in (found.pop(account, None) or {}).values():
            if isinstance(backend, S3Backend):
                _disclaim_names(backend)


def _disclaim_names(backend: S3Backend) -> None:
    for bucket in list(backend.buckets):
        s3_backends.bucket_accounts.pop(bucket, None)


def _claim_names(backend: S3Backend) -> None:
    """Buckets have one name space for all accounts."""
    for bucket in list(backend.buckets):
        s3_backends.bucket_accounts[bucket] = (backend.partition, backend.account_id)


def _in_use() -> list[BackendDict[Any]]:
    return list(getattr(BackendDict, "_instances"))  # noqa: B009 - generic: mypy wants no plain access


def _in(found: BackendDict[Any], backend: BaseBackend) -> bool:
    return any(one is backend for one in found[backend.account_id].values())
