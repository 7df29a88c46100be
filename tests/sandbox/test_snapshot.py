"""What is there again after the sandbox was killed, asked through the API as ever."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.conftest import REGION, Account
from tests.sandbox.functions import request
from tests.sandbox.house import House
from tests.sandbox.test_apigateway_http import Api
from tests.sandbox.test_cloudformation import group, template
from tests.sandbox.test_events import queue
from tests.sandbox.workbench import Workbench, approval, commit, deploy, furnished, stage, wait_for


@dataclass(frozen=True)
class Killed:
    """A sandbox that was killed and started again, and what was noted before."""

    house: House
    bench: Workbench
    noted: dict[str, Any]
    health: dict[str, Any]

    @property
    def account(self) -> Account:
        return self.house.account


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Killed]:
    house = House(tmp_path_factory.mktemp("house"))
    house.start()
    bench = furnished(house.account)
    noted = {make.__name__: make(bench) for make in MAKERS}
    house.kill_when_saved()
    yield Killed(house, bench, noted, house.start())
    house.stop()


def versions(bench: Workbench) -> str:
    """Three versions of an object, the last one deleted."""
    s3, bucket = bench.account.client("s3"), bench.target
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for body in (b"one", b"two" * 100_000):
        s3.put_object(Bucket=bucket, Key="v", Body=body, Metadata={"mood": "good"})
    s3.delete_object(Bucket=bucket, Key="v")
    return bucket


def user(bench: Workbench) -> tuple[str, str]:
    """An IAM user's access key."""
    iam = bench.account.client("iam")
    iam.create_user(UserName="paul")
    iam.attach_user_policy(UserName="paul", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    key = iam.create_access_key(UserName="paul")["AccessKey"]
    return key["AccessKeyId"], key["SecretAccessKey"]


def git_password(bench: Workbench) -> str:
    iam = bench.account.client("iam")
    made = iam.create_service_specific_credential(UserName="paul", ServiceName="codecommit.amazonaws.com")
    return str(made["ServiceSpecificCredential"]["ServiceUserName"])


def api(bench: Workbench) -> str:
    """A function behind an HTTP API; the API's host."""
    return str(Api(bench.account).host)


def stack(bench: Workbench) -> str:
    made = bench.account.client("cloudformation").create_stack(
        StackName="s", TemplateBody=template(G=group("/of/the/stack"))
    )
    bench.account.client("cloudformation").get_waiter("stack_create_complete").wait(StackName="s")
    return str(made["StackId"])


def key(bench: Workbench) -> bytes:
    """Something encrypted under a key."""
    kms = bench.account.client("kms")
    made = kms.create_key()["KeyMetadata"]["KeyId"]
    return bytes(kms.encrypt(KeyId=made, Plaintext=b"secret")["CiphertextBlob"])


def signature(bench: Workbench) -> tuple[str, bytes]:
    kms = bench.account.client("kms")
    made = kms.create_key(KeyUsage="SIGN_VERIFY", KeySpec="RSA_2048")["KeyMetadata"]["KeyId"]
    signed = kms.sign(KeyId=made, Message=b"m", SigningAlgorithm="RSASSA_PSS_SHA_256")["Signature"]
    return made, signed


def rule(bench: Workbench) -> str:
    """A queue with a message, which a rule adds to; its URL."""
    url, arn = queue(bench.account)
    bench.account.client("sqs").send_message(QueueUrl=url, MessageBody="hello")
    events = bench.account.client("events")
    events.put_rule(Name="r", EventPattern=json.dumps({"source": ["aws.codecommit"]}))
    events.put_targets(Rule="r", Targets=[{"Id": "q", "Arn": arn}])
    return url


def waiting(bench: Workbench) -> str:
    """The execution of a pipeline that waits for approval."""
    execution = bench.create(stage("Ask", approval()), stage("Deploy", deploy(bench.target)))
    bench.awaits("Ask")
    return execution


MAKERS = (versions, user, git_password, api, stack, key, signature, rule, waiting)


def test_its_health_says_what_was_restored(killed: Killed) -> None:
    assert killed.health["restored"] == "1 account"
    assert killed.health["accounts"] == 1


def test_all_versions_of_an_object(killed: Killed) -> None:
    s3, bucket = killed.account.client("s3"), killed.noted["versions"]
    found = s3.list_object_versions(Bucket=bucket, Prefix="v")
    assert [one["Size"] for one in found["Versions"]] == [300_000, 3]
    assert found["DeleteMarkers"][0]["IsLatest"]
    oldest = s3.get_object(Bucket=bucket, Key="v", VersionId=found["Versions"][1]["VersionId"])
    assert (oldest["Body"].read(), oldest["Metadata"]) == (b"one", {"mood": "good"})


def test_bucket_names_stay_taken(killed: Killed) -> None:
    stranger = Account(killed.house)  # type: ignore[arg-type]  # it has what an account needs
    with pytest.raises(ClientError, match=r"BucketAlreadyExists|AccessDenied"):
        stranger.client("s3").create_bucket(
            Bucket=killed.bench.target, CreateBucketConfiguration={"LocationConstraint": REGION}
        )


def test_users_with_their_keys_and_policies(killed: Killed) -> None:
    access, secret = killed.noted["user"]
    session = boto3.Session(access, secret, region_name=REGION)
    assert session.client("iam", endpoint_url=killed.house.endpoint).get_user()["User"]["UserName"] == "paul"
    attached = killed.account.client("iam").list_attached_user_policies(UserName="paul")["AttachedPolicies"]
    assert [one["PolicyName"] for one in attached] == ["ReadOnlyAccess"]


def test_passwords_for_git(killed: Killed) -> None:
    held = killed.account.client("iam").list_service_specific_credentials(UserName="paul")
    assert held["ServiceSpecificCredentials"][0]["ServiceUserName"] == killed.noted["git_password"]


def test_functions_behind_their_apis(killed: Killed) -> None:
    reply = request(killed.account, killed.noted["api"], "/hello")
    assert (reply.status, reply.json["rawPath"]) == (200, "/hello")


def test_stacks_which_can_be_changed(killed: Killed) -> None:
    cloudformation = killed.account.client("cloudformation")
    assert cloudformation.describe_stacks(StackName="s")["Stacks"][0]["StackId"] == killed.noted["stack"]
    cloudformation.update_stack(StackName="s", TemplateBody=template(G=group("/of/the/stack/2")))
    cloudformation.get_waiter("stack_update_complete").wait(StackName="s")
    groups = killed.account.client("logs").describe_log_groups(logGroupNamePrefix="/of/the/")["logGroups"]
    assert [one["logGroupName"] for one in groups] == ["/of/the/stack/2"]


def test_keys_decrypt_and_verify(killed: Killed) -> None:
    kms, (made, signed) = killed.account.client("kms"), killed.noted["signature"]
    assert kms.decrypt(CiphertextBlob=killed.noted["key"])["Plaintext"] == b"secret"
    checked = kms.verify(KeyId=made, Message=b"m", Signature=signed, SigningAlgorithm="RSASSA_PSS_SHA_256")
    assert checked["SignatureValid"]


def test_messages_and_the_rules_that_send_them(killed: Killed) -> None:
    sqs, url = killed.account.client("sqs"), killed.noted["rule"]
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "hello"
    sent = commit(killed.account, "once more")
    assert wait_for(
        lambda: any(sent in one["Body"] for one in sqs.receive_message(QueueUrl=url).get("Messages", []))
    )


def test_a_pipeline_goes_on_where_it_waited(killed: Killed) -> None:
    bench, execution = killed.bench, killed.noted["waiting"]
    bench.approve("Ask", bench.awaits("Ask"))
    assert bench.finished(execution) == "Succeeded"


def test_accounts_can_be_changed_while_they_are_saved(killed: Killed) -> None:
    s3 = killed.account.client("s3")

    def write(number: int) -> None:
        for turn in range(40):
            s3.put_object(Bucket=killed.bench.target, Key=f"{number}/{turn}", Body=b"x" * 10_000)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, range(2)))
    killed.house.wait_until_saved()
    assert len(s3.list_objects_v2(Bucket=killed.bench.target, Prefix="1/")["Contents"]) == 40
