"""Diagnose the build: which call was refused, read out of the attendee's own log."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from workshop.lab import REFUSALS, Lab
from workshop.step import NotYet, Question, Seen

from . import look, run

# What S3 says since 2024, and what it said before.
REFUSED = re.compile(
    r'not authorized to perform: (?P<action>[\w:]+) on resource: "?arn:aws:s3:::(?P<bucket>[^/"\s]+)'
)
TERSE = re.compile(r"when calling the (?P<operation>\w+) operation: Access Denied")
BUCKET_IN_COMMAND = re.compile(r"--s3-bucket (?P<bucket>[a-z0-9.-]+)")
PAGES = 10
ACTIONS = ("s3:GetObject", "s3:ListBucket", "s3:PutObject", "cloudformation:CreateChangeSet")


@dataclass(frozen=True)
class Refusal:
    """The call that the build was refused, and the line of the log that says so."""

    action: str
    bucket: str
    line: str
    build: str = ""


def questions(lab: Lab) -> list[Question]:
    """Which action, and on which bucket."""
    actions, buckets = {*ACTIONS}, {lab.packages, lab.artifacts}
    try:
        found = refusal(lab)
        actions.add(found.action)
        buckets.add(found.bucket)
    except (NotYet, *REFUSALS):
        pass
    return [
        Question("refused-action", "Which action was refused?", tuple(sorted(actions))),
        Question("refused-bucket", "On which bucket?", tuple(sorted(buckets))),
    ]


def do(lab: Lab) -> None:
    """Read the log, and answer by the line that names the refused call."""
    found = refusal(lab)
    lab.say(found.line)
    lab.answers["refused-action"] = found.action
    lab.answers["refused-bucket"] = found.bucket
    lab.say(f"Refused: {found.action} on {found.bucket}")


def undo(lab: Lab) -> None:
    """Forget what was answered; the log stays as it is."""
    lab.answers.pop("refused-action", None)
    lab.answers.pop("refused-bucket", None)


def check_the_log_names_the_refused_call(lab: Lab) -> str:
    """Your build's log says which call was refused."""
    found = refusal(lab)
    return Seen(found.line, ("log", found.build))


def check_you_found_the_action(lab: Lab) -> str:
    """You have found the action that was refused."""
    return _right(lab, "refused-action", refusal(lab).action, "“not authorized to perform:”")


def check_you_found_the_bucket(lab: Lab) -> str:
    """You have found the bucket it was refused on."""
    return _right(lab, "refused-bucket", refusal(lab).bucket, "“on resource:”")


def _right(lab: Lab, key: str, answer: str, where: str) -> str:
    said = lab.answers.get(key, "").strip()
    if not said:
        raise NotYet(
            "You have not answered yet.",
            hint=(
                "The log of your build says it, in the line with AccessDenied.",
                f"In that line, read on after {where}.",
            ),
        )
    if said != answer:
        raise NotYet(
            f"You answered {said}.",
            hint=(
                f"Not that one: the line with AccessDenied does not say {said}.",
                f"In that line, read on after {where}.",
            ),
        )
    return said


def refusal(lab: Lab) -> Refusal:
    """The refused call in the log of the newest failed build. NotYet where there is none."""
    failed = [one for one in run.acted(lab) if one.category == "Build" and one.status == "Failed"]
    if not failed:
        raise NotYet(
            "No build has failed yet.",
            hint=(
                "First watch it fail: “Observe the failure”.",
                f"`aws codepipeline list-action-executions --pipeline-name {lab.name('pipeline')}` lists what"
                " ran and how it ended; a build has to be among it that is Failed.",
            ),
        )
    for one in failed:
        found = refused_in(log(lab, one.external_id))
        if found:
            return replace(found, build=one.external_id)
    raise NotYet(
        f"The newest build failed by something else: {failed[0].error}",
        hint=(
            "Mend that first, then release a change.",
            "Its log shows the failing line in its surroundings; what was changed last is the first suspect.",
            f"When it is mended: {look.release(lab)}.",
        ),
        see=("log", failed[0].external_id) if failed[0].built else ("run", failed[0].run),
    )


def refused_in(text: str) -> Refusal | None:
    """The refused call in a log, and the line that names it."""
    for line in text.splitlines():
        full, terse = REFUSED.search(line), TERSE.search(line)
        if full:
            return Refusal(full["action"], full["bucket"], line.strip())
        if terse and (bucket := BUCKET_IN_COMMAND.search(text)):
            return Refusal(f"s3:{terse['operation']}", bucket["bucket"], line.strip())
    return None


def log(lab: Lab, build: str) -> str:
    """A build's log, or its end where it is very long. NotYet where there is none."""
    found = lab.client("codebuild").batch_get_builds(ids=[build])["builds"] if build else []
    where = found[0].get("logs", {}) if found else _left_behind(build)
    if not where.get("streamName"):
        raise NotYet(
            "The build has left no log.",
            hint=(
                "Its role has to be allowed to write logs.",
                f"logs:CreateLogGroup, logs:CreateLogStream and logs:PutLogEvents are in the policy"
                f" {lab.build_policy}: attach it to {lab.build_role} again, then release a change.",
            ),
        )
    stream = {"logGroupName": where["groupName"], "logStreamName": where["streamName"]}
    return "".join(reversed(list(_pages(lab.client("logs"), stream))))


def _left_behind(build: str) -> dict[str, str]:
    """Where the log of a build lies whose project was deleted: the log outlives both."""
    project, _, number = build.partition(":")
    return {"groupName": f"/aws/codebuild/{project}", "streamName": number}


def _pages(logs: Any, stream: dict[str, str]) -> Iterator[str]:
    """The log page by page, from its end; a page has 10,000 lines or a megabyte at most."""
    token: dict[str, str] = {}
    for _ in range(PAGES):
        try:
            page = logs.get_log_events(**stream, **token)
        except logs.exceptions.ResourceNotFoundException:
            raise NotYet(
                "The log is not there yet.",
                hint=(
                    "Look again in a moment.",
                    "A build's lines arrive some seconds after they were written. If none come, its role may"
                    " not write logs.",
                ),
            ) from None
        yield "".join(f"{event['message'].rstrip()}\n" for event in page["events"])
        if not page["events"] or page["nextBackwardToken"] == token.get("nextToken"):
            return
        token = {"nextToken": page["nextBackwardToken"]}
