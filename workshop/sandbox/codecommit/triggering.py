"""CodeCommit's operations on repository triggers."""

from __future__ import annotations

import re
import uuid
from typing import Any

from botocore.exceptions import ClientError

from workshop.sandbox.call import AwsError, Call
from workshop.sandbox.codecommit.desk import Desk
from workshop.sandbox.codecommit.news import RefChange
from workshop.sandbox.codecommit.state import Repository
from workshop.sandbox.codecommit.triggers import EVENTS, Trigger, send
from workshop.sandbox.codecommit.words import refusal

NAME = re.compile(r"[\w.-]{1,100}")
MOST_TRIGGERS = 10
MOST_BRANCHES = 10
TARGET = re.compile(r"arn:aws[\w-]*:(sns|lambda):(?P<region>[^:]+):\d{12}:.+")
NOTHING = "0" * 40


class Triggers(Desk):
    """Triggers are put as a whole; testing one truly sends to its target."""

    def get_repository_triggers(self, call: Call) -> dict[str, Any]:
        repository = self.repository(call)
        return {"configurationId": repository.triggers_id, "triggers": repository.triggers}

    def put_repository_triggers(self, call: Call) -> dict[str, Any]:
        repository = self.repository(call)
        repository.triggers = _valid_triggers(call)
        repository.triggers_id = str(uuid.uuid4())
        return {"configurationId": repository.triggers_id}

    def test_repository_triggers(self, call: Call) -> dict[str, Any]:
        """Sends what a push to each trigger's branches would send; which targets took it."""
        with self.opened(call) as (repository, git):
            branch = repository.default_branch or "main"
            change = RefChange(f"refs/heads/{branch}", git.tip(branch), git.tip(branch) or NOTHING)
        results = [
            (trigger["name"], self._refused(call, repository, trigger, change))
            for trigger in _valid_triggers(call)
        ]
        return {
            "successfulExecutions": [name for name, refused in results if refused is None],
            "failedExecutions": [
                {"trigger": name, "failureMessage": refused} for name, refused in results if refused
            ],
        }

    def _refused(self, call: Call, repository: Repository, trigger: Trigger, change: RefChange) -> str | None:
        try:
            send(self.sandbox.clients, repository, trigger, [change], call.caller)
        except (ClientError, AwsError) as error:
            return str(error)
        return None


def _valid_triggers(call: Call) -> list[dict[str, Any]]:
    triggers = [dict(trigger) for trigger in call.params["triggers"]]
    if len(triggers) > MOST_TRIGGERS:
        raise refusal("MaximumRepositoryTriggersExceededException")
    for trigger in triggers:
        _check(trigger, call.region)
        trigger.setdefault("customData", "")
        trigger.setdefault("branches", [])
    return triggers


def _check(trigger: Trigger, region: str) -> None:
    if not NAME.fullmatch(trigger["name"]):
        raise refusal("InvalidRepositoryTriggerNameException")
    target = TARGET.fullmatch(trigger["destinationArn"])
    if target is None:
        raise refusal("InvalidRepositoryTriggerDestinationArnException")
    if target["region"] != region:
        raise refusal("InvalidRepositoryTriggerRegionException")
    events = set(trigger["events"])
    if not events or not events <= {"all", *EVENTS.values()} or ("all" in events and len(events) > 1):
        raise refusal("InvalidRepositoryTriggerEventsException")
    if len(trigger.get("branches") or []) > MOST_BRANCHES:
        raise refusal("MaximumBranchesExceededException")
