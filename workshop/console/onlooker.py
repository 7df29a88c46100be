"""An attendee's pages as they see them, read only: the very templates, without anything to press.

Looking on leaves nothing in their record and is no sign of life of theirs. AWS is asked as they would
ask it, within the budget of their account, of which half is left to their own page; their account is
never prepared, and their credentials are never shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from flask import Blueprint, flash, g, redirect, request, url_for
from htmx_flask import request as htmx_request

from workshop.console.guard import who_leads, whom
from workshop.guide import Guide, Task
from workshop.insight import pipeline
from workshop.insight.pipeline import Panel
from workshop.lab import REFUSALS, Lab
from workshop.labs import NoGround
from workshop.language.tongue import gettext, marked
from workshop.progress import Enrolled
from workshop.sheet import UNCHANGED, Answer, Sheets
from workshop.step import Question, Step

SPARED = Panel(
    code="Spared",
    words=marked("Their account is asked enough already by their own page, which goes first."),
)
NO_SESSION: Mapping[str, object] = {}  # what their browser remembers is not known here


@dataclass(frozen=True)
class Addresses:
    """Where what an onlooker sees is to be had: beside the attendee's own addresses."""

    event: int
    person: Enrolled

    def step_url(self, slug: str) -> str:
        return url_for("onlooker.step", event=self.event, enrolment=self.person.id, slug=slug)

    def task_url(self, slug: str, version: str) -> str:
        return url_for("onlooker.task", event=self.event, enrolment=self.person.id, slug=slug, v=version)

    def panel_url(self, version: str | None = None) -> str:
        return url_for("onlooker.panel", event=self.event, enrolment=self.person.id, v=version)


class Onlooker:
    """The pages of somebody, for those who help them; there is no POST here."""

    def __init__(self, guide: Guide) -> None:
        self._guide = guide
        self._sheets = Sheets(guide)

    def blueprint(self) -> Blueprint:
        """Every address, and what answers there."""
        here = "/events/<int:event>/people/<int:enrolment>"
        pages = Blueprint("onlooker", __name__, url_prefix=here)
        pages.before_request(who_leads)
        pages.before_request(whom)
        pages.before_request(_in_their_place)
        pages.add_url_rule("/steps/<slug>", view_func=self.step)
        pages.add_url_rule("/steps/<slug>/task", view_func=self.task)
        pages.add_url_rule("/pipeline", view_func=self.panel)
        return pages

    def step(self, event: int, enrolment: int, slug: str) -> Answer:
        """The step's page."""
        guide, current = self._guide, g.course.step(slug)
        if not guide.labs.ready(g.person):
            flash(gettext("Their account is not prepared yet: they see only that."))
            return redirect(url_for("attendees.one", event=event, enrolment=enrolment), code=303)
        return self._page(
            "step.html",
            step=current,
            number=g.course.steps.index(current) + 1,
            body=guide.page(g.person, current),
            written=guide.page_language(current),
            task=self._task(current),
            before=g.course.before(slug),
            after=g.course.after(slug),
        )

    def task(self, event: int, enrolment: int, slug: str) -> Answer:
        """The task, with the list of steps; asked for again and again, silent while nothing is new."""
        current = g.course.step(slug)
        seen = self._guide.task(g.person, slug, asking=False)
        if request.args.get("v") == seen.version:
            return UNCHANGED
        return self._page(
            "_task_answer.html",
            step=current,
            task=self._task(current),
            after=g.course.after(slug),
            shut=False,
        )

    def panel(self, event: int, enrolment: int) -> Answer:
        """Their pipeline, as often as their own page leaves room for it."""
        now = self._guide.watch.lent(g.person, self._seen, SPARED)
        asked = request.args.get("v")
        if asked and (now is SPARED or asked == now.version):
            return UNCHANGED
        template = "_pipeline.html" if htmx_request.htmx else "pipeline.html"
        return self._page(template, step=None, panel=now, pauses=pipeline.PAUSES)

    def _seen(self) -> Panel:
        try:
            return pipeline.panel(self._guide.labs.lab(g.person))
        except NoGround as reason:
            return Panel(code="NotPrepared", words=str(reason))

    def _task(self, step: Step) -> Task:
        """How far they are, with the questions that they see, as far as AWS may be asked for that."""
        task = self._guide.task(g.person, step.slug, asking=False)
        if not step.asks:
            return task
        nothing: list[Question] = []
        asked = self._guide.watch.lent(g.person, lambda: _questions(step, self._lab()), nothing)
        answers = dict(self._guide.progress.answers(g.person.id))
        return replace(task, questions=tuple(asked), answers=answers)

    def _lab(self) -> Lab:
        return self._guide.labs.lab(g.person)

    def _page(self, template: str, **more: object) -> str:
        addresses = Addresses(g.event.id, g.person)
        return self._sheets.page(
            template, onlooker=addresses, step_url=addresses.step_url, session=NO_SESSION, **more
        )


def _in_their_place() -> None:
    """What the pages of attendees know of who asks is known of whom one looks at."""
    g.enrolled = g.person


def _questions(step: Step, lab: Lab) -> list[Question]:
    try:
        return step.questions(lab)
    except REFUSALS:
        return []
