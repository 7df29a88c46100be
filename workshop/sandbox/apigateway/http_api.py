"""HTTP APIs: their control plane (API Gateway version 2).

https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/api-reference.html
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from workshop.sandbox.apigateway import design, openapi, parts
from workshop.sandbox.apigateway.routes import DEFAULT
from workshop.sandbox.apigateway.state import HttpApi, Item, State
from workshop.sandbox.call import AwsError, Call
from workshop.sandbox.snapshot.kept import Kept

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

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


class ApiGatewayV2:
    """Amazon API Gateway's HTTP APIs.  WebSockets, authorizers, domains and VPC links are not here."""

    name: ClassVar[str] = "apigatewayv2"
    complete: ClassVar[bool] = True

    def __init__(self, sandbox: Sandbox) -> None:
        self._address_of = sandbox.settings.address_of
        self.states: dict[tuple[str, str], State] = {}
        self.lock = threading.RLock()

    @property
    def kept(self) -> Kept:
        """What of it is saved."""
        return Kept(self.states, lambda _: [self.lock])

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
        api = self._new(params["Name"], params)
        if "Target" in params:
            design.quick_create(call, api)
        return self._shown(self._kept(call, api))

    def import_api(self, call: Call) -> Item:
        document = openapi.read(call.params["Body"])
        api = self._new(openapi.title(document), {})
        design.import_document(api, document)
        return self._shown(self._kept(call, api))

    def reimport_api(self, call: Call) -> Item:
        document = openapi.read(call.params["Body"])
        api = self._api(call)
        with self.lock:
            before = dict(api.routes), dict(api.integrations)
            api.routes.clear()
            api.integrations.clear()
            try:
                design.import_document(api, document)
            except AwsError:
                api.routes, api.integrations = before
                raise
        return self._shown(api)

    def get_api(self, call: Call) -> Item:
        return self._shown(self._api(call))

    def get_apis(self, call: Call) -> Item:
        with self.lock:
            apis = list(self._state(call).apis.values())
        return parts.page(call, [self._shown(api) for api in apis])

    def update_api(self, call: Call) -> Item:
        api = self._api(call)
        with self.lock:
            api.settings |= {name: call.params[name] for name in API_MEMBERS if name in call.params}
            if "Target" in call.params or "RouteKey" in call.params:
                design.requick(api, call.params)
        return self._shown(api)

    def delete_api(self, call: Call) -> None:
        api = self._api(call)
        with self.lock:
            del self._state(call).apis[api.id]

    def delete_cors_configuration(self, call: Call) -> None:
        self._api(call).settings.pop("CorsConfiguration", None)

    def create_integration(self, call: Call) -> Item:
        api = self._api(call)
        item = parts.integration(call.params)
        item["IntegrationId"] = parts.new_id(parts.SHORT)
        with self.lock:
            api.integrations[item["IntegrationId"]] = item
        return item

    def update_integration(self, call: Call) -> Item:
        api, item = self._api(call), self.get_integration(call)
        with self.lock:
            item |= parts.integration({**item, **parts.given(call)})
            design.changed(api)
        return item

    def get_integration(self, call: Call) -> Item:
        return parts.found(self._api(call).integrations, "Integration", call.params["IntegrationId"])

    def get_integrations(self, call: Call) -> Item:
        return parts.page(call, list(self._api(call).integrations.values()))

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
            item = parts.route(api, call.params)
            item["RouteId"] = parts.new_id(parts.SHORT)
            api.routes[item["RouteId"]] = item
            design.changed(api)
        return item

    def update_route(self, call: Call) -> Item:
        api, item = self._api(call), self.get_route(call)
        with self.lock:
            item |= parts.route(api, {**item, **parts.given(call)}, but=item["RouteId"])
            design.changed(api)
        return item

    def get_route(self, call: Call) -> Item:
        return parts.found(self._api(call).routes, "Route", call.params["RouteId"])

    def get_routes(self, call: Call) -> Item:
        return parts.page(call, list(self._api(call).routes.values()))

    def delete_route(self, call: Call) -> None:
        api, item = self._api(call), self.get_route(call)
        with self.lock:
            del api.routes[item["RouteId"]]
            design.changed(api)

    def create_stage(self, call: Call) -> Item:
        api, name = self._api(call), call.params["StageName"]
        if name in api.stages:
            raise AwsError("ConflictException", f"Stage already exists: {name}")
        if name != DEFAULT and not all(letter.isalnum() or letter in "-_" for letter in name):
            raise openapi.refused("Stage name only allows a-zA-Z0-9_- characters")
        with self.lock:
            item = parts.stage({"StageName": name}, call)
            self._check_deployment(api, item)
            api.stages[name] = item
            if item["AutoDeploy"]:
                design.deploy(api, [item], automatic=True)
        return item

    def update_stage(self, call: Call) -> Item:
        api, item = self._api(call), self.get_stage(call)
        with self.lock:
            changed = parts.stage(dict(item), call)
            self._check_deployment(api, changed)
            item |= changed
            if item["AutoDeploy"]:
                design.deploy(api, [item], automatic=True)
        return item

    def get_stage(self, call: Call) -> Item:
        return parts.found(self._api(call).stages, "Stage", call.params["StageName"])

    def get_stages(self, call: Call) -> Item:
        return parts.page(call, list(self._api(call).stages.values()))

    def delete_stage(self, call: Call) -> None:
        self.get_stage(call)
        del self._api(call).stages[call.params["StageName"]]

    def create_deployment(self, call: Call) -> Item:
        api = self._api(call)
        stages = []
        if "StageName" in call.params:
            stages = [parts.found(api.stages, "Stage", call.params["StageName"])]
        with self.lock:
            if not api.routes:
                raise openapi.refused("At least one route is required before deploying the Api.")
            return design.deploy(api, stages, description=call.params.get("Description", ""))

    def get_deployment(self, call: Call) -> Item:
        return parts.found(self._api(call).deployments, "Deployment", call.params["DeploymentId"])

    def get_deployments(self, call: Call) -> Item:
        return parts.page(call, list(self._api(call).deployments.values()))

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

    def _new(self, name: str, params: Mapping[str, Any]) -> HttpApi:
        settings: Item = {
            "ApiKeySelectionExpression": "$request.header.x-api-key",
            "RouteSelectionExpression": "$request.method $request.path",
            "DisableExecuteApiEndpoint": False,
            "IpAddressType": "ipv4",
            **{member: params[member] for member in API_MEMBERS if member in params},
            "Name": name,
            "ProtocolType": "HTTP",
            "CreatedDate": parts.now(),
            "Tags": dict(params.get("Tags", {})),
        }
        return HttpApi(parts.new_id(parts.LONG), settings)

    def _kept(self, call: Call, api: HttpApi) -> HttpApi:
        with self.lock:
            self._state(call).apis[api.id] = api
        return api

    def _shown(self, api: HttpApi) -> Item:
        endpoint = self._address_of(f"{api.id}.execute-api")
        return {**api.settings, "ApiId": api.id, "ApiEndpoint": endpoint}

    def _check_deployment(self, api: HttpApi, stage: Item) -> None:
        if "DeploymentId" in stage:
            parts.found(api.deployments, "Deployment", stage["DeploymentId"])

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
