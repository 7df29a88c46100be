"""The table of permissions: what each call takes, and that the table names only what exists."""

from __future__ import annotations

from typing import Any

import pytest
from moto.core.utils import get_service_model

from workshop.sandbox.call import Call, Principal
from workshop.sandbox.permissions.catalog import s3
from workshop.sandbox.permissions.catalog.code import ASKED_LATER
from workshop.sandbox.permissions.catalog.entry import PLACEHOLDER, Catalog
from workshop.sandbox.permissions.catalog.find import CATALOGS, catalog

ME = Principal("111122223333", "arn:aws:iam::111122223333:user/me", "AIDA")
EU = "eu-west-1:111122223333"
ROLE = "arn:aws:iam::111122223333:role/r"


def needs(service: str, operation: str, params: dict[str, Any]) -> list[tuple[str, str]]:
    call = Call(service, operation, params, ME.account, "eu-west-1", ME, "id")
    return [(n.action, n.resource) for n in catalog(service).requirements(call)]


CASES: list[tuple[str, str, dict[str, Any], list[tuple[str, str]]]] = [
    (
        "codecommit",
        "GetBranch",
        {"repositoryName": "r", "branchName": "b"},
        [("codecommit:GetBranch", f"arn:aws:codecommit:{EU}:r")],
    ),
    ("codecommit", "ListRepositories", {}, [("codecommit:ListRepositories", "*")]),
    (
        "codecommit",
        "BatchGetRepositories",
        {"repositoryNames": ["a", "b"]},
        [
            ("codecommit:BatchGetRepositories", f"arn:aws:codecommit:{EU}:a"),
            ("codecommit:BatchGetRepositories", f"arn:aws:codecommit:{EU}:b"),
        ],
    ),
    (
        "codebuild",
        "CreateProject",
        {"name": "p", "serviceRole": ROLE},
        [("codebuild:CreateProject", f"arn:aws:codebuild:{EU}:project/p"), ("iam:PassRole", ROLE)],
    ),
    (
        "codebuild",
        "BatchGetBuilds",
        {"ids": ["p:1"]},
        [("codebuild:BatchGetBuilds", f"arn:aws:codebuild:{EU}:project/p")],
    ),
    (
        "codebuild",
        "StopBuild",
        {"id": f"arn:aws:codebuild:{EU}:build/p:1"},
        [("codebuild:StopBuild", f"arn:aws:codebuild:{EU}:project/p")],
    ),
    (
        "codepipeline",
        "CreatePipeline",
        {"pipeline": {"name": "p", "roleArn": ROLE}},
        [("codepipeline:CreatePipeline", f"arn:aws:codepipeline:{EU}:p"), ("iam:PassRole", ROLE)],
    ),
    (
        "codepipeline",
        "PutApprovalResult",
        {"pipelineName": "p", "stageName": "s", "actionName": "a"},
        [("codepipeline:PutApprovalResult", f"arn:aws:codepipeline:{EU}:p/s/a")],
    ),
    (
        "cloudformation",
        "CreateChangeSet",
        {"StackName": "s", "ChangeSetName": "c", "RoleARN": ROLE},
        [
            ("cloudformation:CreateChangeSet", f"arn:aws:cloudformation:{EU}:stack/s/*"),
            ("iam:PassRole", ROLE),
        ],
    ),
    (
        "cloudformation",
        "DescribeStacks",
        {"StackName": f"arn:aws:cloudformation:{EU}:stack/s/id"},
        [("cloudformation:DescribeStacks", f"arn:aws:cloudformation:{EU}:stack/s/id")],
    ),
    (
        "lambda",
        "Invoke",
        {"FunctionName": "f"},
        [("lambda:InvokeFunction", f"arn:aws:lambda:{EU}:function:f")],
    ),
    (
        "lambda",
        "Invoke",
        {"FunctionName": "f", "Qualifier": "live"},
        [("lambda:InvokeFunction", f"arn:aws:lambda:{EU}:function:f:live")],
    ),
    (
        "apigateway",
        "CreateResource",
        {"restApiId": "a", "parentId": "p", "pathPart": "x"},
        [("apigateway:POST", "arn:aws:apigateway:eu-west-1::/restapis/a/resources/p")],
    ),
    (
        "apigatewayv2",
        "GetRoutes",
        {"ApiId": "a"},
        [("apigateway:GET", "arn:aws:apigateway:eu-west-1::/apis/a/routes")],
    ),
    (
        "logs",
        "CreateLogGroup",
        {"logGroupName": "/g"},
        [("logs:CreateLogGroup", f"arn:aws:logs:{EU}:log-group:/g:log-stream:")],
    ),
    (
        "logs",
        "PutLogEvents",
        {"logGroupName": "/g", "logStreamName": "s"},
        [("logs:PutLogEvents", f"arn:aws:logs:{EU}:log-group:/g:log-stream:s")],
    ),
    (
        "events",
        "PutTargets",
        {"Rule": "r", "Targets": [{"Id": "1", "Arn": "arn:x", "RoleArn": ROLE}]},
        [("events:PutTargets", f"arn:aws:events:{EU}:rule/r"), ("iam:PassRole", ROLE)],
    ),
    ("cloudwatch", "PutMetricData", {"Namespace": "n"}, [("cloudwatch:PutMetricData", "*")]),
    (
        "cloudwatch",
        "PutDashboard",
        {"DashboardName": "d"},
        [("cloudwatch:PutDashboard", "arn:aws:cloudwatch::111122223333:dashboard/d")],
    ),
    ("ssm", "GetParameter", {"Name": "/a/b"}, [("ssm:GetParameter", f"arn:aws:ssm:{EU}:parameter/a/b")]),
    (
        "sqs",
        "SendMessage",
        {"QueueUrl": "http://h/111122223333/q"},
        [("sqs:SendMessage", f"arn:aws:sqs:{EU}:q")],
    ),
    ("iam", "ListRoles", {}, [("iam:ListRoles", "arn:aws:iam::111122223333:role/")]),
    (
        "iam",
        "CreateRole",
        {"RoleName": "r", "Path": "/service-role/"},
        [("iam:CreateRole", "arn:aws:iam::111122223333:role/service-role/r")],
    ),
    ("s3", "HeadBucket", {"Bucket": "b"}, [("s3:ListBucket", "arn:aws:s3:::b")]),
    ("s3", "ListBuckets", {}, [("s3:ListAllMyBuckets", "*")]),
    (
        "s3",
        "GetObject",
        {"Bucket": "b", "Key": "k", "VersionId": "1"},
        [("s3:GetObjectVersion", "arn:aws:s3:::b/k")],
    ),
    ("s3", "UploadPart", {"Bucket": "b", "Key": "k"}, [("s3:PutObject", "arn:aws:s3:::b/k")]),
    (
        "s3",
        "PutObject",
        {"Bucket": "b", "Key": "k", "ACL": "public-read"},
        [("s3:PutObject", "arn:aws:s3:::b/k"), ("s3:PutObjectAcl", "arn:aws:s3:::b/k")],
    ),
    (
        "s3",
        "CopyObject",
        {"Bucket": "b", "Key": "k", "CopySource": "/from/a%20b?versionId=1"},
        [("s3:GetObjectVersion", "arn:aws:s3:::from/a b"), ("s3:PutObject", "arn:aws:s3:::b/k")],
    ),
    (
        "s3",
        "DeleteObjects",
        {"Bucket": "b", "Delete": {"Objects": [{"Key": "x"}, {"Key": "y", "VersionId": "1"}]}},
        [("s3:DeleteObject", "arn:aws:s3:::b/x"), ("s3:DeleteObjectVersion", "arn:aws:s3:::b/y")],
    ),
    ("athena", "ListWorkGroups", {}, [("athena:ListWorkGroups", "*")]),
]


