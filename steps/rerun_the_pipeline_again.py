"""Re-run the pipeline again: one run through all three stages."""

from workshop.lab import Lab
from workshop.step import NotYet

from . import look, run


def do(lab: Lab) -> None:
    """Release a change unless a run is under way or went through, and wait for its end."""
    run.wait_until_over(lab)
    green = _green(lab, run.runs(lab))
    if green:
        lab.there(f"Run {green.short} went through")
        return
    run.release(lab)
    run.wait_until_over(lab)


def check_a_run_went_through_all_stages(lab: Lab) -> str:
    """One run has succeeded in every stage, the deployment included."""
    stages = look.pipeline(lab)["stages"]
    if len(stages) < 3:
        raise NotYet("There is no stage after Build.", hint="First: “Add a stage”.")
    # Listed before anything is judged: a run may end while we look.
    known = run.runs(lab)
    green = _green(lab, known)
    if green:
        return f"Run {green.short} succeeded in {', '.join(stage['name'] for stage in stages)}"
    if not known:
        raise NotYet("The pipeline has never run.", hint="Release a change.")
    newest = known[0]
    if newest.status == "Succeeded":
        raise NotYet(
            f"Run {newest.short} succeeded, before the pipeline had all of its stages.",
            hint="Release a change: a run goes through the stages that were there when it started.",
        )
    raise run.complain(lab, newest)


def _green(lab: Lab, known: list[run.Run]) -> run.Run | None:
    stages = look.pipeline(lab)["stages"]
    return run.through(lab, known, stages) if len(stages) > 2 else None
