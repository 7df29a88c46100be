"""An attendee's access from elsewhere: links to go on with, and pasted credentials looked over."""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, render_template, request, session, url_for
from htmx_flask import request as htmx_request
from werkzeug.wrappers import Response

from workshop import pasted
from workshop.access import LIVES, Access, Link, NoLink, TooManyLinks
from workshop.guide import Guide
from workshop.language.tongue import gettext
from workshop.models import now
from workshop.presence import become, who_asks
from workshop.progress import Enrolled

SHOWN = 20


class Elsewhere:
    """The pages of "Your access", and the door that a link opens."""

    def __init__(self, guide: Guide, access: Access) -> None:
        self._guide = guide
        self._access = access

    def blueprint(self) -> Blueprint:
        """Every address, and what answers there."""
        pages = Blueprint("elsewhere", __name__)
        pages.add_url_rule("/go-on/<token>", view_func=self.ask)
        pages.add_url_rule("/go-on/<token>", view_func=self.enter, methods=["POST"])
        pages.add_url_rule("/access", view_func=self.access)
        pages.add_url_rule("/access/links", view_func=self.make, methods=["POST"])
        pages.add_url_rule("/access/links/<number>/revoke", view_func=self.revoke, methods=["POST"])
        pages.add_url_rule("/terminal/pasted", view_func=self.pasted, methods=["POST"])
        pages.before_request(self._who_asks)
        return pages

    def _who_asks(self) -> None:
        if request.endpoint not in ("elsewhere.ask", "elsewhere.enter"):
            who_asks(self._guide)

    def ask(self, token: str) -> str | tuple[str, int]:
        """Ask before anything happens: mail programs open links by themselves."""
        try:
            return render_template("go_on.html", who=self._whose(self._access.open(token)), token=token)
        except NoLink as reason:
            return _no_link(reason)

    def enter(self, token: str) -> Response | tuple[str, int]:
        """Go on as the attendee whose link it is."""
        try:
            link = self._access.open(token)
            self._access.use(link)
        except NoLink as reason:
            return _no_link(reason)
        become(self._whose(link), link.id)
        return redirect(url_for("attend.resume"), code=303)

    def _whose(self, link: Link) -> Enrolled:
        enrolled = self._guide.progress.by_id(link.enrolment)
        if enrolled is None:
            raise NoLink(gettext("This link is no longer known."))
        return enrolled

    def access(self) -> str:
        """The links there are, and a way to make one; one that was just made is shown this once."""
        token = session.pop("made", "")
        made = url_for("elsewhere.ask", token=token, _external=True) if token else ""
        links = self._access.of(g.enrolled.id)[:SHOWN]
        return self._page("access.html", links=links, made=made, lives=LIVES, at=now())

    def make(self) -> Response:
        """A new link; the page shows it."""
        try:
            _, token = self._access.make(g.enrolled.id, request.form.get("hours", 24, type=int))
        except TooManyLinks as reason:
            flash(str(reason))
        else:
            session["made"] = token
        return redirect(url_for("elsewhere.access"), code=303)

    def revoke(self, number: str) -> Response:
        """Let a link hold no longer, and whoever came in by it leave."""
        self._access.revoke(g.enrolled.id, number)
        flash(gettext("The link is revoked; whoever came in by it is out."))
        return redirect(url_for("elsewhere.access"), code=303)

    def pasted(self) -> str:
        """Look over what somebody copied. It is neither kept nor logged nor shown again."""
        lab = self._guide.lab_of(g.enrolled)
        verdict = pasted.judge(request.form.get("pasted", ""), lab)
        template = "_pasted.html" if htmx_request.htmx else "pasted.html"
        return self._page(template, verdict=verdict)

    def _page(self, template: str, **more: object) -> str:
        attendee = self._guide.labs.attendee(g.enrolled)
        return render_template(template, enrolled=g.enrolled, attendee=attendee, **more)


def _no_link(reason: NoLink) -> tuple[str, int]:
    return render_template("no_link.html", reason=str(reason)), 410
