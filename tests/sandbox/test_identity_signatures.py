"""Who calls: signatures in headers and URLs, and AWS's words when they are wrong."""

from __future__ import annotations

import hashlib
import time
import urllib.error
import urllib.request
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials as Keys
from botocore.exceptions import ClientError

from tests.conftest import Account
from workshop.sandbox.call import Credentials
from workshop.sandbox.server import Server

JSON, QUERY, REST = "codecommit", "sts", "lambda"
CALLS: dict[str, tuple[str, dict[str, Any]]] = {
    "codecommit": ("list_repositories", {}),
    "logs": ("describe_log_groups", {}),
    "sts": ("get_caller_identity", {}),
    "iam": ("list_roles", {}),
    "cloudformation": ("list_stacks", {}),
    "lambda": ("list_functions", {}),
    "apigateway": ("get_rest_apis", {}),
    "s3": ("list_buckets", {}),
}


def code_of(client: Any, service: str) -> tuple[str, int]:
    operation, arguments = CALLS[service]
    with pytest.raises(ClientError) as refused:
        getattr(client, operation)(**arguments)
    response = refused.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def bucket_of(account: Account) -> str:
    name = f"signed-{account.id}"
    account.client("s3").create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": account.region}
    )
    return name


def fetch(url: str, method: str = "GET", body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    request = urllib.request.Request(url, data=body, headers=headers, method=method)
    try:
        with urllib.request.urlopen(request) as reply:
            return reply.status, reply.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


@pytest.mark.parametrize("service", sorted(CALLS))
def test_a_right_signature_is_taken_by_every_protocol(account: Account, service: str) -> None:
    operation, arguments = CALLS[service]
    assert getattr(account.client(service), operation)(**arguments)


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ("codecommit", ("InvalidSignatureException", 400)),
        ("sts", ("SignatureDoesNotMatch", 403)),
        ("lambda", ("InvalidSignatureException", 403)),
        ("s3", ("SignatureDoesNotMatch", 403)),
    ],
)
def test_a_wrong_secret_is_refused(account: Account, service: str, expected: tuple[str, int]) -> None:
    forged = replace(account.root, secret_key="x" * 40)
    assert code_of(account.client(service, who=forged), service) == expected


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ("codecommit", ("UnrecognizedClientException", 400)),
        ("sts", ("InvalidClientTokenId", 403)),
        ("lambda", ("UnrecognizedClientException", 403)),
        ("s3", ("InvalidAccessKeyId", 403)),
    ],
)
@pytest.mark.parametrize("key", ["AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE", "x"])
def test_an_unknown_key_is_refused(
    account: Account, service: str, expected: tuple[str, int], key: str
) -> None:
    unknown = replace(account.root, access_key=key)
    assert code_of(account.client(service, who=unknown), service) == expected


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ("codecommit", ("ExpiredTokenException", 400)),
        ("sts", ("ExpiredToken", 403)),
        ("lambda", ("ExpiredTokenException", 403)),
        ("s3", ("ExpiredToken", 400)),
    ],
)
def test_a_session_ends(account: Account, service: str, expected: tuple[str, int]) -> None:
    role = account.assume(account.role("r", "lambda.amazonaws.com"))
    over = account.server.sandbox.sessions.mint(replace(role.principal, expires=time.time() - 1))
    assert code_of(account.client(service, who=over), service) == expected


def test_a_session_without_its_token_is_refused(account: Account) -> None:
    role = account.assume(account.role("r", "lambda.amazonaws.com"))
    assert code_of(account.client("sts", who=replace(role, token=None)), "sts")[0] == "InvalidClientTokenId"


def test_a_token_of_another_session_is_refused(account: Account) -> None:
    arn = account.role("r", "lambda.amazonaws.com")
    one, other = account.assume(arn), account.assume(arn)
    mixed = replace(one, token=other.token)
    assert code_of(account.client("sts", who=mixed), "sts")[0] == "InvalidClientTokenId"


