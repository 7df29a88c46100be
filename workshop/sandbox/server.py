"""The sandbox as an HTTP server, its whole path as one readable list of layers.

Served by werkzeug's threaded server: of the servers tried, the only one that keeps S3's keys
and metadata as they were sent.  The price is a thread per connection.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable
from typing import Any

from werkzeug.serving import BaseWSGIServer, make_server

from workshop.sandbox.gateway.guard import Application, Guard
from workshop.sandbox.gateway.http import Handler
from workshop.sandbox.sandbox import Sandbox
from workshop.sandbox.settings import Settings

SERVICES = [
    "workshop.sandbox.identity.sts:Sts",
    "workshop.sandbox.identity.iam:Iam",
    "workshop.sandbox.logs.api:Logs",
    "workshop.sandbox.events:EventBridge",
    "workshop.sandbox.codecommit.api:CodeCommit",
    "workshop.sandbox.codebuild.api:CodeBuild",
    "workshop.sandbox.codepipeline.api:CodePipeline",
    "workshop.sandbox.cloudformation.api:CloudFormation",
    "workshop.sandbox.lambda_.api:Lambda",
    "workshop.sandbox.apigateway.api:ApiGateway",
    "workshop.sandbox.apigateway.api:ApiGatewayV2",
]
LAYERS = [
    "workshop.sandbox.apigateway.execute:ExecuteApi",
    "workshop.sandbox.lambda_.http:LambdaHttp",
    "workshop.sandbox.codecommit.githttp:GitHttp",
]


def _found(names: list[str]) -> list[Callable[..., Any]]:
    found = []
    for name in names:
        module, _, attribute = name.partition(":")
        try:
            found.append(getattr(importlib.import_module(module), attribute))
        except (ModuleNotFoundError, AttributeError):
            continue
    return found


def application(sandbox: Sandbox) -> Application:
    """What a request passes, from the outside in: guard, execute-api, git, the AWS API."""
    inner: Application = sandbox.api
    for layer in reversed([Guard, *_found(LAYERS)]):
        inner = layer(sandbox, inner)
    return inner


class Server:
    """A running sandbox: on TCP for clients, on a unix socket for what it runs in isolation."""

    def __init__(self, settings: Settings) -> None:
        self.sandbox = Sandbox(settings, _found(SERVICES))
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
