"""Re-run the pipeline: release a change, and see Source and Build succeed."""

from workshop.lab import Lab

from . import look, run

STAGES = 2
# A run that has happened stays in the history: this is what it follows from.
FOLLOWS = "review-and-create"


def do(lab: Lab) -> None:
    """Release a change unless a run is under way or went through, and wait for its end."""
    run.wait_until_over(lab)
    green = _green(lab, run.runs(lab))
    if green:
        lab.there(f"Run {green.short} went through")
        return
    run.release(lab)
    run.wait_until_over(lab)


def check_a_run_went_through(lab: Lab) -> str:
    """A run has succeeded in Source and in Build."""
    # Listed before anything is judged: a run may end while we look.
    known = run.runs(lab)
    green = _green(lab, known)
    if green:
        return f"Run {green.short} succeeded in {' and '.join(_first_stages(lab))}"
    if not known:
        raise run.never(lab)
    raise run.complain(lab, known[0])


def _green(lab: Lab, known: list[run.Run]) -> run.Run | None:
    stages = look.pipeline(lab)["stages"][:STAGES]
    return run.through(lab, known, stages)


def _first_stages(lab: Lab) -> list[str]:
    return [stage["name"] for stage in look.pipeline(lab)["stages"][:STAGES]]
