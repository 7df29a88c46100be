"""An event as EventBridge passes it on."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

DEFAULT_BUS = "default"


@dataclass(frozen=True)
class Event:
    """One event on one bus; `hops` counts the buses that it has passed."""

    account: str
    region: str
    source: str
    detail_type: str
    resources: Sequence[str]
    detail: Mapping[str, Any]
    bus: str = DEFAULT_BUS
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    time: datetime = field(default_factory=lambda: datetime.now(UTC))
    hops: int = 0

    @property
    def document(self) -> dict[str, Any]:
        """The event as targets get it."""
        return {
            "version": "0",
            "id": self.id,
            "detail-type": self.detail_type,
            "source": self.source,
            "account": self.account,
            "time": self.time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "region": self.region,
            "resources": list(self.resources),
            "detail": dict(self.detail),
        }
