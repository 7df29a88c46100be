"""Carries what one AWS service tells others: afterwards, and as that service."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from workshop.sandbox.call import AwsError, acting_service
from workshop.sandbox.tally import Tally

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

log = logging.getLogger(__name__)
CARRIERS = 2
MOST_LETTERS = 10_000  # of one account; AWS has no such limit


class Post:
    """The post of the service `sender` ("s3.amazonaws.com").

    A letter goes to a queue, a topic or a function whose own policy lets the sender in for the
    resource that it speaks of; where it does not, the letter is lost, as in AWS, and the log
    says so.
    """

    def __init__(self, sandbox: Sandbox, sender: str) -> None:
        self._sandbox = sandbox
        self._sender = sender
        self.letters = Tally(MOST_LETTERS)
        self._carriers = ThreadPoolExecutor(CARRIERS, thread_name_prefix=sender)

    def send(self, account: str, about: str, to: str, text: str, **settings: Any) -> None:
        """Send `text` to the ARN `to`, for the resource (ARN) `about` of `account`; waits for nobody."""
        if not self.letters.begin(account):
            log.warning("%s has too many letters of account %s: one to %s is lost", self._sender, account, to)
            return
        self._carriers.submit(self._carry, account, about, to, text, settings)

    def under_way(self, account: str) -> int:
        """How many letters of an account are not yet carried."""
        return self.letters.of(account)

    def stop(self) -> None:
        """Carry nothing more."""
        self._carriers.shutdown(wait=True, cancel_futures=True)

    def _carry(self, account: str, about: str, to: str, text: str, settings: Mapping[str, Any]) -> None:
        try:
            self._deliver(account, about, to, text, settings)
        except (ClientError, AwsError) as refused:
            log.warning("%s could not tell %s of %s: %s", self._sender, to, about, refused)
        finally:
            self.letters.end(account)

    def _deliver(self, account: str, about: str, to: str, text: str, settings: Mapping[str, Any]) -> None:
        _, _, kind, region, owner, name = to.split(":", 5)
        client = self._sandbox.clients.client(kind, acting_service(self._sender, account, about), region)
        if kind == "sqs":
            url = f"{self._sandbox.endpoint}/{owner}/{name}"
            client.send_message(QueueUrl=url, MessageBody=text, **settings)
        elif kind == "sns":
            client.publish(TopicArn=to, Message=text, **settings)
        else:
            client.invoke(FunctionName=to, InvocationType="Event", Payload=text.encode(), **settings)
