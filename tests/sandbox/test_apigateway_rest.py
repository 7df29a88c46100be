"""REST APIs: imported or built by hand, deployed to stages, answered by functions.

Formats and failures verified against AWS's "Lambda proxy integrations in API Gateway".
"""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.conftest import Account
from tests.sandbox.functions import ECHO, Reply, function, let_apis_invoke, request

BROKEN = "export const handler = async () => ({ nothing: 'of use' });"
PICTURE = (
    "export const handler = async (e) => ({ statusCode: 200, isBase64Encoded: true, "
    "headers: { 'Content-Type': 'image/png' }, body: 'AAEC', sent: e.isBase64Encoded })"
)


class Api:
    """What SAM makes of Api events on `/` and `/{proxy+}`: a Swagger 2.0 document, deployed to a stage."""

    def __init__(self, account: Account, source: str = ECHO, document: Any = None) -> None:
        self.account = account
        self.client = account.client("apigateway")
        arn = function(account, {"index.mjs": source}, Timeout=10)
        self.uri = f"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{arn}/invocations"
        integration = {"httpMethod": "POST", "type": "aws_proxy", "uri": self.uri}
        operation = {"x-amazon-apigateway-integration": integration, "responses": {}}
        body = {
            "swagger": "2.0",
            "info": {"title": "a", "version": "1.0"},
            "paths": {path: {"x-amazon-apigateway-any-method": operation} for path in ("/", "/{proxy+}")},
        }
        self.id = self.client.import_rest_api(body=json.dumps(body | (document or {})).encode())["id"]
        self.deployment = self.client.create_deployment(restApiId=self.id, stageName="Stage")["id"]
        self.client.create_stage(restApiId=self.id, stageName="Prod", deploymentId=self.deployment)
        let_apis_invoke(account)

    def get(self, path: str, method: str = "GET", headers: Any = None, body: bytes = b"") -> Reply:
        return request(self.account, f"{self.id}.execute-api.localhost", path, method, headers, body)


def test_an_imported_api_answers_in_its_stage(account: Account) -> None:
    headers = [("X-Two", "a"), ("X-Two", "b")]
    event = Api(account).get("/Prod/a%20b?q=1&q=2", "POST", headers, b"{}").json
    assert (event["resource"], event["path"], event["httpMethod"]) == ("/{proxy+}", "/a%20b", "POST")
    assert (event["headers"]["X-Two"], event["multiValueHeaders"]["X-Two"]) == ("b", ["a", "b"])
    assert event["multiValueQueryStringParameters"] == {"q": ["1", "2"]}
    assert event["requestContext"]["path"] == "/Prod/a%20b"
    assert event["requestContext"]["stage"] == "Prod"
    assert (event["body"], event["isBase64Encoded"]) == ("{}", False)


@pytest.mark.parametrize("path", ["/Prod", "/Prod/"])
def test_the_root_answers_with_and_without_a_slash(account: Account, path: str) -> None:
    event = Api(account).get(path).json
    assert (event["resource"], event["pathParameters"], event["stageVariables"]) == ("/", None, None)


def test_unknown_paths_and_stages_are_refused_in_aws_words(account: Account) -> None:
    api = Api(account)
    api.client.delete_resource(restApiId=api.id, resourceId=_resource(api, "/{proxy+}"))
    api.client.create_deployment(restApiId=api.id, stageName="Prod")
    assert api.get("/Prod/x").json == {"message": "Missing Authentication Token"}
    assert api.get("/Nope/x").json == {"message": "Forbidden"}
    assert (api.get("/Prod/x").status, api.get("/Nope/x").status) == (403, 403)


def test_a_malformed_response_is_a_502(account: Account) -> None:
    reply = Api(account, BROKEN).get("/Prod")
    assert (reply.status, reply.json) == (502, {"message": "Internal server error"})


def test_no_permission_is_a_500(account: Account) -> None:
    api = Api(account)
    policy = json.loads(account.client("lambda").get_policy(FunctionName="f")["Policy"])
    account.client("lambda").remove_permission(FunctionName="f", StatementId=policy["Statement"][0]["Sid"])
    reply = api.get("/Prod")
    assert (reply.status, reply.json) == (500, {"message": "Internal server error"})


