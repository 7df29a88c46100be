"""AWS's own managed policies: read once for all accounts, copied into one when it uses them.

moto would keep 1,582 policies for each account in each of six partitions (32 MB and 0.8 s
an account, measured).  Here an account holds what it made and what it attached.
"""

from __future__ import annotations

import copy
import functools
import json
from collections.abc import ItemsView, Iterator, MutableMapping, ValuesView
from typing import Any

from moto.iam import urls
from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, IAMBackend, ManagedPolicy, iam_backends

NOBODY = "000000000000"


@functools.cache
def shelf() -> dict[str, ManagedPolicy]:
    """AWS's managed policies by ARN, as nobody has attached them."""
    written = json.loads(aws_managed_policies_data)
    made = (AWSManagedPolicy.from_data(name, NOBODY, "aws", data) for name, data in written.items())
    return {policy.arn: policy for policy in made}


class Library(MutableMapping[str, ManagedPolicy]):
    """An account's managed policies by ARN: its own, its copies of AWS's, and behind them the shelf.

    A policy of AWS's is copied when it is asked for by name, since it counts its attachments.
    """

    def __init__(self, account: str) -> None:
        self._account = account
        self._held: dict[str, ManagedPolicy] = {}

    def __getitem__(self, arn: str) -> ManagedPolicy:
        if arn not in self._held:
            policy = copy.copy(shelf()[arn])
            policy.account_id = self._account
            self._held[arn] = policy
        return self._held[arn]

    def __setitem__(self, arn: str, policy: ManagedPolicy) -> None:
        self._held[arn] = policy

    def __delitem__(self, arn: str) -> None:
        del self._held[arn]

    def __contains__(self, arn: object) -> bool:
        return arn in self._held or arn in shelf()

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def values(self) -> ValuesView[ManagedPolicy]:
        """All policies; those of AWS that this account never used are shared ones."""
        return self._all().values()

    def items(self) -> ItemsView[str, ManagedPolicy]:
        """All policies and their ARNs."""
        return self._all().items()

    def _all(self) -> dict[str, ManagedPolicy]:
        return {**shelf(), **dict(self._held)}


class SharingIam(IAMBackend):
    """moto's IAM with such a library."""

    @property
    def _url_module(self) -> Any:
        return urls  # moto would look for a urls module beside this one

    def _init_aws_policies(self) -> list[ManagedPolicy]:
        return []

    def _init_managed_policies(self) -> Library:  # type: ignore[override]  # a mapping will do
        return Library(self.account_id)


def install() -> None:
    """Make accounts that come into being from now on share AWS's policies."""
    iam_backends.backend = SharingIam
