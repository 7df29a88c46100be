"""Re-run the pipeline again: one run through all three stages."""

from workshop.lab import Lab
from workshop.step import NotYet

from . import look, run


def do(lab: Lab) -> None:
    """Release a change unless a run is under way or went through, and wait for its end."""
    run.wait_until_over(lab)
    green = _green(lab, run.runs(lab))
    if green and look.stack_if_any(lab):
        lab.there(f"Run {green.short} went through, and what it deployed is there")
        return
    run.release(lab)
    run.wait_until_over(lab)


def undo(lab: Lab) -> None:
    """Delete the stack with all that was deployed; the runs stay in the pipeline's history."""
    if look.pipeline_if_any(lab):
        run.wait_until_over(lab)
    if not look.stack_if_any(lab):
        return
    name = lab.name("stack")
    lab.client("cloudformation").delete_stack(StackName=name)
    lab.say(f"Deleting {name}")
    run.wait_for(lab, lambda: _gone(lab), f"{name} to be gone", run.LONGEST)


def _gone(lab: Lab) -> bool:
    stack = look.stack_if_any(lab)
    if stack and stack["StackStatus"] == "DELETE_FAILED":
        raise NotYet(
            f"{stack['StackName']} is DELETE_FAILED. {stack.get('StackStatusReason', '')}".strip(),
            hint=(
                "Its events say what could not be deleted; mend that and start over again.",
                f"`aws cloudformation describe-stack-events --stack-name {stack['StackName']}` lists them,"
                " the newest first: look for DELETE_FAILED.",
            ),
        )
    return not stack


def check_a_run_went_through_all_stages(lab: Lab) -> str:
    """One run has succeeded in every stage, the deployment included."""
    stages = look.pipeline(lab)["stages"]
    if len(stages) < 3:
        raise NotYet(
            "There is no stage after Build.",
            hint=(
                "First: “Add a stage”.",
                f"{lab.name('pipeline')} has {' and '.join(stage['name'] for stage in stages)}; what deploys"
                " is made in the three steps before this one.",
            ),
        )
    # Listed before anything is judged: a run may end while we look.
    known = run.runs(lab)
    green = _green(lab, known)
    if green:
        return f"Run {green.short} succeeded in {', '.join(stage['name'] for stage in stages)}"
    if not known:
        raise run.never(lab)
    newest = known[0]
    if newest.status == "Succeeded":
        raise NotYet(
            f"Run {newest.short} succeeded, before the pipeline had all of its stages.",
            hint=(
                "A run goes through the stages that were there when it started.",
                f"So let a new one start: {look.release(lab)}.",
            ),
        )
    raise run.complain(lab, newest)


def check_what_it_deployed_is_there(lab: Lab) -> str:
    """What it deployed is there still."""
    stack = look.stack(lab)
    return f"{stack['StackName']} is {stack['StackStatus']}"


def _green(lab: Lab, known: list[run.Run]) -> run.Run | None:
    stages = look.pipeline(lab)["stages"]
    return run.through(lab, known, stages) if len(stages) > 2 else None
