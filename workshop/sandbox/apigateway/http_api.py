"""HTTP APIs: their control plane (API Gateway version 2).

https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/api-reference.html
"""

from __future__ import annotations

import secrets
import string
import threading
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from workshop.sandbox.apigateway import openapi
from workshop.sandbox.apigateway.routes import DEFAULT, Route
from workshop.sandbox.apigateway.state import HttpApi, Item, State
from workshop.sandbox.call import AwsError, Call

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

SHORT, LONG = 7, 10
LETTERS = string.ascii_lowercase + string.digits
API_MEMBERS = (
    "ApiKeySelectionExpression",
    "CorsConfiguration",
    "Description",
    "DisableExecuteApiEndpoint",
    "Name",
    "RouteSelectionExpression",
    "Version",
    "IpAddressType",
)
STAGE_MEMBERS = (
    "AccessLogSettings",
    "AutoDeploy",
    "DefaultRouteSettings",
    "DeploymentId",
    "Description",
    "RouteSettings",
    "StageVariables",
    "Tags",
)
AUTOMATIC = "Automatic deployment triggered by changes to the Api configuration"
AUTHORIZATIONS = ("NONE", "AWS_IAM")
METHODS = ("ANY", "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
MILLIS = (50, 30_000)


class ApiGatewayV2:
    """Amazon API Gateway's HTTP APIs.  WebSockets, authorizers, domains and VPC links are not here."""

    name: ClassVar[str] = "apigatewayv2"
    complete: ClassVar[bool] = True

    def __init__(self, sandbox: Sandbox) -> None:
        self._port = sandbox.settings.port
        self.states: dict[tuple[str, str], State] = {}
        self.lock = threading.RLock()

    def owner(self, api_id: str) -> tuple[str, str, HttpApi] | None:
        """Account, region and API of an id, of whatever account."""
        with self.lock:
            for (account, region), state in self.states.items():
                if api_id in state.apis:
                    return account, region, state.apis[api_id]
        return None

    def create_api(self, call: Call) -> Item:
        params = call.params
        if params["ProtocolType"] != "HTTP":
            raise openapi.refused("This sandbox has HTTP APIs; it has no WebSocket APIs.")
        api = self._new(call, params["Name"], params)
        if "Target" in params:
            self._quick_create(call, api)
        return self._shown(api)

    def import_api(self, call: Call) -> Item:
        document = openapi.read(call.params["Body"])
        api = self._new(call, openapi.title(document), {})
        try:
            self._import(api, document)
        except AwsError:
            del self._state(call).apis[api.id]
            raise
        return self._shown(api)

    def reimport_api(self, call: Call) -> Item:
        document = openapi.read(call.params["Body"])
        api = self._api(call)
        with self.lock:
            before = dict(api.routes), dict(api.integrations)
            api.routes.clear()
            api.integrations.clear()
            try:
                self._import(api, document)
            except AwsError:
                api.routes, api.integrations = before
                raise
        return self._shown(api)

    def get_api(self, call: Call) -> Item:
        return self._shown(self._api(call))

    def get_apis(self, call: Call) -> Item:
        with self.lock:
            apis = list(self._state(call).apis.values())
        return _page(call, [self._shown(api) for api in apis])

    def update_api(self, call: Call) -> Item:
        api = self._api(call)
        api.settings |= {name: call.params[name] for name in API_MEMBERS if name in call.params}
        if "Target" in call.params or "RouteKey" in call.params:
            self._requick(api, call.params)
        return self._shown(api)

    def delete_api(self, call: Call) -> None:
        api = self._api(call)
        with self.lock:
            del self._state(call).apis[api.id]

    def delete_cors_configuration(self, call: Call) -> None:
        self._api(call).settings.pop("CorsConfiguration", None)

    def create_integration(self, call: Call) -> Item:
        api = self._api(call)
        item = _integration(call.params)
        item["IntegrationId"] = _new_id(SHORT)
        with self.lock:
            api.integrations[item["IntegrationId"]] = item
        return item

    def update_integration(self, call: Call) -> Item:
        api, item = self._api(call), self.get_integration(call)
        with self.lock:
            item |= _integration({**item, **_given(call)})
            self._changed(api)
        return item

    def get_integration(self, call: Call) -> Item:
        return _found(self._api(call).integrations, "Integration", call.params["IntegrationId"])

    def get_integrations(self, call: Call) -> Item:
        return _page(call, list(self._api(call).integrations.values()))

    def delete_integration(self, call: Call) -> None:
        api, item = self._api(call), self.get_integration(call)
        target = f"integrations/{item['IntegrationId']}"
        if any(route.get("Target") == target for route in api.routes.values()):
            raise AwsError(
                "ConflictException",
                f"Unable to delete Integration {item['IntegrationId']}: it is used by a route.",
            )
        with self.lock:
            del api.integrations[item["IntegrationId"]]

    def create_route(self, call: Call) -> Item:
        api = self._api(call)
        with self.lock:
            item = _route(api, call.params)
            item["RouteId"] = _new_id(SHORT)
            api.routes[item["RouteId"]] = item
            self._changed(api)
        return item

    def update_route(self, call: Call) -> Item:
        api, item = self._api(call), self.get_route(call)
        with self.lock:
            item |= _route(api, {**item, **_given(call)}, but=item["RouteId"])
            self._changed(api)
        return item

    def get_route(self, call: Call) -> Item:
        return _found(self._api(call).routes, "Route", call.params["RouteId"])

    def get_routes(self, call: Call) -> Item:
        return _page(call, list(self._api(call).routes.values()))

    def delete_route(self, call: Call) -> None:
        api, item = self._api(call), self.get_route(call)
        with self.lock:
            del api.routes[item["RouteId"]]
            self._changed(api)

    def create_stage(self, call: Call) -> Item:
        api, name = self._api(call), call.params["StageName"]
        if name in api.stages:
            raise AwsError("ConflictException", f"Stage already exists: {name}")
        if name != DEFAULT and not all(letter.isalnum() or letter in "-_" for letter in name):
            raise openapi.refused("Stage name only allows a-zA-Z0-9_- characters")
        with self.lock:
            item = _stage({"StageName": name}, call)
            self._check_deployment(api, item)
            api.stages[name] = item
            if item["AutoDeploy"]:
                self._deploy(api, [item], automatic=True)
        return item

    def update_stage(self, call: Call) -> Item:
        api, item = self._api(call), self.get_stage(call)
        with self.lock:
            changed = _stage(dict(item), call)
            self._check_deployment(api, changed)
            item |= changed
            if item["AutoDeploy"]:
                self._deploy(api, [item], automatic=True)
        return item

    def get_stage(self, call: Call) -> Item:
        return _found(self._api(call).stages, "Stage", call.params["StageName"])

    def get_stages(self, call: Call) -> Item:
        return _page(call, list(self._api(call).stages.values()))

    def delete_stage(self, call: Call) -> None:
        self.get_stage(call)
        del self._api(call).stages[call.params["StageName"]]

    def create_deployment(self, call: Call) -> Item:
        api = self._api(call)
        stages = []
        if "StageName" in call.params:
            stages = [_found(api.stages, "Stage", call.params["StageName"])]
        with self.lock:
            if not api.routes:
                raise openapi.refused("At least one route is required before deploying the Api.")
            return self._deploy(api, stages, description=call.params.get("Description", ""))

    def get_deployment(self, call: Call) -> Item:
        return _found(self._api(call).deployments, "Deployment", call.params["DeploymentId"])

    def get_deployments(self, call: Call) -> Item:
        return _page(call, list(self._api(call).deployments.values()))

    def delete_deployment(self, call: Call) -> None:
        api, item = self._api(call), self.get_deployment(call)
        if any(stage.get("DeploymentId") == item["DeploymentId"] for stage in api.stages.values()):
            raise openapi.refused("Active stages pointing to this deployment must be moved or deleted")
        with self.lock:
            del api.deployments[item["DeploymentId"]]
            api.served.pop(item["DeploymentId"], None)

    def get_tags(self, call: Call) -> Item:
        return {"Tags": dict(self._tagged(call))}

    def tag_resource(self, call: Call) -> Item:
        self._tagged(call).update(call.params["Tags"])
        return {}

    def untag_resource(self, call: Call) -> None:
        tags = self._tagged(call)
        for key in call.params["TagKeys"]:
            tags.pop(key, None)

    def _state(self, call: Call) -> State:
        with self.lock:
            return self.states.setdefault((call.account, call.region), State())

    def _api(self, call: Call) -> HttpApi:
        api_id = call.params["ApiId"]
        api = self._state(call).apis.get(api_id)
        if api is None:
            raise AwsError("NotFoundException", f"Invalid API identifier specified {call.account}:{api_id}")
        return api

    def _new(self, call: Call, name: str, params: Mapping[str, Any]) -> HttpApi:
        settings: Item = {
            "ApiKeySelectionExpression": "$request.header.x-api-key",
            "RouteSelectionExpression": "$request.method $request.path",
            "DisableExecuteApiEndpoint": False,
            "IpAddressType": "ipv4",
            **{member: params[member] for member in API_MEMBERS if member in params},
            "Name": name,
            "ProtocolType": "HTTP",
            "CreatedDate": _now(),
            "Tags": dict(params.get("Tags", {})),
        }
        api = HttpApi(_new_id(LONG), settings)
        with self.lock:
            self._state(call).apis[api.id] = api
        return api

    def _shown(self, api: HttpApi) -> Item:
        endpoint = f"http://{api.id}.execute-api.localhost:{self._port}"
        return {**api.settings, "ApiId": api.id, "ApiEndpoint": endpoint}

    def _quick_create(self, call: Call, api: HttpApi) -> None:
        """An API with one route to `Target`, and a stage that deploys itself."""
        params = call.params
        integration = _integration(
            {
                "IntegrationType": "AWS_PROXY" if params["Target"].startswith("arn:") else "HTTP_PROXY",
                "IntegrationUri": params["Target"],
                "PayloadFormatVersion": "2.0",
                **({"CredentialsArn": params["CredentialsArn"]} if "CredentialsArn" in params else {}),
            }
        )
        managed = {"ApiGatewayManaged": True}
        with self.lock:
            number = _new_id(SHORT)
            api.integrations[number] = {**integration, **managed, "IntegrationId": number}
            target = {"RouteKey": params.get("RouteKey", DEFAULT), "Target": f"integrations/{number}"}
            route = _route(api, target)
            route |= {**managed, "RouteId": _new_id(SHORT)}
            api.routes[route["RouteId"]] = route
            stage = api.stages[DEFAULT] = _stage({"StageName": DEFAULT, **managed, "AutoDeploy": True}, call)
            self._deploy(api, [stage], automatic=True)

    def _requick(self, api: HttpApi, params: Mapping[str, Any]) -> None:
        with self.lock:
            for integration in api.integrations.values():
                if integration.get("ApiGatewayManaged") and "Target" in params:
                    integration["IntegrationUri"] = params["Target"]
            for route in api.routes.values():
                if route.get("ApiGatewayManaged") and "RouteKey" in params:
                    route |= _route(api, {**route, "RouteKey": params["RouteKey"]}, but=route["RouteId"])
            self._changed(api)

    def _import(self, api: HttpApi, document: openapi.Document) -> None:
        with self.lock:
            info = document.get("info") or {}
            api.settings["Name"] = openapi.title(document)
            api.settings |= {"Version": str(info["version"])} if "version" in info else {}
            api.settings |= {"Description": str(info["description"])} if "description" in info else {}
            if (rules := openapi.cors(document)) is not None:
                api.settings["CorsConfiguration"] = rules
            api.settings["Tags"] |= openapi.tags(document)
            for operation in openapi.operations(document):
                self._import_operation(api, operation)
            self._changed(api)

    def _import_operation(self, api: HttpApi, operation: openapi.Operation) -> None:
        if operation.details.get("security"):
            raise openapi.refused("This sandbox has no authorizers for HTTP APIs.")
        # SAM writes it without the slash, exports have one.
        default = operation.path.lstrip("/") == DEFAULT
        key = DEFAULT if default else f"{operation.method} {operation.path}"
        route: Item = {"RouteKey": key}
        if "operationId" in operation.details:
            route["OperationName"] = operation.details["operationId"]
        if operation.integration is not None:
            number = _new_id(SHORT)
            imported = _imported(operation.integration)
            api.integrations[number] = {**_integration(imported), "IntegrationId": number}
            route["Target"] = f"integrations/{number}"
        item = _route(api, route)
        item["RouteId"] = _new_id(SHORT)
        api.routes[item["RouteId"]] = item

    def _changed(self, api: HttpApi) -> None:
        """Stages that deploy themselves now serve what is there."""
        stages = [stage for stage in api.stages.values() if stage.get("AutoDeploy")]
        if stages:
            self._deploy(api, stages, automatic=True)

    def _deploy(
        self, api: HttpApi, stages: Iterable[Item], *, automatic: bool = False, description: str = ""
    ) -> Item:
        number = _new_id(SHORT - 1)
        item: Item = {
            "AutoDeployed": automatic,
            "CreatedDate": _now(),
            "DeploymentId": number,
            "DeploymentStatus": "DEPLOYED",
            "Description": AUTOMATIC if automatic else description,
        }
        api.deployments[number] = item
        api.served[number] = tuple(_served(api))
        for stage in stages:
            stage |= {
                "DeploymentId": number,
                "LastUpdatedDate": _now(),
                "LastDeploymentStatusMessage": f"Successfully deployed stage with deployment ID '{number}'",
            }
        self._forget(api)
        return item

    def _forget(self, api: HttpApi) -> None:
        """Drop automatic deployments that no stage serves any more."""
        used = {stage.get("DeploymentId") for stage in api.stages.values()}
        for number, item in list(api.deployments.items()):
            if item["AutoDeployed"] and number not in used:
                del api.deployments[number]
                del api.served[number]

    def _check_deployment(self, api: HttpApi, stage: Item) -> None:
        if "DeploymentId" in stage:
            _found(api.deployments, "Deployment", stage["DeploymentId"])

    def _tagged(self, call: Call) -> dict[str, str]:
        parts = call.params["ResourceArn"].split("/")
        state = self._state(call)
        if len(parts) < 3 or parts[1] != "apis" or parts[2] not in state.apis:
            raise AwsError(
                "NotFoundException", f"Invalid resource identifier specified {call.params['ResourceArn']}"
            )
        api = state.apis[parts[2]]
        holder = api.stages.get(parts[4], {}) if len(parts) > 4 else api.settings
        tags: dict[str, str] = holder.setdefault("Tags", {})
        return tags


def _served(api: HttpApi) -> Iterable[Route]:
    for item in api.routes.values():
        method, _, path = item["RouteKey"].rpartition(" ")
        integration = api.integrations.get(item.get("Target", "").removeprefix("integrations/"))
        frozen = dict(integration) if integration else None
        yield Route(method or "ANY", path, frozen, {"authorization": item["AuthorizationType"]})


def _integration(params: Mapping[str, Any]) -> Item:
    item = {name: value for name, value in params.items() if name not in ("ApiId", "IntegrationId")}
    if item["IntegrationType"] != "AWS_PROXY" or item.get("IntegrationSubtype"):
        raise openapi.refused(
            "This sandbox integrates HTTP APIs with Lambda functions (AWS_PROXY) only: what runs in it "
            "reaches nothing else."
        )
    if ":lambda:" not in item.get("IntegrationUri", ""):
        raise openapi.refused("Invalid function ARN or invalid uri")
    version = item.setdefault("PayloadFormatVersion", "1.0")
    if version not in ("1.0", "2.0"):
        raise openapi.refused("PayloadFormatVersion must be one of [1.0, 2.0]")
    millis = item.setdefault("TimeoutInMillis", MILLIS[1])
    if not MILLIS[0] <= millis <= MILLIS[1]:
        raise openapi.refused("Timeout should be between 50 ms and 30000 ms")
    item.setdefault("ConnectionType", "INTERNET")
    item.setdefault("IntegrationMethod", "POST")
    return item


def _imported(integration: openapi.Document) -> Item:
    """An integration of an OpenAPI document in the words of CreateIntegration."""
    words = {
        "uri": "IntegrationUri",
        "httpMethod": "IntegrationMethod",
        "payloadFormatVersion": "PayloadFormatVersion",
        "credentials": "CredentialsArn",
        "timeoutInMillis": "TimeoutInMillis",
        "connectionType": "ConnectionType",
        "requestParameters": "RequestParameters",
        "responseParameters": "ResponseParameters",
        "integrationSubtype": "IntegrationSubtype",
    }
    item: Item = {"IntegrationType": str(integration.get("type", "")).upper()}
    item |= {words[name]: value for name, value in integration.items() if name in words}
    if "PayloadFormatVersion" in item:
        item["PayloadFormatVersion"] = str(item["PayloadFormatVersion"])
    return item


def _route(api: HttpApi, params: Mapping[str, Any], but: str = "") -> Item:
    item = {name: value for name, value in params.items() if name not in ("ApiId", "RouteId")}
    key = item["RouteKey"]
    method, _, path = key.partition(" ")
    if key != DEFAULT and (method not in METHODS or not path.startswith("/")):
        raise openapi.refused("The provided route key is not formatted properly for HTTP protocol")
    if any(one["RouteKey"] == key and number != but for number, one in api.routes.items()):
        raise AwsError("ConflictException", f"Route with key {key} already exists for this API")
    if item.setdefault("AuthorizationType", "NONE") not in AUTHORIZATIONS:
        raise openapi.refused("This sandbox has no authorizers for HTTP APIs.")
    target = item.get("Target", "")
    if target and target.removeprefix("integrations/") not in api.integrations:
        raise openapi.refused(f"Invalid integration identifier specified: {target}")
    item.setdefault("ApiKeyRequired", False)
    return item


def _stage(item: Item, call: Call) -> Item:
    """A stage with what the call sets on it, if the call is about stages."""
    if call.operation in ("CreateStage", "UpdateStage"):
        item |= {name: call.params[name] for name in STAGE_MEMBERS if name in call.params}
    defaults: Item = {
        "AutoDeploy": False,
        "DefaultRouteSettings": {"DetailedMetricsEnabled": False},
        "RouteSettings": {},
        "StageVariables": {},
        "Tags": {},
        "CreatedDate": _now(),
    }
    return {**defaults, **item, "LastUpdatedDate": _now()}


def _given(call: Call) -> Item:
    return {name: value for name, value in call.params.items() if name != "ApiId"}


def _found(items: Mapping[str, Item], kind: str, number: str) -> Item:
    if number not in items:
        raise AwsError("NotFoundException", f"Invalid {kind} identifier specified {number}")
    return items[number]


def _page(call: Call, items: list[Item]) -> Item:
    start = int(call.params.get("NextToken") or 0)
    end = start + int(call.params.get("MaxResults") or 500)
    return {"Items": items[start:end], **({"NextToken": str(end)} if end < len(items) else {})}


def _new_id(length: int) -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(length))


def _now() -> datetime:
    return datetime.now(UTC)
