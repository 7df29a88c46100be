"""HTTP APIs: functions answer requests as they came, with what they return.

Event and response formats verified against AWS's "Create AWS Lambda proxy integrations for HTTP
APIs"; that paths come decoded, and the texts of failures, are as observed by others.
"""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Account
from tests.sandbox.functions import ECHO, Reply, function, let_apis_invoke, request


class Api:
    """A quick-created HTTP API in front of `f`."""

    def __init__(self, account: Account, source: str = ECHO, **settings: Any) -> None:
        self.account = account
        self.client = account.client("apigatewayv2")
        self.function = function(account, {"index.mjs": source}, Timeout=10)
        made = self.client.create_api(Name="a", ProtocolType="HTTP", Target=self.function, **settings)
        self.id, self.host = made["ApiId"], made["ApiEndpoint"].removeprefix("http://")
        let_apis_invoke(account)

    def get(self, path: str = "/", method: str = "GET", headers: Any = None, body: bytes = b"") -> Reply:
        return request(self.account, self.host, path, method, headers, body)


def answering(response: str) -> str:
    return f"export const handler = async (event) => ({response});"


def test_quick_create_serves_everything_by_one_function(account: Account) -> None:
    api = Api(account)
    event = api.get("/some/path", "PATCH").json
    assert (event["version"], event["routeKey"]) == ("2.0", "$default")
    assert event["requestContext"]["http"]["method"] == "PATCH"
    assert event["requestContext"]["accountId"] == account.id


def test_the_event_has_the_request_as_it_came(account: Account) -> None:
    headers = [("X-Two", "a"), ("X-Two", "b"), ("Cookie", "c=1; d=2"), ("User-Agent", "tester")]
    event = Api(account).get("/a%20b/%C3%A9?q=1&q=2&empty=&plus=a+b", headers=headers).json
    assert event["rawPath"] == "/a b/é"
    assert event["rawQueryString"] == "q=1&q=2&empty=&plus=a+b"
    assert event["queryStringParameters"] == {"q": "1,2", "empty": "", "plus": "a b"}
    assert event["headers"]["x-two"] == "a,b"
    assert event["cookies"] == ["c=1", "d=2"]
    assert "cookie" not in event["headers"]
    assert event["requestContext"]["http"]["userAgent"] == "tester"


BODIES = {
    "JSON": ("application/json; charset=utf-8", b'{"a": "\xc3\xa9"}', False),
    "text": ("text/csv", b"a,b", False),
    "problem": ("application/problem+json", b"{}", False),
    "form": ("application/x-www-form-urlencoded", b"a=1", True),
    "picture": ("image/png", b"\x89PNG\x00", True),
}


@pytest.mark.parametrize("kind", BODIES)
def test_bodies_come_as_text_or_in_base64(account: Account, kind: str) -> None:
    media_type, body, encoded = BODIES[kind]
    event = Api(account).get("/", "POST", [("Content-Type", media_type)], body).json
    assert event["isBase64Encoded"] is encoded
    found = base64.b64decode(event["body"]) if encoded else event["body"].encode()
    assert found == body


def test_absent_parts_are_left_out(account: Account) -> None:
    event = Api(account).get("/").json
    assert not {"body", "cookies", "queryStringParameters", "pathParameters", "stageVariables"} & event.keys()


RESPONSES: dict[str, tuple[str, int, str, bytes]] = {
    "text": ("{statusCode: 201, body: 'hi'}", 201, "text/plain; charset=utf-8", b"hi"),
    "own type": (
        "{statusCode: 200, headers: {'Content-Type': 'text/html'}, body: '<p>'}",
        200,
        "text/html",
        b"<p>",
    ),
    "an object only": ("{a: 1}", 200, "application/json", b'{"a":1}'),
    "a string only": ("'hello'", 200, "application/json", b"hello"),
    "binary": (
        "{statusCode: 200, isBase64Encoded: true, body: 'AAEC', headers: {'content-type': 'image/png'}}",
        200,
        "image/png",
        b"\x00\x01\x02",
    ),
    "empty": ("{statusCode: 204}", 204, "text/plain; charset=utf-8", b""),
}


@pytest.mark.parametrize("kind", RESPONSES)
def test_what_a_function_returns_is_the_answer(account: Account, kind: str) -> None:
    response, status, media_type, body = RESPONSES[kind]
    reply = Api(account, answering(response)).get()
    assert (reply.status, reply.headers["content-type"], reply.body) == (status, [media_type], body)


def test_cookies_are_set_one_by_one(account: Account) -> None:
    reply = Api(account, answering("{statusCode: 200, cookies: ['a=1; Path=/', 'b=2']}")).get()
    assert reply.headers["set-cookie"] == ["a=1; Path=/", "b=2"]


def test_head_has_no_body(account: Account) -> None:
    reply = Api(account, answering("{statusCode: 200, body: event.requestContext.http.method}")).get(
        "/", "HEAD"
    )
    assert (reply.status, reply.body) == (200, b"")


