"""EventBridge of the sandbox: what services and users emit, and what rules make of it."""

from workshop.sandbox.events.api import EventBridge
from workshop.sandbox.events.bus import Events

__all__ = ["EventBridge", "Events"]