@pytest.mark.parametrize(
    ("service", "expected"),
    [
        ("sts", "MissingAuthenticationToken"),
        ("codecommit", "MissingAuthenticationTokenException"),
        ("s3", "AccessDenied"),
    ],
)
def test_an_unsigned_request_is_refused(account: Account, service: str, expected: str) -> None:
    endpoint = account.server.sandbox.endpoint
    config = Config(signature_version=UNSIGNED)
    client = boto3.client(service, endpoint_url=endpoint, region_name=account.region, config=config)
    assert code_of(client, service)[0] == expected


def test_the_body_is_signed(account: Account) -> None:
    client = account.client("logs")

    def tamper(request: Any, **_: Any) -> None:
        request.body = b'{"logGroupName": "another"}'

    client.meta.events.register("before-send.*.*", tamper)
    with pytest.raises(ClientError) as refused:
        client.create_log_group(logGroupName="mine")
    assert refused.value.response["Error"]["Code"] == "InvalidSignatureException"
    assert account.client("logs").describe_log_groups()["logGroups"] == []


@pytest.mark.parametrize(("minutes", "status"), [(-20, 403), (-4, 200), (4, 200), (20, 403)])
def test_a_request_must_be_made_about_now(account: Account, minutes: int, status: int) -> None:
    url = account.server.sandbox.endpoint + "/"
    request = AWSRequest("POST", url, data=b"Action=GetCallerIdentity&Version=2011-06-15")
    request.headers["Content-Type"] = "application/x-www-form-urlencoded"
    signer = SigV4Auth(Keys(account.root.access_key, account.root.secret_key), "sts", account.region)
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() + minutes * 60))
    request.context["timestamp"] = moment
    request.headers["X-Amz-Date"] = moment
    request.headers["Authorization"] = signed(signer, request)
    assert fetch(url, "POST", request.body, **dict(request.headers))[0] == status


def signed(signer: SigV4Auth, request: AWSRequest) -> str:
    text = signer.string_to_sign(request, signer.canonical_request(request))
    names = signer.signed_headers(signer.headers_to_sign(request))
    scope = signer.scope(request)
    return (
        f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={names}, "
        f"Signature={signer.signature(text, request)}"
    )


@pytest.mark.parametrize(("sent", "status"), [(b"hello world", 200), (b"hello w0rld", 403)])
def test_each_chunk_of_a_body_is_signed(account: Account, sent: bytes, status: int) -> None:
    bucket, signed_body = bucket_of(account), b"hello world"
    url = f"{account.server.sandbox.endpoint}/{bucket}/k"
    request = AWSRequest("PUT", url, data=b"")
    request.headers["X-Amz-Content-SHA256"] = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
    request.headers["X-Amz-Decoded-Content-Length"] = str(len(sent))
    signer = S3SigV4Auth(Keys(account.root.access_key, account.root.secret_key), "s3", account.region)
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    request.context["timestamp"] = request.headers["X-Amz-Date"] = moment
    request.headers["Authorization"] = signed(signer, request)
    body, previous = b"", request.headers["Authorization"].rpartition("=")[2]
    for claimed, data in ((signed_body, sent), (b"", b"")):
        digests = [hashlib.sha256(part).hexdigest() for part in (b"", claimed)]
        text = "\n".join(
            ["AWS4-HMAC-SHA256-PAYLOAD", moment, signer.credential_scope(request), previous, *digests]
        )
        previous = signer.signature(text, request)
        body += f"{len(data):x};chunk-signature={previous}\r\n".encode() + data + b"\r\n"
    headers = dict(request.headers) | {"Content-Encoding": "aws-chunked", "Content-Type": "text/plain"}
    assert fetch(url, "PUT", body, **headers)[0] == status
    if status == 200:
        held = account.client("s3").get_object(Bucket=bucket, Key="k")
        assert held["Body"].read() == b"hello world"


def presigning(account: Account, version: str, who: Credentials | None = None) -> Any:
    keys = who or account.root
    return boto3.client(
        "s3",
        endpoint_url=account.server.sandbox.endpoint,
        region_name=account.region,
        aws_access_key_id=keys.access_key,
        aws_secret_access_key=keys.secret_key,
        aws_session_token=keys.token,
        config=Config(signature_version=version, s3={"addressing_style": "path"}),
    )


