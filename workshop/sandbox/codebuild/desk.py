"""What every group of CodeBuild's operations shares: its state, its queue, and how to look things up."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from workshop.sandbox.call import AwsError, Call
from workshop.sandbox.codebuild import project
from workshop.sandbox.codebuild.project import Fields
from workshop.sandbox.codebuild.queue import Queue
from workshop.sandbox.codebuild.state import Build, Region

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

SERVICE = "codebuild.amazonaws.com"


class Desk:
    """Groups of operations are built upon it; `lock` guards `state` and every build in it."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.lock = threading.RLock()
        self.state: defaultdict[tuple[str, str], Region] = defaultdict(Region)
        self.queue = Queue(sandbox)

    def region(self, call: Call) -> Region:
        """All of CodeBuild where the call was made."""
        return self.state[call.account, call.region]

    def project(self, call: Call, name: str) -> dict[str, Any]:
        """The project of that name or ARN; AwsError ResourceNotFoundException."""
        found = self.region(call).projects.get(named(name))
        if found is None:
            arn = call.arn(f"project/{named(name)}")
            raise AwsError("ResourceNotFoundException", f"Project cannot be found: {arn}")
        return found

    def build(self, call: Call, identity: str) -> Build:
        """The build of that id or ARN; AwsError ResourceNotFoundException."""
        if ":" not in named(identity):
            raise project.invalid("Invalid build ID provided")
        found = self.region(call).builds.get(named(identity))
        if found is None:
            raise AwsError("ResourceNotFoundException", f"Build {identity} does not exist")
        return found

    def check(self, settings: Fields, call: Call) -> None:
        """Refuse settings that AWS refuses; AwsError InvalidInputException."""
        project.check(settings, call.account, lambda role: self._assumable(role, call.region))

    def _assumable(self, role: str, region: str) -> bool:
        try:
            self.sandbox.clients.assume(role, "AWSCodeBuild", SERVICE, region=region)
        except AwsError:
            return False
        return True


def named(name_or_arn: str) -> str:
    """The name in a name or an ARN."""
    return name_or_arn.rpartition("/")[2]


def in_order(items: Iterable[str], call: Call, usual: str) -> list[str]:
    """The items in the order that the call asks for, else the usual one; they come in ascending."""
    ordered = list(items)
    return ordered[::-1] if call.params.get("sortOrder", usual) == "DESCENDING" else ordered
