"""The two services that make up Amazon API Gateway."""

from workshop.sandbox.apigateway.http_api import ApiGatewayV2
from workshop.sandbox.apigateway.rest_api import ApiGateway

__all__ = ["ApiGateway", "ApiGatewayV2"]
