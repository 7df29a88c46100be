"""Which accounts a call may have changed."""

from __future__ import annotations

import re

from moto.s3.models import s3_backends

from workshop.sandbox.call import Call

READS = re.compile("(Batch)?(Get|List|Describe|Head|Check|Lookup|Query|Scan|Select|Filter|Validate|Simulate)")
STATELESS = ("sts",)
# What names another account's queue, topic, function or role.
ACCOUNT = re.compile(r"(?<=[:/])\d{12}(?=[:/])")


def changed_by(call: Call) -> set[str]:
    """The caller's account and those of the resources that the call names; none if it only looked."""
    if call.service in STATELESS or READS.match(call.operation):
        return set()
    named = (value for value in call.params.values() if isinstance(value, str) and len(value) < 2048)
    return {call.account, *_owner(call), *(found for value in named for found in ACCOUNT.findall(value))}


def _owner(call: Call) -> list[str]:
    """Whose bucket it is."""
    place = s3_backends.bucket_accounts.get(call.params.get("Bucket", "")) if call.service == "s3" else None
    return [place[1]] if place else []
