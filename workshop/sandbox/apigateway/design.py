"""What is done to a whole HTTP API: importing a document, deploying it, quick creation."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from workshop.sandbox.apigateway import openapi, parts
from workshop.sandbox.apigateway.parts import SHORT
from workshop.sandbox.apigateway.routes import DEFAULT, Route
from workshop.sandbox.apigateway.state import HttpApi, Item
from workshop.sandbox.call import Call

AUTOMATIC = "Automatic deployment triggered by changes to the Api configuration"


def quick_create(call: Call, api: HttpApi) -> None:
    """An API with one route to `Target`, and a stage that deploys itself."""
    params = call.params
    integration = parts.integration(
        {
            "IntegrationType": "AWS_PROXY" if params["Target"].startswith("arn:") else "HTTP_PROXY",
            "IntegrationUri": params["Target"],
            "PayloadFormatVersion": "2.0",
            **({"CredentialsArn": params["CredentialsArn"]} if "CredentialsArn" in params else {}),
        }
    )
    managed = {"ApiGatewayManaged": True}
    number = parts.new_id(SHORT)
    api.integrations[number] = {**integration, **managed, "IntegrationId": number}
    target = {"RouteKey": params.get("RouteKey", DEFAULT), "Target": f"integrations/{number}"}
    route = parts.route(api, target)
    route |= {**managed, "RouteId": parts.new_id(SHORT)}
    api.routes[route["RouteId"]] = route
    stage = api.stages[DEFAULT] = parts.stage({"StageName": DEFAULT, **managed, "AutoDeploy": True}, call)
    deploy(api, [stage], automatic=True)


def requick(api: HttpApi, params: Mapping[str, Any]) -> None:
    """Point the quick-created route elsewhere, or give it another key."""
    for integration in api.integrations.values():
        if integration.get("ApiGatewayManaged") and "Target" in params:
            integration["IntegrationUri"] = params["Target"]
    for route in api.routes.values():
        if route.get("ApiGatewayManaged") and "RouteKey" in params:
            route |= parts.route(api, {**route, "RouteKey": params["RouteKey"]}, but=route["RouteId"])
    changed(api)


def import_document(api: HttpApi, document: openapi.Document) -> None:
    """Add a document's routes and settings; AwsError for what cannot be had here."""
    info = document.get("info") or {}
    api.settings["Name"] = openapi.title(document)
    api.settings |= {"Version": str(info["version"])} if "version" in info else {}
    api.settings |= {"Description": str(info["description"])} if "description" in info else {}
    if (rules := openapi.cors(document)) is not None:
        api.settings["CorsConfiguration"] = rules
    api.settings["Tags"] |= openapi.tags(document)
    for operation in openapi.operations(document):
        _import_operation(api, operation)
    changed(api)


def _import_operation(api: HttpApi, operation: openapi.Operation) -> None:
    if operation.details.get("security"):
        raise openapi.refused("This sandbox has no authorizers for HTTP APIs.")
    # SAM writes it without the slash, exports have one.
    default = operation.path.lstrip("/") == DEFAULT
    key = DEFAULT if default else f"{operation.method} {operation.path}"
    route: Item = {"RouteKey": key}
    if "operationId" in operation.details:
        route["OperationName"] = operation.details["operationId"]
    if operation.integration is not None:
        number = parts.new_id(SHORT)
        imported = parts.imported(operation.integration)
        api.integrations[number] = {**parts.integration(imported), "IntegrationId": number}
        route["Target"] = f"integrations/{number}"
    item = parts.route(api, route)
    item["RouteId"] = parts.new_id(SHORT)
    api.routes[item["RouteId"]] = item


def changed(api: HttpApi) -> None:
    """Stages that deploy themselves now serve what is there."""
    stages = [stage for stage in api.stages.values() if stage.get("AutoDeploy")]
    if stages:
        deploy(api, stages, automatic=True)


def deploy(api: HttpApi, stages: Iterable[Item], *, automatic: bool = False, description: str = "") -> Item:
    """Keep the routes as they are now, and let these stages serve them."""
    number = parts.new_id(SHORT - 1)
    item: Item = {
        "AutoDeployed": automatic,
        "CreatedDate": parts.now(),
        "DeploymentId": number,
        "DeploymentStatus": "DEPLOYED",
        "Description": AUTOMATIC if automatic else description,
    }
    api.deployments[number] = item
    api.served[number] = tuple(_served(api))
    for stage in stages:
        stage |= {
            "DeploymentId": number,
            "LastUpdatedDate": parts.now(),
            "LastDeploymentStatusMessage": f"Successfully deployed stage with deployment ID '{number}'",
        }
    _forget(api)
    return item


def _forget(api: HttpApi) -> None:
    """Drop automatic deployments that no stage serves any more."""
    used = {stage.get("DeploymentId") for stage in api.stages.values()}
    for number, item in list(api.deployments.items()):
        if item["AutoDeployed"] and number not in used:
            del api.deployments[number]
            del api.served[number]


def _served(api: HttpApi) -> Iterable[Route]:
    for item in api.routes.values():
        method, _, path = item["RouteKey"].rpartition(" ")
        integration = api.integrations.get(item.get("Target", "").removeprefix("integrations/"))
        frozen = dict(integration) if integration else None
        yield Route(method or "ANY", path, frozen, {"authorization": item["AuthorizationType"]})
