"""What an attendee sees: the pages of the steps, their work looked at, their pipeline, their terminal.

Every view asks who is there, makes one call to the guide, and fills one template. Forms work without
scripts: they answer with a 303; htmx gets the fragment instead.
"""

from __future__ import annotations

from flask import Blueprint, flash, g, make_response, redirect, request, session, url_for
from htmx_flask import request as htmx_request
from werkzeug.wrappers import Response

from workshop import pasted, terminal
from workshop.config import Config
from workshop.guide import Guide
from workshop.insight import pipeline
from workshop.insight.pipeline import Panel
from workshop.lab import REFUSALS, Lab, refusal
from workshop.labs import QUICK, NoGround
from workshop.language.tongue import gettext, marked
from workshop.presence import who_asks
from workshop.sheet import UNCHANGED, Answer, Sheets

AFRESH = marked(
    "AWS no longer knew your account, so it has been prepared afresh: what you had built in it is gone."
    " The list shows what is to be done again; “Catch me up to here” does it for you."
)
RESET = marked(
    "%(by)s has had your account emptied and prepared afresh (“%(reason)s”): what you had built in it is"
    " gone. The list shows what is to be done again; “Catch me up to here” does it for you."
)

SOON, LATER = 3, 12  # seconds until the page asks again
PATIENCE = 20.0  # seconds that a page without scripts waits for its turn to be prepared


