"""Where custom resources put their answers: objects in S3, each under a URL of its own.

As in AWS, the bucket is not the customer's; here it is that of an account nobody uses.
"""

from __future__ import annotations

import json
import threading
import uuid
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

ACCOUNT = "000000000000"
BUCKET = "cloudformation-custom-resource-response"
SECONDS = 7200


class Mailbox:
    """Hands out URLs to PUT an answer to, and looks for what has come."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._client: Any = None
        self._lock = threading.Lock()

    def address(self) -> tuple[str, str]:
        """A new key and the URL that it is answered under."""
        key = str(uuid.uuid4())
        given = {"Bucket": BUCKET, "Key": key}
        url: str = self._signing().generate_presigned_url("put_object", Params=given, ExpiresIn=SECONDS)
        return key, url

    def take(self, key: str) -> dict[str, Any] | None:
        """What has come for `key`, once; None if nothing has. ValueError if it is not JSON."""
        client = self._own()
        try:
            found = client.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
                return None
            raise
        client.delete_object(Bucket=BUCKET, Key=key)
        answer = json.loads(found)
        if not isinstance(answer, dict):
            raise ValueError("not an object")
        return answer

    def _own(self) -> Any:
        root = self._sandbox.sessions.root(ACCOUNT)
        return self._sandbox.clients.client("s3", root, "us-east-1")

    def _signing(self) -> Any:
        """A client with real keys: a URL must be signed, in-process clients sign nothing."""
        with self._lock:
            if self._client is None:
                self._own().create_bucket(Bucket=BUCKET)
                root = self._sandbox.sessions.root(ACCOUNT)
                self._client = boto3.session.Session().client(
                    "s3",
                    region_name="us-east-1",
                    endpoint_url=self._sandbox.endpoint,
                    aws_access_key_id=root.access_key,
                    aws_secret_access_key=root.secret_key,
                    aws_session_token=root.token,
                    config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
                )
            return self._client
