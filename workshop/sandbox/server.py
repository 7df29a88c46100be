"""The sandbox as an HTTP server, its whole path as one readable list of layers.

Served by werkzeug's threaded server: of the servers tried, the only one that keeps S3's keys
and metadata as they were sent.  The price is a thread per connection.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

from werkzeug.serving import BaseWSGIServer, make_server

from workshop.sandbox.apigateway.api import ApiGateway, ApiGatewayV2
from workshop.sandbox.apigateway.execute import ExecuteApi
from workshop.sandbox.cloudformation.api import CloudFormation
from workshop.sandbox.cloudwatch.api import CloudWatch
from workshop.sandbox.codebuild.api import CodeBuild
from workshop.sandbox.codecommit.api import CodeCommit
from workshop.sandbox.codecommit.githttp import GitHttp
from workshop.sandbox.codepipeline.api import CodePipeline
from workshop.sandbox.erasing.door import ErasingDoor
from workshop.sandbox.events import EventBridge
from workshop.sandbox.gateway.guard import Application, Guard
from workshop.sandbox.gateway.http import Handler
from workshop.sandbox.identity.iam import Iam
from workshop.sandbox.identity.sts import Sts
from workshop.sandbox.lambda_.api import Lambda
from workshop.sandbox.lambda_.http import LambdaHttp
from workshop.sandbox.logs.api import Logs
from workshop.sandbox.s3.api import S3
from workshop.sandbox.sandbox import Sandbox
from workshop.sandbox.settings import Settings
from workshop.sandbox.sns.api import Sns

SERVICES: Final = (
    Sts,
    Iam,
    S3,
    Sns,
    Logs,
    EventBridge,
    CloudWatch,
    CodeCommit,
    CodeBuild,
    CodePipeline,
    CloudFormation,
    Lambda,
    ApiGateway,
    ApiGatewayV2,
)
LAYERS: Final[tuple[Callable[..., Application], ...]] = (Guard, ErasingDoor, ExecuteApi, LambdaHttp, GitHttp)


def application(sandbox: Sandbox) -> Application:
    """What a request passes, from the outside in: guard, erasing, execute-api, git, the AWS API."""
    inner: Application = sandbox.api
    for layer in reversed(LAYERS):
        inner = layer(sandbox, inner)
    return inner


class Server:
    """A running sandbox: on TCP for clients, on a unix socket for what it runs in isolation."""

    def __init__(self, settings: Settings) -> None:
        self.sandbox = Sandbox(settings, SERVICES)
        app = application(self.sandbox)
        settings.socket.unlink(missing_ok=True)
        self._servers: list[BaseWSGIServer] = [
            make_server(settings.host, settings.port, app, threaded=True, request_handler=Handler),
            make_server(f"unix://{settings.socket}", 0, app, threaded=True, request_handler=Handler),
        ]

    def start(self) -> None:
        """Serve in the background."""
        self.sandbox.start()
        for server in self._servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Stop serving and end everything that runs."""
        for server in self._servers:
            server.shutdown()
            server.server_close()
        self.sandbox.stop()
        self.sandbox.settings.socket.unlink(missing_ok=True)