@pytest.mark.parametrize(("service", "operation", "params", "expected"), CASES)
def test_a_call_takes_these_permissions(
    service: str, operation: str, params: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert needs(service, operation, params) == expected


TABLES = [(name, table) for name, table in CATALOGS.items() if isinstance(table, Catalog)]


@pytest.mark.parametrize(("service", "table"), TABLES, ids=[name for name, _ in TABLES])
def test_the_table_names_operations_that_exist(service: str, table: Catalog) -> None:
    known = set(get_service_model(service).operation_names)
    assert {*table.actions, *table.resources, *table.passes} - known == set()


@pytest.mark.parametrize(("service", "table"), TABLES, ids=[name for name, _ in TABLES])
def test_the_table_names_parameters_that_exist(service: str, table: Catalog) -> None:
    model = get_service_model(service)
    for operation, templates in table.resources.items():
        shape: Any = model.operation_model(operation).input_shape
        for template in templates:
            for path in PLACEHOLDER.findall(template):
                assert path in ("region", "account") or has(shape, path.partition("=")[0]), (operation, path)
    for operation, passes in table.passes.items():
        shape = model.operation_model(operation).input_shape
        for handed in passes:
            assert has(shape, handed.path), (operation, handed.path)


def has(shape: Any, path: str) -> bool:
    for name in path.split("."):
        while shape.type_name == "list":
            shape = shape.member
        if name not in shape.members:
            return False
        shape = shape.members[name]
    return True


def test_s3s_table_names_operations_that_exist() -> None:
    known = set(get_service_model("s3").operation_names) | {"PostObject", "GetObjectTorrent"}
    assert set(s3.ACTIONS) - known == set()


@pytest.mark.parametrize("service", sorted(CATALOGS))
def test_every_operation_takes_something(service: str) -> None:
    free = {"DeleteObjects"} | set(ASKED_LATER if service == "codecommit" else ())
    for operation in get_service_model(service).operation_names:
        call = Call(service, operation, {}, ME.account, "eu-west-1", ME, "id")
        taken = list(catalog(service).requirements(call))
        assert taken or operation in free, operation
