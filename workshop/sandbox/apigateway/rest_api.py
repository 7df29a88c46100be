"""REST APIs: what moto's control plane (API Gateway version 1) lacks, imports and deployments first.

moto keeps the APIs; this keeps, for every deployment, the methods as they were then: that is
what a stage serves.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from moto.apigateway.models import APIGatewayBackend, Deployment, Resource, RestAPI, apigateway_backends
from moto.core.exceptions import JsonRESTError

from workshop.sandbox.apigateway import openapi
from workshop.sandbox.apigateway.routes import Route
from workshop.sandbox.apigateway.state import Item, State
from workshop.sandbox.call import AwsError, Call
from workshop.sandbox.snapshot.kept import Kept

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

BINARY_TYPES = "x-amazon-apigateway-binary-media-types"


class ApiGateway:
    """Amazon API Gateway's REST APIs."""

    name: ClassVar[str] = "apigateway"
    complete: ClassVar[bool] = False

    def __init__(self, sandbox: Sandbox) -> None:
        self.states: dict[tuple[str, str], State] = {}
        self.lock = threading.RLock()

    @property
    def kept(self) -> Kept:
        """What of it is saved."""
        return Kept(self.states, lambda _: [self.lock])

    def owner(self, api_id: str) -> tuple[str, str, RestAPI] | None:
        """Account, region and API of an id, of whatever account."""
        for account, regions in list(apigateway_backends.items()):
            for region, backend in list(regions.items()):
                if api_id in backend.apis:
                    return account, region, backend.apis[api_id]
        return None

    def served(self, account: str, region: str, api: RestAPI, deployment_id: str | None) -> tuple[Route, ...]:
        """The methods of a deployment."""
        with self.lock:
            state = self.states.setdefault((account, region), State())
            return state.deployed.get((api.id, deployment_id or ""), ())

    def create_deployment(self, call: Call) -> Item:
        params = call.params
        with self.lock, _in_our_words():
            backend = _backend(call)
            api = backend.get_rest_api(params["restApiId"])
            name, deployed = params.get("stageName", ""), api.stages.get(params.get("stageName", ""))
            deployment = backend.create_deployment(
                api.id, name, params.get("description", ""), params.get("variables")
            )
            if deployed is not None:  # a stage that was there keeps its settings and moves on
                deployed.deployment_id = deployment.id
                deployed.variables |= params.get("variables", {})
                api.stages[name] = deployed
            elif name and "stageDescription" in params:
                api.stages[name].description = params["stageDescription"]
            self._state(call).deployed[api.id, deployment.id] = tuple(_routes(api))
        return _present(deployment.to_json())

    def get_stages(self, call: Call) -> Item:
        with _in_our_words():
            stages = _backend(call).get_stages(call.params["restApiId"])
        wanted = call.params.get("deploymentId")
        shown = [stage.to_json() for stage in stages if wanted in (None, stage.deployment_id)]
        return {"item": [_present(stage) for stage in shown]}

    def update_deployment(self, call: Call) -> Item:
        with self.lock, _in_our_words():
            deployment = _deployment(call)
            for patch in call.params.get("patchOperations", []):
                if patch.get("path") != "/description":
                    raise openapi.refused(f"Invalid patch path {patch.get('path')}")
                deployment.description = patch.get("value", "")
            return _present(deployment.to_json())

    def delete_deployment(self, call: Call) -> None:
        with self.lock, _in_our_words():
            deployment = _deployment(call)
            api = _backend(call).get_rest_api(call.params["restApiId"])
            if any(stage.deployment_id == deployment.id for stage in api.stages.values()):
                raise openapi.refused("Active stages pointing to this deployment must be moved or deleted")
            del api.deployments[deployment.id]
            self._state(call).deployed.pop((api.id, deployment.id), None)

    def import_rest_api(self, call: Call) -> Item:
        document = openapi.read(_bytes(call.params["body"]))
        endpoint = call.params.get("parameters", {}).get("endpointConfigurationTypes")
        with self.lock, _in_our_words():
            backend = _backend(call)
            api = backend.create_rest_api(
                openapi.title(document),
                str((document.get("info") or {}).get("description", "")),
                **_imported_settings(document, endpoint),
            )
            try:
                _import(backend, api, document)
            except (AwsError, JsonRESTError):
                backend.delete_rest_api(api.id)
                raise
            return _shown(api)

    def put_rest_api(self, call: Call) -> Item:
        document = openapi.read(_bytes(call.params["body"]))
        with self.lock, _in_our_words():
            backend = _backend(call)
            api = backend.get_rest_api(call.params["restApiId"])
            if call.params.get("mode", "merge") == "overwrite":
                _clear(api)
            _import(backend, api, document)
            return _shown(api)

    def _state(self, call: Call) -> State:
        return self.states.setdefault((call.account, call.region), State())

    def delete_rest_api(self, call: Call) -> None:
        api_id = call.params["restApiId"]
        with self.lock, _in_our_words():
            _backend(call).get_rest_api(api_id)
            _backend(call).delete_rest_api(api_id)
            deployed = self._state(call).deployed
            for key in [key for key in deployed if key[0] == api_id]:
                del deployed[key]


