"""The certificate of those who have finished, and the page that confirms it to whoever asks."""

from __future__ import annotations

import segno
from flask import Blueprint, g, redirect, render_template, request, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from workshop.guide import Guide
from workshop.language.tongue import gettext
from workshop.presence import who_asks
from workshop.room.certificate import Certificate, Certificates, NoCertificate, NoName, NotFinished
from workshop.sheet import Sheets

Page = str | Response | tuple[str, int]


class Diploma:
    """Two pages: one's own, and the one that anybody may see who has its address."""

    def __init__(self, guide: Guide, certificates: Certificates) -> None:
        self._guide = guide
        self._certificates = certificates
        self._sheets = Sheets(guide)

    def blueprint(self) -> Blueprint:
        """Every address, and what answers there."""
        pages = Blueprint("diploma", __name__)
        pages.add_url_rule("/certificate", view_func=self.mine)
        pages.add_url_rule("/certificate", "issue", self.issue, methods=["POST"])
        pages.add_url_rule("/certificate/<token>", view_func=self.confirm)
        return pages

    def mine(self) -> Page:
        """What is missing; or the certificate as it will be, to be issued; or the one that was."""
        who_asks(self._guide)
        return self._mine()

    def issue(self) -> Page:
        """Issue it under the name that was given."""
        who_asks(self._guide)
        try:
            self._certificates.issue(g.enrolled, request.form.get("name", ""))
        except NoName:
            return self._mine(gettext("A certificate needs a name: type yours.")), 422
        except NotFinished:
            pass  # the page says what is missing
        return redirect(url_for("diploma.mine"), code=303)

    def _mine(self, problem: str = "") -> str:
        standing = self._certificates.of(g.enrolled)
        address = url_for("diploma.confirm", token=self._certificates.token(g.enrolled), _external=True)
        return self._sheets.page(
            "certificate.html",
            step=None,
            standing=standing,
            shown=standing.issued or standing.due,
            problem=problem,
            address=address if standing.issued else "",
            code=_code(address) if standing.issued else "",
        )

    def confirm(self, token: str) -> Page:
        """Who has finished what, and when: for whoever was given the address."""
        try:
            shown: Certificate | None = self._certificates.confirmed(token)
        except NoCertificate:
            shown = None
        code = _code(request.url) if shown else ""
        html = render_template("confirmed.html", shown=shown, address=request.url, code=code)
        return (html, 200) if shown else (html, 404)


def _code(address: str) -> Markup:
    """The address as a QR code."""
    drawn = segno.make(address, error="m").svg_inline(
        omitsize=True, border=0, svgclass="qr", lineclass=None, dark="#1a1c20"
    )
    return Markup(drawn)
