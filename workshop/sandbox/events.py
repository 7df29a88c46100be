"""Emits EventBridge events and delivers them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox


class Events:
    """The event bus of every account."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def emit(
        self,
        account: str,
        region: str,
        source: str,
        detail_type: str,
        resources: Sequence[str],
        detail: Mapping[str, Any],
    ) -> None:
        """Put an event on the account's default bus; never fails and never waits for targets."""