def _deployment(call: Call) -> Deployment:
    api = _backend(call).get_rest_api(call.params["restApiId"])
    if call.params["deploymentId"] not in api.deployments:
        raise AwsError("NotFoundException", "Invalid Deployment identifier specified")
    return api.deployments[call.params["deploymentId"]]


def _backend(call: Call) -> APIGatewayBackend:
    return apigateway_backends[call.account][call.region]


@contextlib.contextmanager
def _in_our_words() -> Iterator[None]:
    """moto's refusals as this sandbox's."""
    try:
        yield
    except JsonRESTError as refusal:
        raise AwsError(refusal.error_type, refusal.message) from refusal


def _shown(api: RestAPI) -> Item:
    return _present(api.to_dict())


def _present(shown: Item) -> Item:
    """What is there of an object that moto shows."""
    return {name: value for name, value in shown.items() if value is not None}


def _routes(api: RestAPI) -> Iterator[Route]:
    for resource in api.resources.values():
        for name, method in resource.resource_methods.items():
            integration = method.method_integration.to_json() if method.method_integration else None
            settings = {
                "authorization": method.authorization_type or "NONE",
                "key_required": method.api_key_required,
                "resource_id": resource.id,
            }
            yield Route(name, resource.get_path(), integration, settings)


def _imported_settings(document: openapi.Document, endpoint: str | None) -> dict[str, Any]:
    settings: dict[str, Any] = {"tags": openapi.tags(document) or None}
    return settings | ({"endpoint_configuration": {"types": [endpoint]}} if endpoint else {})


def _clear(api: RestAPI) -> None:
    root = api.resources[api.root_resource_id]
    root.resource_methods.clear()
    api.resources = {root.id: root}


def _import(backend: APIGatewayBackend, api: RestAPI, document: openapi.Document) -> None:
    info = document.get("info") or {}
    api.name = openapi.title(document)
    api.description = str(info.get("description", api.description or ""))
    if BINARY_TYPES in document:
        api.binaryMediaTypes = list(document[BINARY_TYPES])
    for path in document.get("paths") or {}:
        _resource(api, path)
    for operation in openapi.operations(document):
        _import_operation(backend, api, operation)


def _resource(api: RestAPI, path: str) -> Resource:
    """The resource of a path, made with all above it where they are missing."""
    resource = api.resources[api.root_resource_id]
    for part in [part for part in path.split("/") if part]:
        children = (one for one in api.resources.values() if one.parent_id == resource.id)
        found = next((one for one in children if one.path_part == part), None)
        resource = found or api.add_child(part, resource.id)
    return resource


def _import_operation(backend: APIGatewayBackend, api: RestAPI, operation: openapi.Operation) -> None:
    resource = _resource(api, operation.path)
    method, details = operation.method, operation.details
    if details.get("security"):
        raise openapi.refused("This sandbox has no authorizers for REST APIs.")
    backend.put_method(api.id, resource.id, method, "NONE", operation_name=details.get("operationId"))
    for status in details.get("responses") or {}:
        backend.put_method_response(api.id, resource.id, method, str(status), None, None)
    integration = operation.integration
    if integration is None:
        return
    kind = str(integration.get("type", "")).upper()
    backend.put_integration(
        api.id,
        resource.id,
        method,
        integration_type="HTTP_PROXY" if kind == "HTTP_PROXY" else kind,
        uri=str(integration.get("uri", "")),
        integration_method=str(integration.get("httpMethod", "")),
        credentials=integration.get("credentials"),
        request_templates=integration.get("requestTemplates"),
        passthrough_behavior=str(integration.get("passthroughBehavior", "when_no_match")).upper(),
        timeout_in_millis=integration.get("timeoutInMillis"),
        request_parameters=integration.get("requestParameters"),
        content_handling=integration.get("contentHandling"),
    )
    for pattern, response in (integration.get("responses") or {}).items():
        _import_response(backend, (api.id, resource.id, method), str(pattern), response)


def _import_response(
    backend: APIGatewayBackend, of: tuple[str, str, str], pattern: str, response: Mapping[str, Any]
) -> None:
    backend.put_integration_response(
        *of,
        status_code=str(response.get("statusCode", 200)),
        selection_pattern="" if pattern == "default" else pattern,
        response_templates=response.get("responseTemplates") or {},
        response_parameters=response.get("responseParameters") or {},
        content_handling=response.get("contentHandling"),
    )


def _bytes(body: Any) -> bytes:
    return body if isinstance(body, bytes) else bytes(body.read())