def test_bodies_are_binary_only_where_the_api_says_so(account: Account) -> None:
    api = Api(account, PICTURE, {"x-amazon-apigateway-binary-media-types": ["image/png"]})
    assert api.get("/Prod", headers=[("Accept", "image/png,*/*")]).body == b"\x00\x01\x02"
    assert api.get("/Prod", headers=[("Accept", "text/html")]).body == b"AAEC"


def test_a_binary_request_comes_in_base64(account: Account) -> None:
    api = Api(account, document={"x-amazon-apigateway-binary-media-types": ["*/*"]})
    event = api.get("/Prod", "POST", [("Content-Type", "image/png")], b"\x00\x01").json
    assert (event["isBase64Encoded"], base64.b64decode(event["body"])) == (True, b"\x00\x01")


def test_a_stage_serves_its_deployment_and_not_what_is_being_edited(account: Account) -> None:
    api = Api(account)
    root = _resource(api, "/")
    api.client.delete_method(restApiId=api.id, resourceId=root, httpMethod="ANY")
    assert api.get("/Prod").status == 200
    newer = api.client.create_deployment(restApiId=api.id)["id"]
    patch = [{"op": "replace", "path": "/deploymentId", "value": newer}]
    api.client.update_stage(restApiId=api.id, stageName="Prod", patchOperations=patch)
    assert api.get("/Prod").status == 403
    assert api.get("/Stage").status == 200


def test_an_api_built_by_hand_answers(account: Account) -> None:
    arn = function(account, {"index.mjs": ECHO})
    let_apis_invoke(account)
    client = account.client("apigateway")
    api = client.create_rest_api(name="by hand")
    pets = client.create_resource(restApiId=api["id"], parentId=api["rootResourceId"], pathPart="pets")["id"]
    pet = client.create_resource(restApiId=api["id"], parentId=pets, pathPart="{id}")["id"]
    at = {"restApiId": api["id"], "resourceId": pet, "httpMethod": "GET"}
    client.put_method(**at, authorizationType="NONE")
    uri = f"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{arn}/invocations"
    client.put_integration(**at, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)
    client.create_deployment(restApiId=api["id"], stageName="v1", variables={"colour": "blue"})
    event = request(account, f"{api['id']}.execute-api.localhost", "/v1/pets/7").json
    assert event["pathParameters"] == {"id": "7"}
    assert event["stageVariables"] == {"colour": "blue"}


def test_a_mock_answers_preflight_requests(account: Account) -> None:
    mock = {
        "type": "mock",
        "requestTemplates": {"application/json": '{"statusCode": 200}'},
        "responses": {
            "default": {
                "statusCode": "200",
                "responseParameters": {"method.response.header.Access-Control-Allow-Origin": "'*'"},
                "responseTemplates": {"application/json": "{}"},
            }
        },
    }
    operation = {"x-amazon-apigateway-integration": mock, "responses": {"200": {"description": "ok"}}}
    reply = Api(account, document={"paths": {"/": {"options": operation}}}).get("/Prod", "OPTIONS")
    assert (reply.status, reply.headers["access-control-allow-origin"]) == (200, ["*"])


def test_methods_that_ask_who_calls_are_closed(account: Account) -> None:
    api = Api(account)
    root = _resource(api, "/")
    api.client.delete_method(restApiId=api.id, resourceId=root, httpMethod="ANY")
    at = {"restApiId": api.id, "resourceId": root, "httpMethod": "GET"}
    api.client.put_method(**at, authorizationType="AWS_IAM")
    api.client.put_integration(**at, type="AWS_PROXY", integrationHttpMethod="POST", uri=api.uri)
    api.client.create_deployment(restApiId=api.id, stageName="Prod")
    assert api.get("/Prod").status == 403


def test_a_deployment_in_use_cannot_be_deleted(account: Account) -> None:
    api = Api(account)
    with pytest.raises(api.client.exceptions.BadRequestException, match="Active stages pointing"):
        api.client.delete_deployment(restApiId=api.id, deploymentId=api.deployment)


def _resource(api: Api, path: str) -> str:
    items = api.client.get_resources(restApiId=api.id)["items"]
    found: str = next(item["id"] for item in items if item["path"] == path)
    return found
