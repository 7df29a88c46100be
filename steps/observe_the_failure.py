"""Observe the failure: the first run starts by itself and fails in Build."""

from workshop.lab import Lab
from workshop.step import NotYet, Seen

from . import fix_the_build, look, run

# A run that has happened stays in the history: this is what it follows from.
FOLLOWS = "review-and-create"


def do(lab: Lab) -> None:
    """Wait for the run to end; where none has ever failed in Build, have one fail.

    A build that may write its package by now cannot fail: that is taken from it, and “Fix the
    build” gives it back.
    """
    newest = run.wait_until_over(lab)
    failed = _failed_builds(lab) if newest else []
    if failed:
        lab.there(f"Run {failed[0].run[:8]} has failed in {failed[0].stage}")
        return
    fix_the_build.undo(lab)
    run.release(lab)
    run.wait_until_over(lab)


def check_a_run_has_started(lab: Lab) -> str:
    """Your pipeline has run."""
    known = run.runs(lab)
    if not known:
        raise NotYet(
            "It has never run.",
            hint=("Creating it starts the first run: release a change.", f"Start one: {look.release(lab)}."),
        )
    return f"{len(known)} run{'s' if len(known) > 1 else ''}, the first by {known[-1].trigger}"


def check_a_run_failed_in_build(lab: Lab) -> str:
    """A run got its source and then failed in Build."""
    # Listed before anything is judged: a run may end while we look.
    newest = run.runs(lab)[0]
    failed = _failed_builds(lab)
    if failed:
        words = f"Run {failed[0].run[:8]}, {failed[0].stage}: {failed[0].error}"
        return Seen(words, ("log", failed[0].external_id))
    if newest.status == "Succeeded":
        raise NotYet(
            f"No run has failed: {newest.short} succeeded.",
            hint=(
                "Your build may write to S3 already. Take that from its role and release a change.",
                f"What may it do? `aws iam list-attached-role-policies --role-name {lab.build_role}` lists"
                f" its policies; {fix_the_build.POLICY} would be one too many here.",
                f"`aws iam detach-role-policy --role-name {lab.build_role} --policy-arn"
                f" arn:aws:iam::aws:policy/{fix_the_build.POLICY}`, then {look.release(lab)}.",
            ),
        )
    raise run.complain(lab, newest)


def _failed_builds(lab: Lab) -> list[run.Acted]:
    """Failed builds of runs whose source had succeeded, the newest first."""
    happened = run.acted(lab)
    sourced = {one.run for one in happened if one.category == "Source" and one.succeeded}
    return [
        one for one in happened if one.category == "Build" and one.status == "Failed" and one.run in sourced
    ]
