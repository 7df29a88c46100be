"""Permissions of API Gateway: an action is an HTTP method, a resource is a path.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-create-and-manage-apis.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from moto.core.utils import get_service_model

from workshop.sandbox.call import Call
from workshop.sandbox.permissions.catalog.entry import PLACEHOLDER, Pass, Requirement, values_at

PASSES: Final[Mapping[str, tuple[Pass, ...]]] = MappingProxyType(
    {
        "PutIntegration": (Pass("credentials", "apigateway.amazonaws.com"),),
        "CreateIntegration": (Pass("CredentialsArn", "apigateway.amazonaws.com"),),
        "UpdateIntegration": (Pass("CredentialsArn", "apigateway.amazonaws.com"),),
    }
)


@dataclass(frozen=True)
class ApiGatewayCatalog:
    """The permissions of REST APIs (`apigateway`) and HTTP APIs (`apigatewayv2`)."""

    service: str

    def requirements(self, call: Call) -> Iterator[Requirement]:
        """What the caller must be allowed for this call."""
        method, path = _http(self.service, call.operation)
        path = PLACEHOLDER.sub(lambda found: _value(call, found[1]), path)
        yield Requirement(f"apigateway:{method}", f"arn:aws:apigateway:{call.region}::{path}")
        for handed in PASSES.get(call.operation, ()):
            context = {"iam:passedtoservice": (handed.service,)}
            for role in values_at(call.params, handed.path):
                if ":role/" in role:
                    yield Requirement("iam:PassRole", role, context)


@lru_cache(maxsize=512)
def _http(service: str, operation: str) -> tuple[str, str]:
    """Method and path template of an operation, its placeholders named as its parameters are."""
    model: Any = get_service_model(service).operation_model(operation)
    path = model.http["requestUri"].partition("?")[0].removeprefix("/v2")
    for name, member in model.input_shape.members.items() if model.input_shape else ():
        wire = member.serialization.get("name", name)
        path = path.replace(f"{{{wire}}}", f"{{{name}}}").replace(f"{{{wire}+}}", f"{{{name}}}")
    return model.http["method"], path


def _value(call: Call, name: str) -> str:
    return next(iter(values_at(call.params, name)), "*")
