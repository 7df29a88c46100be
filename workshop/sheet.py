"""What every page of an attendee carries: the course, where they stand, and the answer to a button."""

from __future__ import annotations

from flask import g, make_response, redirect, render_template, url_for
from werkzeug.wrappers import Response

from workshop.guide import Guide, Task
from workshop.models import now
from workshop.progress import Mark

UNCHANGED = ("", 204)
DONE = (Mark.DONE, Mark.HELPED)

Answer = str | Response | tuple[str, int]


def step_url(slug: str) -> str:
    """Where an attendee sees a step; for who looks on, it is elsewhere."""
    return url_for("attend.step", slug=slug)


class Sheets:
    """Fills templates for whoever asks (`g.enrolled`)."""

    def __init__(self, guide: Guide) -> None:
        self._guide = guide

    def page(self, template: str, **more: object) -> str:
        """A page or a fragment, with the list of steps at hand."""
        states = self._guide.states(g.enrolled)
        known = {
            "enrolled": g.enrolled,
            "event": g.event,
            "attendee": self._guide.labs.attendee(g.enrolled),
            "course": g.course,
            "states": states,
            "lost": self._guide.lost(g.enrolled),
            "again": bool(self._guide.watch.due(g.enrolled)),
            "locked": g.event.locked((one.title for one in g.course.chapters), now()) if g.event else (),
            "done": sum(state in DONE for state in states.values()),
            "finished": all(states[step.slug] in DONE for step in g.course.steps if step.checks),
        }
        return render_template(template, **(known | more))

    def task(self, slug: str, task: Task, focus: bool = False, shut: bool = True) -> Response:
        """The task anew, the list of steps with it; the pipeline is told to look as well.

        `shut`: whether what has opened beside the task is shut.
        """
        course = g.course
        html = self.page(
            "_task_answer.html",
            step=course.step(slug),
            task=task,
            after=course.after(slug),
            focus=focus,
            shut=shut,
        )
        return make_response(html, 200, {"HX-Trigger": "work"})

    def back_to_task(self, slug: str) -> Response:
        """For those without scripts."""
        return redirect(url_for("attend.step", slug=slug, _anchor="task"), code=303)
