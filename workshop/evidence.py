"""Evidence to look at: runs and their durations, logs, artifacts, changes, a permission's evaluation.

Everything is read as the attendee, so whoever may not see a thing is told so in AWS's words. Nothing
in these pages changes anything.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Blueprint, g, make_response, render_template, request, url_for
from werkzeug.wrappers import Response

from workshop.guide import Guide
from workshop.insight import artifacts, buildlog, changes, chart, permission, runs
from workshop.insight.artifacts import Unreadable
from workshop.insight.buildlog import NoLog
from workshop.insight.runs import NoRun
from workshop.lab import REFUSALS, Lab, refusal
from workshop.language.tongue import gettext
from workshop.presence import who_asks

NOT_THERE = (NoRun, NoLog, Unreadable)
LONGEST = 2048
ROLE_PLACES = ("service-role/", "")


class Evidence:
    """The pages behind the pipeline's panel and behind claims."""

    def __init__(self, guide: Guide) -> None:
        self._guide = guide

    def blueprint(self) -> Blueprint:
        """Every address, and what answers there."""
        pages = Blueprint("evidence", __name__)
        pages.before_request(lambda: who_asks(self._guide))
        for rule, view in (
            ("/pipeline/runs", self.runs),
            ("/pipeline/runs/<run>", self.run),
            ("/pipeline/runs/<run>/changes/<action>", self.changes),
            ("/pipeline/runs/<run>/artifacts/<name>", self.artifact),
            ("/pipeline/builds/<build>/log", self.log),
            ("/permission", self.permission),
        ):
            pages.add_url_rule(rule, view.__name__, self._looked(view))
        return pages

    def _looked(self, view: Callable[..., str]) -> Callable[..., Response]:
        """The view with the attendee's lab; what cannot be seen is a page that says why."""

        @wraps(view)
        def answer(**given: str) -> Response:
            lab = self._guide.lab_of(g.enrolled)
            try:
                return make_response(view(lab, **given))
            except NOT_THERE as reason:
                return make_response(self._unseen("", str(reason)), 404)
            except REFUSALS as error:
                code, words, advice = refusal(error)
                return make_response(self._unseen(code, words, advice), 403 if "Denied" in code else 502)

        return answer

    def _unseen(self, code: str, words: str, advice: str = "") -> str:
        return self._page("unseen.html", code=code, words=words, advice=advice)

    def runs(self, lab: Lab) -> str:
        """The history of runs, and how long they took."""
        return self._page("runs.html", **history(lab))

    def run(self, lab: Lab, run: str) -> str:
        """One run: its actions, and what there is to see of each."""
        return self._page("run.html", run=runs.one_run(lab, run))

    def changes(self, lab: Lab, run: str, action: str) -> str:
        """What a deployment changed, as a table."""
        found = runs.one_run(lab, run)
        act = found.act(action)
        return self._page("changes.html", run=found, act=act, deployed=changes.read(lab, found, act))

    def artifact(self, lab: Lab, run: str, name: str) -> str:
        """The files of an artifact, or one of them as text."""
        found = runs.one_run(lab, run)
        artifact, path = found.artifact(name), request.args.get("file", "")
        if path:
            text = artifacts.text(lab, artifact, path[:LONGEST])
            return self._page("artifact_file.html", run=found, artifact=artifact, text=text)
        return self._page("artifact.html", run=found, archive=artifacts.listed(lab, artifact))

    def log(self, lab: Lab, build: str) -> str:
        """A build's log; without ?sheet= the sheet with the failing line."""
        log = buildlog.read(lab, build)
        asked = request.args.get("sheet", type=int)
        sheet = asked or (log.sheet_of(log.fault.number) if log.fault else 1)
        return self._page("log.html", log=log, sheet=min(max(sheet, 1), log.sheets))

    def permission(self, lab: Lab) -> str:
        """A policy evaluation, drawn: who, what, on which, and which statement decided."""
        who, action, resource = (request.args.get(key, "").strip()[:LONGEST] for key in QUESTION)
        evaluation, problem = None, ""
        if who and action and resource:
            try:
                evaluation = permission.evaluate(lab, who, action, resource, _bucket(lab, resource), True)
            except REFUSALS as error:
                problem = ": ".join(refusal(error)[:2])
        asked = dict(zip(QUESTION, (who, action, resource), strict=True))
        return self._page("permission.html", evaluation=evaluation, problem=problem, asked=asked)

    def _page(self, template: str, **more: object) -> str:
        attendee = self._guide.labs.attendee(g.enrolled)
        return render_template(template, enrolled=g.enrolled, attendee=attendee, **more)


def _bucket(lab: Lab, resource: str) -> str:
    """The bucket whose policy is asked as well: one of those that are prepared for the attendee."""
    bucket = permission.bucket_of(resource)
    return bucket if bucket in (lab.packages, lab.artifacts) else ""


QUESTION = ("who", "action", "resource")


def history(lab: Lab) -> dict[str, Any]:
    """What the history of runs shows: the runs, and the chart of their durations."""
    found = runs.history(lab)
    return {"runs": found, "chart": chart.durations(found)}


def address(see: tuple[str, ...]) -> tuple[str, str] | None:
    """Where a finding's evidence is shown, and the words of the link; None for what no page shows."""
    match see:
        case ("permission", who, action, resource):
            return url_for("evidence.permission", who=who, action=action, resource=resource), (
                gettext("See which statement decides")
            )
        case ("log", build):
            return url_for("evidence.log", build=build, _anchor="fault"), gettext(
                "See the line in the whole log"
            )
        case ("run", run):
            return url_for("evidence.run", run=run), gettext("See the run")
    return None
