"""The CloudFormation service: stacks and change sets with an engine of our own.

Operations are checked here and answered from the ledger; what they set off runs in
threads (`office`, `worker`), as the stack's role or as whoever called.
"""

from __future__ import annotations

import threading
from collections.abc import MutableMapping
from typing import TYPE_CHECKING

from workshop.sandbox.snapshot.kept import Kept

from .changesets import ChangeSetOperations
from .looking import LookOperations
from .office import Office
from .stacks import StackOperations
from .state import Region

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox


class CloudFormation(StackOperations, ChangeSetOperations, LookOperations):
    """AWS CloudFormation."""

    name = "cloudformation"
    complete = True

    def __init__(self, sandbox: Sandbox) -> None:
        self.office = Office(sandbox)

    @property
    def state(self) -> MutableMapping[tuple[str, str], Region]:
        return self.office.ledger.state

    @property
    def kept(self) -> Kept:
        """What of it is saved: preferably while no resource is halfway there."""
        return Kept(self.state, lambda _: [self.office.ledger.lock], self.office.ledger.busy)

    def start(self) -> None:
        """Load what is slow to load meanwhile."""
        threading.Thread(target=self.office.warm, name="cloudformation-warm", daemon=True).start()

    def resume(self) -> None:
        """Go on with what a stop of the sandbox has interrupted."""
        threading.Thread(target=self.office.resume, name="cloudformation-resume", daemon=True).start()

    def halt(self, account: str) -> dict[str, int]:
        """End an account's operations on stacks."""
        return {"stack operations": self.office.halt(account)}

    def stop(self) -> None:
        """Stop the operations that are running."""
        self.office.stop()
