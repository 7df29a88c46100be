"""The way in: protocols, errors in their own shapes, and doors that stay shut."""

from __future__ import annotations

import socket
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Account
from workshop.sandbox.server import Server


def test_each_account_sees_only_its_own_things(sandbox: Server) -> None:
    one, other = Account(sandbox), Account(sandbox)
    one.client("logs").create_log_group(logGroupName="mine")
    assert other.client("logs").describe_log_groups()["logGroups"] == []


@pytest.mark.parametrize("key", ["plain", "with space", "ünïcode/ and+plus", "a//b"])
def test_objects_keep_their_keys_and_bytes(account: Account, key: str) -> None:
    s3 = account.client("s3")
    bucket = f"keys-{account.id}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": account.region})
    s3.put_object(Bucket=bucket, Key=key, Body=b"\x00\xff body", Metadata={"my_key": "1"})
    found = s3.get_object(Bucket=bucket, Key=key)
    assert (found["Body"].read(), found["Metadata"]) == (b"\x00\xff body", {"my_key": "1"})


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("logs", "list_anomalies", {}),
        ("iam", "generate_organizations_access_report", {"EntityPath": "o-0123456789/r-0123/ou-0123"}),
        ("lambda", "list_capacity_providers", {}),
        ("s3", "list_bucket_intelligent_tiering_configurations", {"Bucket": "none"}),
        ("ec2", "run_instances", {"ImageId": "ami-12345678", "MinCount": 1, "MaxCount": 1}),
        ("ecs", "create_cluster", {"clusterName": "c"}),
        ("ssm", "send_command", {"DocumentName": "AWS-RunShellScript", "InstanceIds": ["i-1234567890"]}),
        ("sns", "publish", {"PhoneNumber": "+15550100", "Message": "nobody gets this"}),
        ("logs", "start_query", {"startTime": 0, "endTime": 1, "queryString": "fields @message"}),
    ],
)
def test_an_operation_that_is_not_there_says_so_in_its_protocol(
    account: Account, service: str, operation: str, arguments: dict[str, object]
) -> None:
    client = account.client(service)
    with pytest.raises(ClientError) as refused:
        getattr(client, operation)(**arguments)
    assert refused.value.response["Error"]["Code"] == "NotImplemented"


@pytest.mark.parametrize("path", ["/moto-api/", "/moto-api/reset", "/moto-api/reset-auth"])
def test_motos_unauthenticated_door_is_shut(sandbox: Server, path: str) -> None:
    request = urllib.request.Request(sandbox.sandbox.endpoint + path, data=b"inf", method="POST")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    assert refused.value.code == 404
    refused.value.close()


def test_a_client_cannot_name_the_account_it_acts_in(sandbox: Server) -> None:
    one, other = Account(sandbox), Account(sandbox)
    sts = one.client("sts")
    sts.meta.events.register(
        "before-send.*.*", lambda request, **_: request.headers.update({"x-moto-account-id": other.id})
    )
    assert sts.get_caller_identity()["Account"] == one.id


def test_a_long_poll_holds_nobody_up(account: Account) -> None:
    sqs = account.client("sqs")
    queue = sqs.create_queue(QueueName="slow")["QueueUrl"]
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(sqs.receive_message, QueueUrl=queue, WaitTimeSeconds=10)
        time.sleep(0.3)
        account.client("sqs").send_message(QueueUrl=queue, MessageBody="here")
        assert waiting.result()["Messages"][0]["Body"] == "here"


@pytest.mark.parametrize(
    "head",
    [
        "Content-Length: -1",
        "Content-Length: five",
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: chunked\r\n\r\nnot a chunk",
    ],
)
def test_a_body_whose_end_is_not_clear_is_refused(sandbox: Server, head: str) -> None:
    settings = sandbox.sandbox.settings
    with socket.create_connection((settings.host, settings.port), timeout=5) as connection:
        connection.sendall(f"PUT /bucket/key HTTP/1.1\r\nHost: sandbox\r\n{head}\r\n\r\n".encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 400 ")


def test_xml_that_is_none_is_malformed(account: Account) -> None:
    s3 = account.client("s3")
    bucket = f"xml-{account.id}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": account.region})
    s3.meta.events.register("before-call.s3.PutBucketAcl", lambda params, **_: params.update(body=b"<no"))
    with pytest.raises(ClientError) as refused:
        s3.put_bucket_acl(Bucket=bucket, AccessControlPolicy={"Grants": []})
    assert refused.value.response["Error"]["Code"] == "MalformedXML"


def test_what_is_missing_is_named_for_motos_services_too(account: Account) -> None:
    dynamodb = account.client("dynamodb")
    dynamodb.meta.events.register(
        "before-call.dynamodb.DescribeTable", lambda params, **_: params.update(body=b"{}")
    )
    with pytest.raises(ClientError, match="Value at 'TableName'") as refused:
        dynamodb.describe_table(TableName="t")
    assert refused.value.response["Error"]["Code"] == "ValidationException"
