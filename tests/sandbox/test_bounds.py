"""Nothing grows without end in the sandbox's own memory, however long an account is used."""

from __future__ import annotations

import gc
import weakref

from moto.s3.models import FakeKey, s3_backends

from tests.conftest import Account


def bucket(account: Account) -> str:
    name = f"bucket-{account.id}"
    where = {"LocationConstraint": account.region}
    account.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=where)
    return name


def kept(account: Account, name: str) -> weakref.ref[FakeKey]:
    """moto's object of a bucket's only object, without keeping it."""
    found = s3_backends[account.id]["aws"].buckets[name].keys
    return weakref.ref(next(iter(found.values())))


def test_what_is_deleted_from_s3_is_gone_from_memory(account: Account) -> None:
    s3, name = account.client("s3"), bucket(account)
    s3.put_object(Bucket=name, Key="k", Body=b"one")
    first = kept(account, name)
    s3.put_object(Bucket=name, Key="k", Body=b"two")
    second = kept(account, name)
    gc.collect()
    assert first() is None
    assert second() is not None
    s3.delete_object(Bucket=name, Key="k")
    gc.collect()
    assert second() is None