class Attend:
    """The pages of those who have joined."""

    def __init__(self, guide: Guide, config: Config) -> None:
        self._guide = guide
        self._config = config
        self._sheets = Sheets(guide)

    def blueprint(self) -> Blueprint:
        """Every address, and what answers there."""
        pages = Blueprint("attend", __name__)
        pages.before_request(self._who_asks)
        pages.add_url_rule("/resume", view_func=self.resume)
        pages.add_url_rule("/prepare", view_func=self.preparing)
        pages.add_url_rule("/prepare", view_func=self.prepare, methods=["POST"])
        pages.add_url_rule("/steps/<slug>", view_func=self.step)
        pages.add_url_rule("/steps/<slug>/task", view_func=self.task)
        pages.add_url_rule("/steps/<slug>/check", view_func=self.check, methods=["POST"])
        pages.add_url_rule("/steps/<slug>/read", view_func=self.read, methods=["POST"])
        pages.add_url_rule("/pipeline", view_func=self.panel)
        pages.add_url_rule("/terminal", view_func=self.terminal)
        pages.add_url_rule("/terminal", view_func=self.renew, methods=["POST"])
        return pages

    def _who_asks(self) -> None:
        who_asks(self._guide)

    def resume(self) -> Response:
        """Where they were last in this browser, else the first step that is to do."""
        slug = session.get("at")
        if slug not in self._slugs():
            slug = self._guide.next_to_do(g.enrolled).slug
        return redirect(url_for("attend.step", slug=slug), code=303)

    def preparing(self) -> str:
        """The page that is seen while the account is prepared; it asks for that by itself."""
        return self._page("prepare.html", step=None, next=request.args.get("next", ""))

    def prepare(self) -> Response:
        """Prepare the account, then go to the step that they came for."""
        wanted = request.form.get("next", "")
        slug = wanted if wanted in self._slugs() else ""
        try:
            done = self._guide.labs.prepared(g.enrolled, QUICK if htmx_request.htmx else PATIENCE)
        except (NoGround, *REFUSALS) as reason:
            return self._not_prepared(slug, problem=_why(reason), again=SOON)
        if not done:
            before = self._guide.labs.before(g.enrolled)
            return self._not_prepared(slug, before=before, again=min(LATER, max(SOON, before // 2)))
        there = url_for("attend.step", slug=slug) if slug else url_for("attend.resume")
        if htmx_request.htmx:
            return Response(status=204, headers={"HX-Redirect": there})
        return redirect(there, code=303)

    def _not_prepared(self, slug: str, **why: object) -> Response:
        """Say why, where the attendee stands; with scripts the page asks again by itself."""
        template = "_preparing.html" if htmx_request.htmx else "prepare.html"
        html = self._page(template, step=None, next=slug, **why)
        return make_response(html, 200 if htmx_request.htmx else 503)

    def step(self, slug: str) -> Answer:
        """A step's page: the steps, the text, what is to do; the pipeline follows by itself."""
        guide, current = self._guide, g.course.step(slug)
        if not guide.labs.ready(g.enrolled):
            return redirect(url_for("attend.preparing", next=slug), code=303)
        session["at"] = slug
        self._tell_if_afresh()
        guide.progress.record_once(g.enrolled.id, "opened", slug)
        return self._page(
            "step.html",
            step=current,
            number=g.course.steps.index(current) + 1,
            body=guide.page(g.enrolled, current),
            written=guide.page_language(current),
            task=guide.task(g.enrolled, slug),
            before=g.course.before(slug),
            after=g.course.after(slug),
        )

    def task(self, slug: str) -> Answer:
        """How far it is; polled while a job runs, and silent while nothing has changed."""
        if request.args.get("v") == self._guide.task(g.enrolled, slug, asking=False).version:
            return UNCHANGED
        now = self._guide.task(g.enrolled, slug)
        return self._sheets.task(slug, now, focus=now.passed and not now.running)

    def check(self, slug: str) -> Answer:
        """Keep the answers, look at the work."""
        given = pasted.harmless(request.form.to_dict())
        self._guide.answer(g.enrolled, slug, given)
        self._guide.check(g.enrolled, slug)
        if not htmx_request.htmx:
            return self._sheets.back_to_task(slug)
        return self._sheets.task(slug, self._guide.task(g.enrolled, slug), focus=True)

    def read(self, slug: str) -> Response:
        """A page without a task has been read: onwards."""
        self._guide.read(g.enrolled, slug)
        onwards = g.course.after(slug)
        return redirect(url_for("attend.step", slug=onwards.slug if onwards else slug), code=303)

    def panel(self) -> Answer:
        """The attendee's pipeline; polled, and silent while nothing has changed."""
        try:
            now = pipeline.panel(self._guide.lab_of(g.enrolled))
        except NoGround as reason:
            now = Panel(code="NotPrepared", words=str(reason))
        except REFUSALS as error:
            code, words, _ = refusal(error)
            now = Panel(code=code, words=words)
        if not htmx_request.htmx:
            self._tell_if_afresh()
            return self._page("pipeline.html", step=None, panel=now, pauses=pipeline.PAUSES)
        latest = self._guide.progress.afresh(g.enrolled.id)
        if latest != session.get("afresh", latest):
            # Found out just now: what the whole page shows is no longer so.
            return Response(status=204, headers={"HX-Refresh": "true"})
        if request.args.get("v") == now.version:
            return UNCHANGED
        return self._page("_pipeline.html", panel=now, pauses=pipeline.PAUSES)

    def terminal(self) -> Answer:
        """Credentials for a terminal of the attendee's own; polled, and silent until they are renewed."""
        if terminal.still_good(request.args.get("until", "")):
            return UNCHANGED
        return self._terminal(self._guide.lab_of(g.enrolled))

    def renew(self) -> str:
        """New ones, with a whole hour before them."""
        self._guide.lab_of(g.enrolled)
        current = self._guide.progress.by_id(g.enrolled.id) or g.enrolled
        return self._terminal(self._guide.labs.renewed(current))

    def _terminal(self, lab: Lab) -> str:
        shown = terminal.credentials(lab)
        template = "_terminal.html" if htmx_request.htmx else "terminal.html"
        return self._page(template, step=None, credentials=shown, lab=lab)

    def _page(self, template: str, **more: object) -> str:
        return self._sheets.page(template, **more)

    def _slugs(self) -> set[str]:
        return {step.slug for step in g.course.steps}

    def _tell_if_afresh(self) -> None:
        """Say once that the account was started afresh: what was in it no longer counts.

        Whoever comes in by another browser is not told of what was before.
        """
        latest = self._guide.progress.afresh(g.enrolled.id)
        if latest != session.setdefault("afresh", latest):
            session["afresh"] = latest
            why = self._guide.progress.afresh_why(g.enrolled.id)
            flash(gettext(RESET, **why) if why.get("by") else gettext(AFRESH))


def _why(reason: Exception) -> str:
    return str(reason) if isinstance(reason, NoGround) else ": ".join(refusal(reason)[:2])