BROKEN = {
    "throws": "export const handler = async () => { throw new Error('x') }",
    "body is an object": answering("{statusCode: 200, body: {a: 1}}"),
    "status is a word": answering("{statusCode: 'fine'}"),
    "a header with a line break": answering("{statusCode: 200, headers: {'x-a': 'b\\r\\nset-cookie: c'}}"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_function_that_fails_is_an_internal_server_error(account: Account, kind: str) -> None:
    reply = Api(account, BROKEN[kind]).get()
    assert (reply.status, reply.json) == (500, {"message": "Internal Server Error"})


def test_an_api_needs_the_functions_permission(account: Account) -> None:
    api = Api(account)
    policy = json.loads(account.client("lambda").get_policy(FunctionName="f")["Policy"])
    account.client("lambda").remove_permission(FunctionName="f", StatementId=policy["Statement"][0]["Sid"])
    assert api.get().status == 500
    let_apis_invoke(account, "another-api/*")
    assert api.get().status == 500
    let_apis_invoke(account, f"{api.id}/*/$default")
    assert api.get().status == 200


def test_the_most_specific_route_answers(account: Account) -> None:
    api = Api(account, RouteKey="GET /nothing-yet")
    target = api.client.get_routes(ApiId=api.id)["Items"][0]["Target"]
    for key in ("GET /pets/{id}", "ANY /pets/{proxy+}", "GET /pets/7", "POST /pets/{id}/toys"):
        api.client.create_route(ApiId=api.id, RouteKey=key, Target=target)
    asked = {
        ("GET", "/pets/7"): "GET /pets/7",
        ("GET", "/pets/8"): "GET /pets/{id}",
        ("DELETE", "/pets/8"): "ANY /pets/{proxy+}",
        ("POST", "/pets/8/toys"): "POST /pets/{id}/toys",
        ("GET", "/pets/8/toys/1"): "ANY /pets/{proxy+}",
    }
    assert {at: api.get(at[1], at[0]).json["routeKey"] for at in asked} == asked
    assert api.get("/pets/8").json["pathParameters"] == {"id": "8"}
    unknown = api.get("/pets")
    assert (unknown.status, unknown.json) == (404, {"message": "Not Found"})


def test_an_api_answers_by_path_where_names_do_not_resolve(account: Account) -> None:
    api = Api(account)
    event = request(account, "127.0.0.1", f"/_aws/execute-api/{api.id}/$default/x?y=1").json
    assert (event["rawPath"], event["rawQueryString"]) == ("/x", "y=1")
    assert request(account, f"{api.id}.execute-api.eu-west-1.amazonaws.com", "/x").status == 200


def test_a_named_stage_is_part_of_the_path_and_has_variables(account: Account) -> None:
    api = Api(account)
    api.client.create_stage(
        ApiId=api.id, StageName="beta", AutoDeploy=True, StageVariables={"colour": "blue"}
    )
    event = api.get("/beta/x").json
    assert (event["rawPath"], event["requestContext"]["stage"]) == ("/beta/x", "beta")
    assert event["stageVariables"] == {"colour": "blue"}
    assert api.get("/x").json["requestContext"]["stage"] == "$default"


def test_a_stage_serves_what_has_been_deployed_to_it(account: Account) -> None:
    api = Api(account)
    api.client.create_stage(ApiId=api.id, StageName="slow")
    assert api.get("/slow/x").status == 404
    api.client.create_deployment(ApiId=api.id, StageName="slow")
    assert api.get("/slow/x").status == 200
    route = api.client.get_routes(ApiId=api.id)["Items"][0]["RouteId"]
    api.client.delete_route(ApiId=api.id, RouteId=route)
    assert (api.get("/x").status, api.get("/slow/x").status) == (404, 200)


def test_payload_format_1_is_given_to_who_wants_it(account: Account) -> None:
    api = Api(
        account,
        answering("{statusCode: 200, multiValueHeaders: {'x-m': ['1', '2']}, body: JSON.stringify(event)}"),
    )
    integration = api.client.get_integrations(ApiId=api.id)["Items"][0]["IntegrationId"]
    api.client.update_integration(ApiId=api.id, IntegrationId=integration, PayloadFormatVersion="1.0")
    reply = api.get("/a?q=1&q=2")
    assert reply.json["version"] == "1.0"
    assert reply.json["multiValueQueryStringParameters"] == {"q": ["1", "2"]}
    assert reply.headers["x-m"] == ["1", "2"]


CORS = {
    "AllowOrigins": ["https://example.com"],
    "AllowMethods": ["GET", "POST"],
    "AllowHeaders": ["x-a"],
    "MaxAge": 60,
}


def test_preflight_requests_are_answered_by_the_api(account: Account) -> None:
    api = Api(account, "export const handler = async () => { throw 1 }", CorsConfiguration=CORS)
    asks = [("Origin", "https://example.com"), ("Access-Control-Request-Method", "POST")]
    reply = api.get("/", "OPTIONS", asks)
    assert reply.status == 204
    assert reply.headers["access-control-allow-origin"] == ["https://example.com"]
    assert reply.headers["access-control-allow-methods"] == ["GET,POST"]
    assert reply.headers["access-control-max-age"] == ["60"]


def test_other_origins_get_no_permission_and_functions_cannot_give_it(account: Account) -> None:
    own = answering("{statusCode: 200, headers: {'Access-Control-Allow-Origin': '*'}}")
    api = Api(account, own, CorsConfiguration=CORS)
    assert (
        "access-control-allow-origin" not in api.get("/", headers=[("Origin", "https://evil.test")]).headers
    )
    allowed = api.get("/", headers=[("Origin", "https://example.com")])
    assert allowed.headers["access-control-allow-origin"] == ["https://example.com"]


def test_an_unknown_api_says_so_in_json(account: Account) -> None:
    reply = request(account, "abcdefghij.execute-api.localhost", "/")
    assert (reply.status, reply.json) == (404, {"message": "There is no API abcdefghij in this sandbox."})


def test_a_deleted_api_is_gone(account: Account) -> None:
    api = Api(account)
    api.client.delete_api(ApiId=api.id)
    assert api.get().status == 404
    with pytest.raises(api.client.exceptions.NotFoundException):
        api.client.get_api(ApiId=api.id)


def _document(arn: str) -> dict[str, Any]:
    uri = f"arn:aws:apigateway:eu-west-1:lambda:path/2015-03-31/functions/{arn}/invocations"
    integration = {"type": "aws_proxy", "httpMethod": "POST", "uri": uri, "payloadFormatVersion": "2.0"}
    operation = {"x-amazon-apigateway-integration": integration, "responses": {}}
    return {
        "openapi": "3.0.1",
        "info": {"title": "imported", "version": "1.0"},
        "paths": {
            "/": {"x-amazon-apigateway-any-method": operation},
            "/{proxy+}": {"get": operation},
        },
        "tags": [{"name": "by", "x-amazon-apigateway-tag-value": "SAM"}],
    }


def test_an_openapi_document_is_an_api(account: Account) -> None:
    arn = function(account, {"index.mjs": ECHO})
    let_apis_invoke(account)
    client = account.client("apigatewayv2")
    api = client.import_api(Body=json.dumps(_document(arn)))
    client.create_stage(ApiId=api["ApiId"], StageName="$default", AutoDeploy=True)
    host = api["ApiEndpoint"].removeprefix("http://")
    assert (api["Name"], api["Tags"]) == ("imported", {"by": "SAM"})
    assert request(account, host, "/", "PUT").json["routeKey"] == "ANY /"
    assert request(account, host, "/a/b").json["pathParameters"] == {"proxy": "a/b"}
    assert request(account, host, "/a/b", "PUT").status == 404


def test_a_reimport_replaces_the_routes(account: Account) -> None:
    arn = function(account, {"index.mjs": ECHO})
    client = account.client("apigatewayv2")
    api = client.import_api(Body=json.dumps(_document(arn)))["ApiId"]
    document = _document(arn)
    del document["paths"]["/"]
    client.reimport_api(ApiId=api, Body=json.dumps(document))
    assert [route["RouteKey"] for route in client.get_routes(ApiId=api)["Items"]] == ["GET /{proxy+}"]


def test_what_this_sandbox_cannot_run_is_refused_at_once(account: Account) -> None:
    client = account.client("apigatewayv2")
    api = client.create_api(Name="a", ProtocolType="HTTP")["ApiId"]
    with pytest.raises(ClientError, match="Lambda functions"):
        client.create_integration(
            ApiId=api,
            IntegrationType="HTTP_PROXY",
            IntegrationUri="http://127.0.0.1:22",
            PayloadFormatVersion="1.0",
        )
    with pytest.raises(ClientError, match="no WebSocket APIs"):
        client.create_api(Name="w", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.a")


def test_an_integration_waits_no_longer_than_its_timeout(account: Account) -> None:
    slow = "export const handler = () => new Promise((done) => setTimeout(() => done('late'), 1500));"
    api = Api(account, slow)
    integration = api.client.get_integrations(ApiId=api.id)["Items"][0]["IntegrationId"]
    api.client.update_integration(ApiId=api.id, IntegrationId=integration, TimeoutInMillis=200)
    reply = api.get()
    assert (reply.status, reply.json) == (503, {"message": "Service Unavailable"})


def test_a_throttled_function_is_too_many_requests(account: Account) -> None:
    api = Api(account)
    account.client("lambda").put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
    assert (api.get().status, api.get().json) == (429, {"message": "Too Many Requests"})


def test_too_large_a_request_is_refused(account: Account) -> None:
    reply = Api(account).get("/", "POST", [("Content-Type", "text/plain")], b"x" * 6_300_000)
    assert (reply.status, reply.json) == (413, {"message": "Request Entity Too Large"})
