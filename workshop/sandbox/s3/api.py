"""S3's own conditions around moto's buckets, and its notifications when an object changes."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, ClassVar

from moto.s3 import notifications

from workshop.sandbox.call import AwsError, Call
from workshop.sandbox.gateway.wire import Reply
from workshop.sandbox.permissions.resource import bucket, owner_of
from workshop.sandbox.post import Post
from workshop.sandbox.s3 import policy
from workshop.sandbox.s3.change import Change, changes

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

SERVICE = "s3.amazonaws.com"
# "General purpose bucket naming rules" in the S3 user guide.
NAME = re.compile(r"(?!\d+\.\d+\.\d+\.\d+$)(?!.*\.\.)(?!xn--|sthree-)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


class S3:
    """Amazon S3: its buckets and objects are moto's, its conditions and notices ours."""

    name: ClassVar[str] = "s3"
    complete: ClassVar[bool] = False

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._post = Post(sandbox, SERVICE)
        # moto's own notices reach its functions and rules only, unauthorised, and miss deletions.
        setattr(notifications, "send_event", _nothing)  # noqa: B010 - moto has no hook for it

    def stop(self) -> None:
        """Tell nobody anything more."""
        self._post.stop()

    def halt(self, account: str) -> dict[str, int]:
        """Notices are carried soon: how many of an account are not yet."""
        return {"S3 notices": self._post.under_way(account)}

    def check(self, call: Call) -> None:
        """Refuse what S3 does not accept, before moto does."""
        if call.operation == "CreateBucket":
            _check_name(call.params["Bucket"])
            if owner_of(f"arn:aws:s3:::{call.params['Bucket']}", call.account) != call.account:
                raise _taken(call.params["Bucket"])
        elif call.operation == "PutBucketPolicy":
            policy.check(call.params["Bucket"], call.params.get("Policy", ""))

    def heard(self, call: Call, reply: Reply) -> None:
        """Tell of what a call changed, as the bucket's notifications are configured."""
        held = bucket(call.params.get("Bucket", ""))
        wanted = held and held.notification_configuration
        if wanted is None or reply.status >= 300:
            return
        for change in changes(call, reply, held.keys):
            if wanted.event_bridge is not None:
                self._emit(change, held)
            for service in ("queue", "topic", "cloud_function"):
                for notice in getattr(wanted, service):
                    if notice.matches(f"s3:{change.kind}", change.key):
                        text = json.dumps({"Records": [change.record(notice.id, held.region_name)]})
                        self._post.send(held.account_id, held.arn, notice.arn, text)

    def _emit(self, change: Change, held: Any) -> None:
        self._sandbox.events.emit(
            held.account_id, held.region_name, "aws.s3", change.detail_type, [held.arn], change.detail
        )


def _check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise AwsError("InvalidBucketName", "The specified bucket is not valid.", 400, BucketName=name)


def _taken(name: str) -> AwsError:
    return AwsError(
        "BucketAlreadyExists",
        "The requested bucket name is not available. The bucket namespace is shared by all users of the "
        "system. Please select a different name and try again.",
        409,
        BucketName=name,
    )


def _nothing(*_: Any, **__: Any) -> None:
    return None
