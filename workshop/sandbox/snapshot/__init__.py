"""The sandbox's state on disk: saved soon after it changes, there again after a restart."""

from workshop.sandbox.snapshot.kept import Kept
from workshop.sandbox.snapshot.snapshot import Snapshot

__all__ = ["Kept", "Snapshot"]
