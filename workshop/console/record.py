"""What was done, to be read: in one event by those who help there, everywhere by owners."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable

from flask import Blueprint, g, render_template, request
from werkzeug.wrappers import Response

from workshop.console import ledger
from workshop.console.guard import owners_only, who_leads
from workshop.progress import Progress
from workshop.room.staff import Deed, Staff

MOST = 500
ALL = 100_000
RISKY = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would compute


class Record:
    """The same page twice, each also as CSV."""

    def __init__(self, staff: Staff, progress: Progress, title: Callable[[str], str]) -> None:
        self._staff = staff
        self._progress = progress
        self._title = title

    def blueprint(self) -> Blueprint:
        """Every address, and what answers there."""
        pages = Blueprint("record", __name__)
        pages.before_request(who_leads)
        pages.add_url_rule("/events/<int:event>/log", view_func=self.of_event)
        pages.add_url_rule("/events/<int:event>/log.csv", view_func=self.of_event_as_csv)
        pages.add_url_rule("/staff/log", view_func=self.everywhere)
        pages.add_url_rule("/staff/log.csv", view_func=self.everywhere_as_csv)
        return pages

    def of_event(self, event: int) -> str:
        """What was done in this event."""
        return self._page(event)

    def of_event_as_csv(self, event: int) -> Response:
        """The same as a file."""
        return self._csv(event)

    def everywhere(self) -> str:
        """What was done anywhere."""
        owners_only()
        return self._page(None)

    def everywhere_as_csv(self) -> Response:
        """The same as a file."""
        owners_only()
        return self._csv(None)

    def _page(self, event: int | None) -> str:
        who, what = request.args.get("who", ""), request.args.get("what", "")
        deeds = self._staff.deeds(event, ALL if who or what else MOST + 1)
        found = [one for one in deeds if who in ("", one.who) and what in ("", one.what)]
        return render_template(
            "log_of_deeds.html",
            event=g.get("event"),
            deeds=found[:MOST],
            more=len(found) > MOST,
            handles=self._handles(event),
            whos=sorted({one.who for one in deeds if one.who} | {who} - {""}),
            whats=sorted({one.what for one in deeds} | {what} - {""}),
            who=who,
            what=what,
            said=ledger.said,
            details=self._details,
        )

    def _handles(self, event: int | None) -> dict[int, str]:
        return {one.id: one.handle for one in self._progress.of_event(event)} if event is not None else {}

    def _csv(self, event: int | None) -> Response:
        handles, out = self._handles(event), io.StringIO()
        rows = csv.writer(out)
        rows.writerow(["at", "who", "what", "event", "whom", "why", "details"])
        for one in self._staff.deeds(event, ALL):
            whom = handles.get(one.enrolment or 0, str(one.enrolment or ""))
            cells = [
                one.at.isoformat(),
                one.who,
                one.what,
                str(one.event or ""),
                whom,
                one.reason,
                self._details(one),
            ]
            rows.writerow([f"'{cell}" if cell.startswith(RISKY) else cell for cell in cells])
        name = f"log-{event}.csv" if event is not None else "log.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(out.getvalue(), headers=headers, mimetype="text/csv")

    def _details(self, deed: Deed) -> str:
        return ledger.details(deed, self._title)