@pytest.mark.parametrize("version", ["s3", "s3v4"])
@pytest.mark.parametrize("key", ["plain", "with space", "ünïcode/and+plus"])
def test_a_presigned_url_reads_and_writes(account: Account, version: str, key: str) -> None:
    where = {"Bucket": bucket_of(account), "Key": key}
    s3 = presigning(account, version)
    put = s3.generate_presigned_url("put_object", where | {"ContentType": "text/plain"})
    assert fetch(put, "PUT", b"bytes", **{"Content-Type": "text/plain"})[0] == 200
    assert fetch(s3.generate_presigned_url("get_object", where)) == (200, b"bytes")


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_a_presigned_url_may_be_of_a_session(account: Account, version: str) -> None:
    where = {"Bucket": bucket_of(account), "Key": "k"}
    account.client("s3").put_object(**where, Body=b"bytes")
    read = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
    }
    role = account.assume(account.role("reader", "lambda.amazonaws.com", read))
    url = presigning(account, version, role).generate_presigned_url("get_object", where)
    assert fetch(url) == (200, b"bytes")


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_a_presigned_url_is_for_its_object_alone(account: Account, version: str) -> None:
    where = {"Bucket": bucket_of(account), "Key": "one"}
    url = presigning(account, version).generate_presigned_url("get_object", where)
    status, body = fetch(url.replace("/one?", "/other?"))
    assert status == 403
    assert b"SignatureDoesNotMatch" in body


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_a_presigned_url_ends(account: Account, version: str) -> None:
    where = {"Bucket": bucket_of(account), "Key": "k"}
    url = presigning(account, version).generate_presigned_url("get_object", where, ExpiresIn=-1)
    status, body = fetch(url)
    assert status == 403
    assert b"AccessDenied" in body


def test_a_presigned_upload_keeps_its_bytes_whatever_the_client_calls_them(account: Account) -> None:
    where = {"Bucket": bucket_of(account), "Key": "k"}
    url = presigning(account, "s3v4").generate_presigned_url("put_object", where)
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert fetch(url, "PUT", b"a=b&c", **form)[0] == 200
    assert account.client("s3").get_object(**where)["Body"].read() == b"a=b&c"


def test_a_url_presigned_with_a_content_type_takes_no_other(account: Account) -> None:
    where = {"Bucket": bucket_of(account), "Key": "k", "ContentType": "text/plain"}
    url = presigning(account, "s3v4").generate_presigned_url("put_object", where)
    assert fetch(url, "PUT", b"x", **{"Content-Type": "text/html"})[0] == 403
    assert fetch(url, "PUT", b"x", **{"Content-Type": "text/plain"})[0] == 200


def test_an_iam_users_keys_work_until_they_are_made_inactive(account: Account) -> None:
    iam = account.client("iam")
    iam.create_user(UserName="ann")
    made = iam.create_access_key(UserName="ann")["AccessKey"]
    keys = replace(account.root, access_key=made["AccessKeyId"], secret_key=made["SecretAccessKey"])
    assert account.client("sts", who=keys).get_caller_identity()["Arn"].endswith(":user/ann")
    iam.update_access_key(UserName="ann", AccessKeyId=made["AccessKeyId"], Status="Inactive")
    assert code_of(account.client("sts", who=keys), "sts")[0] == "InvalidClientTokenId"


def test_anybody_may_read_what_a_bucket_policy_opens(account: Account, sandbox: Server) -> None:
    bucket, s3 = bucket_of(account), account.client("s3")
    for key in ("public/k", "private/k"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"bytes")
    policy = (
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", '
        f'"Action": "s3:GetObject", "Resource": "arn:aws:s3:::{bucket}/public/*"}}]}}'
    )
    s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    assert fetch(f"{sandbox.sandbox.endpoint}/{bucket}/public/k") == (200, b"bytes")
    assert fetch(f"{sandbox.sandbox.endpoint}/{bucket}/private/k")[0] == 403
