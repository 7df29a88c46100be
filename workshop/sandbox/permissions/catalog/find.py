"""Finds the catalogue of a service; one that is not described takes ``service:Operation`` on ``*``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final, Protocol

from moto.core.utils import get_service_model

from workshop.sandbox.call import Call
from workshop.sandbox.permissions.catalog import code, compute, data, observe
from workshop.sandbox.permissions.catalog.apigateway import ApiGatewayCatalog
from workshop.sandbox.permissions.catalog.entry import Catalog, Requirement
from workshop.sandbox.permissions.catalog.iam import STS, IamCatalog
from workshop.sandbox.permissions.catalog.s3 import S3Catalog


class Described(Protocol):
    """Whatever can say what a call takes."""

    def requirements(self, call: Call) -> Iterator[Requirement]:
        """What the caller must be allowed for this call."""


CATALOGS: Final[Mapping[str, Described]] = MappingProxyType(
    {
        "apigateway": ApiGatewayCatalog("apigateway"),
        "apigatewayv2": ApiGatewayCatalog("apigatewayv2"),
        "cloudformation": code.CLOUDFORMATION,
        "cloudtrail": observe.CLOUDTRAIL,
        "cloudwatch": observe.CLOUDWATCH,
        "codebuild": code.CODEBUILD,
        "codecommit": code.CODECOMMIT,
        "codedeploy": compute.CODEDEPLOY,
        "codepipeline": code.CODEPIPELINE,
        "dynamodb": data.DYNAMODB,
        "ec2": compute.EC2,
        "ecr": data.ECR,
        "events": observe.EVENTS,
        "iam": IamCatalog(),
        "kms": data.KMS,
        "lambda": compute.LAMBDA,
        "logs": observe.LOGS,
        "s3": S3Catalog(),
        "scheduler": observe.SCHEDULER,
        "secretsmanager": data.SECRETSMANAGER,
        "sns": data.SNS,
        "sqs": data.SQS,
        "ssm": data.SSM,
        "stepfunctions": compute.STATES,
        "sts": STS,
    }
)


def catalog(service: str) -> Described:
    """What is known of a service's permissions."""
    return CATALOGS.get(service) or _undescribed(service)


@lru_cache(maxsize=256)
def _undescribed(service: str) -> Catalog:
    """IAM knows a service by the name under which its requests are signed."""
    return Catalog(str(get_service_model(service).signing_name))
