"""Verify the change: the new page is live, and nobody touched the pipeline."""

from workshop.lab import Lab
from workshop.step import NotYet, Waiting

from . import live, look, run

# A run that has happened stays in the history: this is what it follows from.
FOLLOWS = "commit-a-change"


def do(lab: Lab) -> None:
    """Wait for the commit's run to end; where it did not go through, release a change."""
    run.wait_until_over(lab)
    through = _through(run.of_commit(lab, look.tip(lab)))
    if through:
        lab.there(f"Run {through.short} has delivered the commit")
        return
    run.release(lab)
    run.wait_until_over(lab)


def check_the_commits_run_went_through(lab: Lab) -> str:
    """The run of your commit has succeeded."""
    sha = look.tip(lab)
    known = run.of_commit(lab, sha)
    through = _through(known)
    if through:
        return f"Run {through.short} has delivered {sha[:7]}"
    if known:
        raise run.complain(lab, known[0])
    raise Waiting(f"No run has taken {sha[:7]} yet.")


def check_the_new_page_is_live(lab: Lab) -> str:
    """Your page now shows the new greeting."""
    sha = look.tip(lab)
    greeting = look.greeting(lab, sha)
    if greeting == look.greeting(lab, look.first_commit(lab, sha)):
        raise NotYet(
            f"At {sha[:7]} the greeting is still the first one: “{greeting}”.",
            hint=(
                "Change greeting.txt and commit once more.",
                f"Its first line has to differ from “{greeting}”; “Commit a change” shows how to commit.",
            ),
        )
    return live.shows(lab, greeting)


def _through(known: list[run.Run]) -> run.Run | None:
    return next((one for one in known if one.status == "Succeeded"), None)
