"""Help with a step: what would be done, doing it, catching up, starting over, hints, and live looks.

What only shows is a GET, and AWS is only asked; what changes is a POST. Every button is a form that
works without scripts, too: what opens beside the task is then a page of its own.
"""

from __future__ import annotations

from flask import Blueprint, g, request, session
from htmx_flask import request as htmx_request
from werkzeug.wrappers import Response

from workshop.guide import Guide
from workshop.jobs import Kind
from workshop.presence import who_asks
from workshop.sheet import UNCHANGED, Answer, Sheets


class Aid:
    """The addresses of all help."""

    def __init__(self, guide: Guide) -> None:
        self._guide = guide
        self._sheets = Sheets(guide)

    def blueprint(self) -> Blueprint:
        """Every address, and what answers there."""
        pages = Blueprint("aid", __name__)
        pages.before_request(lambda: who_asks(self._guide))
        pages.add_url_rule("/steps/<slug>/plan", view_func=self.plan)
        pages.add_url_rule("/steps/<slug>/do", view_func=self.do, methods=["POST"])
        pages.add_url_rule("/steps/<slug>/ask-first", view_func=self.ask_first, methods=["POST"])
        pages.add_url_rule("/steps/<slug>/over", view_func=self.over)
        pages.add_url_rule("/steps/<slug>/over", view_func=self.start_over, methods=["POST"])
        pages.add_url_rule("/steps/<slug>/catch-up", view_func=self.ahead)
        pages.add_url_rule("/steps/<slug>/catch-up", view_func=self.catch_up, methods=["POST"])
        pages.add_url_rule("/steps/<slug>/stop", view_func=self.stop, methods=["POST"])
        pages.add_url_rule("/steps/<slug>/hint", view_func=self.hint, methods=["POST"])
        pages.add_url_rule("/steps/<slug>/live", view_func=self.live, methods=["POST"])
        pages.add_url_rule("/steps/<slug>/watch", view_func=self.watch, methods=["POST"])
        pages.add_url_rule("/again", view_func=self.again, methods=["POST"])
        return pages

    def plan(self, slug: str) -> Answer:
        """What "Do it for me" would do now; nothing is changed by asking."""
        return self._show(
            "_plan.html", slug, myself="myself" in request.args, offer=self._guide.plan(g.enrolled, slug)
        )

    def do(self, slug: str) -> Answer:
        """Ask for the step to be done; a second click shows the job that runs."""
        if request.form.get("straight"):
            session["straight"] = True
        return self._ask(slug, Kind.DO)

    def ask_first(self, slug: str) -> Answer:
        """Show what would be done before doing it, again."""
        session.pop("straight", None)
        return self._back(slug)

    def over(self, slug: str) -> Answer:
        """What starting over would take away, and what stands on that."""
        return self._show("_over.html", slug, offer=self._guide.undoing(g.enrolled, slug))

    def start_over(self, slug: str) -> Answer:
        """Take away what the step made."""
        return self._ask(slug, Kind.START_OVER)

    def ahead(self, slug: str) -> Answer:
        """Which steps come before this one and do not hold."""
        return self._show("_ahead.html", slug, ahead=self._guide.ahead(g.enrolled, slug))

    def catch_up(self, slug: str) -> Answer:
        """Do all of them."""
        return self._ask(slug, Kind.CATCH_UP)

    def stop(self, slug: str) -> Answer:
        """Stop catching up before the next step."""
        self._guide.jobs.stop(g.enrolled.id)
        return self._back(slug)

    def hint(self, slug: str) -> Answer:
        """One more hint."""
        self._guide.hint(g.enrolled, slug)
        return self._back(slug)

    def live(self, slug: str) -> Answer:
        """The page looks by itself; silent while there is nothing new."""
        if session.get("watch", True):
            self._guide.watch.glance(g.enrolled, slug, eager="back" in request.form)
        if request.args.get("v") == self._guide.task(g.enrolled, slug, asking=False).version:
            return UNCHANGED
        now = self._guide.task(g.enrolled, slug)
        return self._sheets.task(slug, now, focus=now.passed, shut=now.passed)

    def watch(self, slug: str) -> Answer:
        """Whether pages look by themselves, in this browser."""
        session["watch"] = request.form.get("on") == "1"
        return self._back(slug)

    def again(self) -> Answer:
        """Look again at one step that was done; the list asks for the next one by itself."""
        if not htmx_request.htmx:
            while self._guide.watch.again(g.enrolled):
                pass
            return self._sheets.back_to_task(self._at())
        looked = self._guide.watch.again(g.enrolled)
        if not looked:
            return UNCHANGED
        if looked == self._at():
            return self._at_hand(looked)
        return self._sheets.page("_steps.html", step=g.course.step(self._at()))

    def _at_hand(self, slug: str) -> Response:
        """What was looked at again is the very step of the page: its task changes as well."""
        answer = self._sheets.task(slug, self._guide.task(g.enrolled, slug), shut=False)
        answer.headers.update({"HX-Retarget": "#task", "HX-Reswap": "innerHTML"})
        return answer

    def _at(self) -> str:
        known = {step.slug for step in g.course.steps}
        at = request.values.get("at", session.get("at", ""))
        return at if at in known else str(g.course.steps[0].slug)

    def _ask(self, slug: str, kind: Kind) -> Answer:
        self._guide.help(g.enrolled, slug, kind)
        return self._back(slug)

    def _back(self, slug: str) -> Answer:
        if not htmx_request.htmx:
            return self._sheets.back_to_task(slug)
        return self._sheets.task(slug, self._guide.task(g.enrolled, slug))

    def _show(self, template: str, slug: str, **more: object) -> Answer:
        step = g.course.step(slug)
        whole = template if htmx_request.htmx else "aid.html"
        return self._sheets.page(whole, step=step, inside=template, **more)
