"""What an attendee sees: the pages of the steps, their work looked at, their pipeline, their terminal."""

from __future__ import annotations

from functools import partial

from flask import Blueprint, flash, g, make_response, redirect, render_template, request, session, url_for
from htmx_flask import request as htmx_request
from werkzeug.wrappers import Response

from workshop import pipeline, terminal
from workshop.config import Config
from workshop.guide import Guide, Task
from workshop.lab import REFUSALS, refusal
from workshop.labs import NoGround
from workshop.mishaps import NotSignedIn
from workshop.pipeline import Panel
from workshop.progress import Mark

UNCHANGED = ("", 204)
AFRESH = (
    "AWS no longer knew your account, so it has been prepared afresh: what you had built in it is gone."
    " Walk the steps again, or let them be done for you."
)


def blueprint(guide: Guide, config: Config) -> Blueprint:
    """The pages of those who have joined."""
    pages = Blueprint("attend", __name__)
    pages.before_request(partial(_who_asks, guide))

    def page(template: str, **more: object) -> str:
        states = guide.states(g.enrolled)
        return render_template(
            template,
            enrolled=g.enrolled,
            attendee=guide.labs.attendee(g.enrolled),
            course=guide.course,
            states=states,
            done=sum(state != Mark.TODO for state in states.values()),
            **more,
        )

    def task_page(slug: str, task: Task, focus: bool = False) -> Response:
        step, after = guide.course.step(slug), guide.course.after(slug)
        html = page("_task_answer.html", step=step, task=task, after=after, focus=focus)
        answer = make_response(html)
        answer.headers["HX-Trigger"] = "work"
        return answer

    @pages.get("/resume")
    def resume() -> Response:
        known = {step.slug for step in guide.course.steps}
        slug = session.get("at") if session.get("at") in known else guide.next_to_do(g.enrolled).slug
        return redirect(url_for("attend.step", slug=slug), code=303)

    @pages.get("/prepare")
    def preparing() -> str:
        return page("prepare.html", step=None, next=request.args.get("next", ""), problem="")

    @pages.post("/prepare")
    def prepare() -> str | Response | tuple[str, int]:
        wanted = request.form.get("next", "")
        slug = wanted if wanted in {step.slug for step in guide.course.steps} else ""
        try:
            guide.lab_of(g.enrolled)
        except NoGround as reason:
            return _not_prepared(page, slug, str(reason))
        except REFUSALS as error:
            return _not_prepared(page, slug, ": ".join(refusal(error)[:2]))
        there = url_for("attend.step", slug=slug) if slug else url_for("attend.resume")
        if htmx_request.htmx:
            return Response(status=204, headers={"HX-Redirect": there})
        return redirect(there, code=303)

    @pages.get("/steps/<slug>")
    def step(slug: str) -> str | Response:
        current = guide.course.step(slug)
        if not guide.labs.ready(g.enrolled):
            return redirect(url_for("attend.preparing", next=slug), code=303)
        session["at"] = slug
        _tell_if_afresh(guide)
        guide.progress.record_once(g.enrolled.id, "opened", slug)
        return page(
            "step.html",
            step=current,
            number=guide.course.steps.index(current) + 1,
            body=guide.page(g.enrolled, current),
            task=guide.task(g.enrolled, slug),
            before=guide.course.before(slug),
            after=guide.course.after(slug),
        )

    @pages.get("/steps/<slug>/task")
    def task(slug: str) -> str | Response | tuple[str, int]:
        """How far it is; polled while a job runs, and silent while nothing has changed."""
        now = guide.task(g.enrolled, slug, asking=False)
        if request.args.get("v") == now.version:
            return UNCHANGED
        full = guide.task(g.enrolled, slug)
        return task_page(slug, full, focus=not full.running and full.passed)

    @pages.post("/steps/<slug>/check")
    def check(slug: str) -> Response | tuple[str, int]:
        guide.answer(g.enrolled, slug, request.form.to_dict())
        guide.look(g.enrolled, slug)
        if not htmx_request.htmx:
            return redirect(url_for("attend.step", slug=slug, _anchor="task"), code=303)
        now = guide.task(g.enrolled, slug)
        if request.args.get("v") == now.version:  # it looked again by itself
            return UNCHANGED
        return task_page(slug, now, focus="v" not in request.args)

    @pages.post("/steps/<slug>/do")
    def do(slug: str) -> Response:
        guide.do(g.enrolled, slug)
        if not htmx_request.htmx:
            return redirect(url_for("attend.step", slug=slug, _anchor="task"), code=303)
        return task_page(slug, guide.task(g.enrolled, slug))

    @pages.post("/steps/<slug>/read")
    def read(slug: str) -> Response:
        guide.read(g.enrolled, slug)
        onwards = guide.course.after(slug)
        return redirect(url_for("attend.step", slug=onwards.slug if onwards else slug), code=303)

    @pages.get("/pipeline")
    def panel() -> str | Response | tuple[str, int]:
        """The attendee's pipeline; polled, and silent while nothing has changed."""
        try:
            now = pipeline.panel(guide.lab_of(g.enrolled))
        except NoGround as reason:
            now = Panel(code="NotPrepared", words=str(reason))
        except REFUSALS as error:
            code, words, _ = refusal(error)
            now = Panel(code=code, words=words)
        if not htmx_request.htmx:
            return page("pipeline.html", step=None, panel=now)
        return UNCHANGED if request.args.get("v") == now.version else page("_pipeline.html", panel=now)

    @pages.route("/terminal", methods=["GET", "POST"])
    def terminal_page() -> str:
        """Credentials; POST is for new ones, with a whole hour before them."""
        lab = guide.lab_of(g.enrolled)
        if request.method == "POST":
            lab = guide.labs.renewed(guide.progress.by_id(g.enrolled.id) or g.enrolled)
        shown = terminal.credentials(lab, config.endpoint_url)
        template = "_terminal.html" if htmx_request.htmx else "terminal.html"
        return page(template, step=None, credentials=shown, lab=lab)

    return pages


def _who_asks(guide: Guide) -> None:
    g.enrolled = guide.progress.by_ticket(session.get("ticket", ""))
    if g.enrolled is None:
        raise NotSignedIn


def _tell_if_afresh(guide: Guide) -> None:
    """Say once that the account was started afresh: what was in it is gone, and no longer counts."""
    latest = guide.progress.afresh(g.enrolled.id)
    if latest != session.get("afresh", 0):
        session["afresh"] = latest
        flash(AFRESH)


def _not_prepared(page: object, slug: str, problem: str) -> Response:
    """Say why, where the attendee stands; with scripts the page tries again by itself."""
    template = "_preparing.html" if htmx_request.htmx else "prepare.html"
    html = page(template, step=None, next=slug, problem=problem)  # type: ignore[operator]
    return make_response(html, 200 if htmx_request.htmx else 503)
