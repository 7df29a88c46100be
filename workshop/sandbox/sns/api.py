"""SNS of the sandbox: topics are moto's, delivery to functions is ours."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from moto.sns.models import Subscription, sns_backends

from workshop.sandbox.call import Call
from workshop.sandbox.gateway.wire import Reply
from workshop.sandbox.post import Post

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

SERVICE = "sns.amazonaws.com"


class Sns:
    """Amazon Simple Notification Service.

    moto would run functions of its own, which nobody has, and fail the publication.  It has no
    hook for that, so its subscription is given one: what it does for a function comes here.
    """

    name: ClassVar[str] = "sns"
    complete: ClassVar[bool] = False

    def __init__(self, sandbox: Sandbox) -> None:
        self._post = Post(sandbox, SERVICE)
        self._before = Subscription.publish  # another sandbox's of this process, or moto's own
        others = getattr(Subscription.publish, "others", Subscription.publish)
        setattr(Subscription, "publish", _publishing(others, self._to_function))  # noqa: B010

    def stop(self) -> None:
        """Deliver nothing more, and leave moto as it was found."""
        setattr(Subscription, "publish", self._before)  # noqa: B010
        self._post.stop()

    def halt(self, account: str) -> dict[str, int]:
        """Messages are carried soon: how many of an account are not yet."""
        return {"SNS messages": self._post.under_way(account)}

    def heard(self, call: Call, reply: Reply) -> None:
        """Have moto forget what a topic was told, which it remembers for its own tests."""
        arn = str(call.params.get("TopicArn") or call.params.get("TargetArn") or "")
        if not call.operation.startswith("Publish") or reply.status >= 300:
            return
        _, _, _, region, account, _ = arn.split(":", 5)
        sns_backends[account][region].topics[arn].sent_notifications.clear()

    def _to_function(self, subscription: Subscription, event: Mapping[str, Any]) -> None:
        topic = subscription.topic.arn
        self._post.send(subscription.account_id, topic, subscription.endpoint, json.dumps(event))


def _publishing(
    others: Callable[..., None], to_function: Callable[[Subscription, Mapping[str, Any]], None]
) -> Callable[..., None]:
    """A subscription's `publish` which hands to `to_function` what is for functions."""

    def publish(
        self: Subscription,
        message: str,
        message_id: str,
        subject: str | None = None,
        message_attributes: dict[str, Any] | None = None,
        **settings: Any,
    ) -> None:
        if self.protocol != "lambda":
            others(self, message, message_id, subject, message_attributes, **settings)
            return
        matcher = self._filter_policy_matcher
        if matcher is not None and not matcher.matches(message_attributes, message):
            return
        if settings.get("message_structure") == "json":
            message = self._parse_message_structure(message, self.protocol)
        to_function(self, _event(self, message, message_id, subject, message_attributes))

    setattr(publish, "others", others)  # noqa: B010 - so that a second sandbox does not wrap the first's
    return publish


def _event(
    subscription: Subscription,
    message: str,
    message_id: str,
    subject: str | None,
    attributes: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """What the function gets; shape: "Using Lambda with Amazon SNS" in the Lambda guide."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    notice = {
        "Type": "Notification",
        "MessageId": message_id,
        "TopicArn": subscription.topic.arn,
        "Subject": subject,
        "Message": message,
        "Timestamp": now,
        "MessageAttributes": {
            name: {"Type": value["Type"], "Value": str(value["Value"])}
            for name, value in (attributes or {}).items()
        },
    }
    return {
        "Records": [
            {
                "EventSource": "aws:sns",
                "EventVersion": "1.0",
                "EventSubscriptionArn": subscription.arn,
                "Sns": notice,
            }
        ]
    }
