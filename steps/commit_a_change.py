"""Commit a change: a new greeting, and a pipeline that starts by itself."""

from datetime import UTC, datetime, timedelta
from typing import Any

from workshop.lab import Lab
from workshop.step import NotYet, Waiting

from . import look, make, run

GREETING = "greeting.txt"
BY_EVENT = "CloudWatchEvent"
PATIENCE = timedelta(minutes=2)


def do(lab: Lab) -> None:
    """Commit a new greeting as the attendee, and wait for the event to start the pipeline."""
    make.change_detection(lab)
    if not _changed(lab) or _missed(lab):
        _commit(lab, look.tip(lab))
    else:
        lab.there(f"The greeting is new in {look.tip(lab)[:7]}")
    run.wait_for(lab, lambda: bool(_started(lab)), "an event to start the pipeline")
    lab.say(f"An event has started run {_started(lab)[0].short}")


def undo(lab: Lab) -> None:
    """Commit the first greeting again: what has been committed stays in the history."""
    if _changed(lab):
        sha = look.tip(lab)
        first = look.file(lab, look.first_commit(lab, sha), GREETING)
        _put(lab, sha, first, "Greet as at first")


def _commit(lab: Lab, parent: str) -> None:
    words = f"Hello from {lab.handle}!"
    if look.greeting(lab, parent) == words:
        words = f"Hello again from {lab.handle}!"
    _put(lab, parent, f"{words}\n", "Greet in my own words")


def _put(lab: Lab, parent: str, text: str, message: str) -> None:
    made = lab.client("codecommit").put_file(
        repositoryName=lab.repository,
        branchName=lab.branch,
        filePath=GREETING,
        fileContent=text.encode(),
        parentCommitId=parent,
        commitMessage=message,
        name=lab.handle,
    )
    lab.say(f"Committed {made['commitId'][:7]}: “{text.strip()}”")


def check_the_greeting_is_new(lab: Lab) -> str:
    """A commit of yours on the branch gives the page a new greeting."""
    if not _changed(lab):
        raise NotYet(
            f"greeting.txt still says “{look.greeting(lab, look.tip(lab))}”.",
            hint=(
                f"Change greeting.txt and commit it to {lab.branch}.",
                "It is the first line that counts; a commit in your clone counts once it is pushed.",
                f"In your clone: `echo 'Hello from {lab.handle}!' > {GREETING}`, then `git commit -am Greet`"
                f" and `git push origin {lab.branch}`.",
            ),
        )
    sha = look.tip(lab)
    made = look.commit(lab, sha)
    return f"{sha[:7]} by {made['author']['name']}: “{look.greeting(lab, sha)}”"


def check_an_event_started_the_pipeline(lab: Lab) -> str:
    """An event has started the pipeline for that commit."""
    sha = look.tip(lab)
    known = run.of_commit(lab, sha)
    started = _by_event(known)
    if started:
        return f"Run {started[0].short} of {sha[:7]}, triggered by {started[0].trigger}"
    if known:
        raise NotYet(
            f"Run {known[0].short} of {sha[:7]} was started by hand.",
            hint=(
                "Leave it to the event this time: commit once more and only watch.",
                f"Its trigger is {known[0].trigger}; wanted is {BY_EVENT}. Change the first line of"
                " greeting.txt, push, and release nothing.",
            ),
        )
    since = _when(look.commit(lab, sha))
    if datetime.now(UTC) - since > PATIENCE:
        raise NotYet(
            f"No run has taken {sha[:7]}, committed at {since:%H:%M} UTC.",
            hint=(
                "An event takes seconds. Look at the rule of “Review and create”, then commit again.",
                f"Which rules start it? `aws events list-rule-names-by-target --target-arn"
                f" {lab.arn('codepipeline', lab.name('pipeline'))}` lists them.",
                f"If there is none, or it waits for another branch than {lab.branch}, do “Review and create”"
                " again; then commit once more.",
            ),
        )
    raise Waiting(f"No run has taken {sha[:7]} yet; an event takes a few seconds.", since=since)


def _started(lab: Lab) -> list[run.Run]:
    """The runs of the newest commit that an event started."""
    return _by_event(run.of_commit(lab, look.tip(lab)))


def _missed(lab: Lab) -> bool:
    """Whether no event will start a run of the newest commit any more."""
    sha = look.tip(lab)
    known = run.of_commit(lab, sha)
    late = datetime.now(UTC) - _when(look.commit(lab, sha)) > PATIENCE
    return not _by_event(known) and (bool(known) or late)


def _by_event(known: list[run.Run]) -> list[run.Run]:
    return [one for one in known if one.trigger == BY_EVENT]


def _changed(lab: Lab) -> bool:
    sha = look.tip(lab)
    return look.greeting(lab, sha) != look.greeting(lab, look.first_commit(lab, sha))


def _when(commit: dict[str, Any]) -> datetime:
    """When it was committed; CodeCommit writes "1767225600 +0000"."""
    return datetime.fromtimestamp(int(commit["committer"]["date"].split()[0]), UTC)
