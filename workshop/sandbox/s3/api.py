"""S3's own conditions around moto's buckets, and its notifications when an object changes."""

from __future__ import annotations

import json
import logging
import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, ClassVar

from botocore.exceptions import ClientError
from moto.s3 import notifications

from workshop.sandbox.call import AwsError, Call, acting_service
from workshop.sandbox.gateway.wire import Reply
from workshop.sandbox.permissions.resource import bucket, owner_of
from workshop.sandbox.s3 import policy
from workshop.sandbox.s3.change import Change, changes

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

log = logging.getLogger(__name__)
SERVICE = "s3.amazonaws.com"
# "General purpose bucket naming rules" in the S3 user guide.
NAME = re.compile(r"(?!\d+\.\d+\.\d+\.\d+$)(?!.*\.\.)(?!xn--|sthree-)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


class S3:
    """Amazon S3: its buckets and objects are moto's, its conditions and notices ours."""

    name: ClassVar[str] = "s3"
    complete: ClassVar[bool] = False

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._post = ThreadPoolExecutor(2, thread_name_prefix="s3")
        # moto's own notices reach its functions and rules only, unauthorised, and miss deletions.
        setattr(notifications, "send_event", _nothing)  # noqa: B010 - moto has no hook for it

    def stop(self) -> None:
        """Tell nobody anything more."""
        self._post.shutdown(wait=True, cancel_futures=True)

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
                        self._post.submit(self._tell, held, notice, change)

    def _emit(self, change: Change, held: Any) -> None:
        self._sandbox.events.emit(
            held.account_id, held.region_name, "aws.s3", change.detail_type, [held.arn], change.detail
        )

    def _tell(self, held: Any, notice: Any, change: Change) -> None:
        """Deliver a notification as S3, which only the target's resource policy lets in."""
        text = json.dumps({"Records": [change.record(notice.id, held.region_name)]})
        try:
            self._deliver(notice.arn, held, text)
        except (ClientError, AwsError) as refused:
            log.warning("S3 could not tell %s of %s: %s", notice.arn, change.key, refused)

    def _deliver(self, arn: str, held: Any, text: str) -> None:
        _, _, kind, region, account, name = arn.split(":", 5)
        client = self._sandbox.clients.client(
            kind, acting_service(SERVICE, held.account_id, held.arn), region
        )
        if kind == "sqs":
            client.send_message(QueueUrl=f"{self._sandbox.endpoint}/{account}/{name}", MessageBody=text)
        elif kind == "sns":
            client.publish(TopicArn=arn, Subject="Amazon S3 Notification", Message=text)
        else:
            client.invoke(FunctionName=arn, InvocationType="Event", Payload=text.encode())


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
