"""An account with a repository, buckets and a role, and the parts of pipelines between them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Account

ALLOW_ALL = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
PATIENCE = 20.0


def wait_for(look: Callable[[], Any], patience: float = PATIENCE) -> Any:
    """What `look` returns as soon as it is truthy."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(0.02)
    raise AssertionError("it did not happen in time")


@dataclass
class Workbench:
    """An account with a repository, two buckets and a role, and a pipeline between them."""

    account: Account
    client: Any
    role: str
    artifacts: str
    target: str

    def declaration(self, *stages: dict[str, Any], **more: Any) -> dict[str, Any]:
        return {
            "name": "p",
            "roleArn": self.role,
            "artifactStore": {"type": "S3", "location": self.artifacts},
            "stages": [stage("Source", source()), *stages],
            **more,
        }

    def create(self, *stages: dict[str, Any], **more: Any) -> str:
        """Create the pipeline; the id of its first execution."""
        self.client.create_pipeline(pipeline=self.declaration(*stages, **more))
        return str(self.executions()[0]["pipelineExecutionId"])

    def executions(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.client.list_pipeline_executions(pipelineName="p")[
            "pipelineExecutionSummaries"
        ]
        return found

    def status(self, execution: str) -> str:
        found = self.client.get_pipeline_execution(pipelineName="p", pipelineExecutionId=execution)
        return str(found["pipelineExecution"]["status"])

    def finished(self, execution: str) -> str:
        """Its status when it is over."""
        return str(wait_for(lambda: (s := self.status(execution)) not in ("InProgress", "Stopping") and s))

    def action(self, stage: str, name: str) -> dict[str, Any]:
        """The action's latest execution in GetPipelineState."""
        states = self.client.get_pipeline_state(name="p")["stageStates"]
        actions = next(one for one in states if one["stageName"] == stage)["actionStates"]
        latest: dict[str, Any] = next(one for one in actions if one["actionName"] == name).get(
            "latestExecution", {}
        )
        return latest

    def awaits(self, stage: str, name: str = "Approve") -> str:
        """The token of the approval, once it waits."""
        return str(wait_for(lambda: self.action(stage, name).get("token")))

    def approve(self, stage: str, token: str, status: str = "Approved", name: str = "Approve") -> None:
        self.client.put_approval_result(
            pipelineName="p",
            stageName=stage,
            actionName=name,
            result={"summary": "looked at it", "status": status},
            token=token,
        )


def stage(name: str, *actions: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "actions": list(actions), **more}


def source(**configuration: str) -> dict[str, Any]:
    return {
        "name": "Source",
        "namespace": "Src",
        "actionTypeId": {"category": "Source", "owner": "AWS", "provider": "CodeCommit", "version": "1"},
        "configuration": {"RepositoryName": "app", "BranchName": "main", "PollForSourceChanges": "false"}
        | configuration,
        "outputArtifacts": [{"name": "SourceArtifact"}],
    }


def deploy(target: str, name: str = "Deploy", **configuration: str) -> dict[str, Any]:
    return {
        "name": name,
        "actionTypeId": {"category": "Deploy", "owner": "AWS", "provider": "S3", "version": "1"},
        "configuration": {"BucketName": target, "Extract": "true"} | configuration,
        "inputArtifacts": [{"name": "SourceArtifact"}],
    }


def approval(name: str = "Approve", **more: Any) -> dict[str, Any]:
    kind = {"category": "Approval", "owner": "AWS", "provider": "Manual", "version": "1"}
    return {"name": name, "actionTypeId": kind, "configuration": {"CustomData": "#{Src.CommitId}"}, **more}


def commit(account: Account, text: str) -> str:
    """A commit of index.html on main."""
    codecommit = account.client("codecommit")
    try:
        parent = codecommit.get_branch(repositoryName="app", branchName="main")["branch"]["commitId"]
    except ClientError:
        parent = None
    put = {"filePath": "index.html", "fileContent": text.encode()}
    more = {"parentCommitId": parent} if parent else {}
    made = codecommit.create_commit(
        repositoryName="app", branchName="main", commitMessage=f"Say {text}\n", putFiles=[put], **more
    )
    return str(made["commitId"])


@pytest.fixture
def bench(account: Account) -> Workbench:
    return furnished(account)


def furnished(account: Account) -> Workbench:
    """A workbench in an account that has none."""
    artifacts, target = f"codepipeline-eu-west-1-{account.id}", f"site-{account.id}"
    s3 = account.client("s3")
    for bucket in (artifacts, target):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": account.region})
    account.client("codecommit").create_repository(repositoryName="app")
    commit(account, "hello")
    role = account.role("pipeline", "codepipeline.amazonaws.com", ALLOW_ALL)
    return Workbench(account, account.client("codepipeline"), role, artifacts, target)


def page(bench: Workbench) -> str:
    found = bench.account.client("s3").get_object(Bucket=bench.target, Key="index.html")
    return str(found["Body"].read().decode())
