"""The report of an event, and the files that one can take along."""

from __future__ import annotations

from collections.abc import Iterator

from flask import Blueprint, Response, g, render_template

from workshop.console import ledger
from workshop.console.guard import who_leads
from workshop.models import now
from workshop.room.event import Phase
from workshop.room.export import Exports
from workshop.room.findings import findings
from workshop.room.report import Report, Reports
from workshop.room.staff import Role

CSV, JSON = "text/csv; charset=utf-8", "application/json"
STEPS_OF_SCALE = (30, 60, 120, 300, 600, 900, 1800, 3600, 7200)  # seconds between two lines of a scale
MOST_LINES = 6


class ReportPages:
    """One page to read and print, and three files."""

    def __init__(self, reports: Reports, exports: Exports) -> None:
        self._reports = reports
        self._exports = exports

    def blueprint(self) -> Blueprint:
        """Every address, and what answers there."""
        pages = Blueprint("report", __name__)
        pages.before_request(who_leads)
        here = "/events/<int:event>"
        pages.add_url_rule(f"{here}/report", view_func=self.page)
        pages.add_url_rule(f"{here}/export.csv", view_func=self.steps)
        pages.add_url_rule(f"{here}/people.csv", view_func=self.people)
        pages.add_url_rule(f"{here}/export.json", view_func=self.record)
        return pages

    def page(self, event: int) -> str:
        """What the event came to; while it runs, what it has come to so far."""
        report = self._reports.of(g.event)
        return render_template(
            "report.html",
            event=g.event,
            report=report,
            findings=findings(report),
            scale=scale(report),
            so_far=g.event.phase(now()) in (Phase.LOBBY, Phase.OPEN),
            at=now(),
            names=_names(),
            deed=ledger.said,
        )

    def steps(self, event: int) -> Response:
        """A row a person and step."""
        return _file(self._exports.steps(g.event, _names()), "steps.csv", CSV)

    def people(self, event: int) -> Response:
        """A row a person."""
        return _file(self._exports.people(g.event, _names()), "people.csv", CSV)

    def record(self, event: int) -> Response:
        """Everything that happened."""
        return _file(self._exports.record(g.event, _names()), "record.json", JSON)


def scale(report: Report) -> tuple[float, list[int]]:
    """How far the drawing of times reaches, in seconds, and where its lines are."""
    spreads = [spread for one in report.stages for spread in (one.took, one.waited) if spread]
    longest = max((spread.high for spread in spreads), default=0.0) or 60.0
    apart = next((step for step in STEPS_OF_SCALE if longest / step <= MOST_LINES), STEPS_OF_SCALE[-1])
    return longest * 1.02, list(range(apart, int(longest) + 1, apart))


def _names() -> bool:
    """Whether who asks is told people's names; an observer knows them by their handles."""
    return bool(g.role == Role.FACILITATOR)


def _file(pieces: Iterator[str], name: str, kind: str) -> Response:
    answer = Response(pieces, content_type=kind)
    answer.headers["Content-Disposition"] = f'attachment; filename="{g.event.code}-{name}"'
    return answer
