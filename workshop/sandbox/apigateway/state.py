"""What API Gateway remembers: HTTP APIs, and what of REST APIs has been deployed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from workshop.sandbox.apigateway.routes import Route

Item = dict[str, Any]


@dataclass
class HttpApi:
    """An HTTP API.  Its parts are kept as the API shows them, by their ids; stages by name.

    `served` holds, for each deployment, the routes as they were when it was made.
    """

    id: str
    settings: Item
    routes: dict[str, Item] = field(default_factory=dict)
    integrations: dict[str, Item] = field(default_factory=dict)
    stages: dict[str, Item] = field(default_factory=dict)
    deployments: dict[str, Item] = field(default_factory=dict)
    served: dict[str, tuple[Route, ...]] = field(default_factory=dict)


@dataclass
class State:
    """All of one account and region.  `deployed` is keyed by REST API and deployment."""

    apis: dict[str, HttpApi] = field(default_factory=dict)
    deployed: dict[tuple[str, str], tuple[Route, ...]] = field(default_factory=dict)
