"""The people who may run events, for owners: letting in, letting go, and who lets others in."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash, g, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from workshop.console.guard import owners_only, who_leads
from workshop.language.tongue import gettext
from workshop.room.attempts import Attempts
from workshop.room.staff import Facilitator, LastOwner, LoginTaken, NoLogin, Staff
from workshop.room.welcome import Welcome

MADE = "link made for"


class People:
    """One page, and what its buttons do."""

    def __init__(self, staff: Staff, welcome: Welcome, attempts: Attempts) -> None:
        self._staff = staff
        self._welcome = welcome
        self._attempts = attempts

    def blueprint(self) -> Blueprint:
        """Every address, and what answers there."""
        pages = Blueprint("people", __name__)
        pages.before_request(who_leads)
        pages.before_request(owners_only)
        pages.add_url_rule("/staff", view_func=self.all)
        pages.add_url_rule("/staff", "add", self.add, methods=["POST"])
        for act in ("link", "end", "own", "disown"):
            pages.add_url_rule(f"/staff/<int:person>/{act}", act, getattr(self, act), methods=["POST"])
        return pages

    def all(self) -> str:
        """Everybody, and a link that has just been made: it is shown once."""
        return self._page(link=session.pop(MADE, None))

    def _page(self, **more: object) -> str:
        shown: dict[str, object] = {
            "people": self._staff.all(),
            "link": None,
            "problem": "",
            "login": "",
            "name": "",
        }
        return render_template("people.html", **(shown | more))

    def add(self) -> str | Response | tuple[str, int]:
        """Let somebody in under a login; they choose their password by a link."""
        login, name = request.form.get("login", ""), request.form.get("name", "")
        try:
            who = self._staff.invite(login, name, owner="owner" in request.form)
        except LoginTaken:
            problem = gettext("Somebody has this login already.")
            return self._page(problem=problem, login=login, name=name), 409
        except NoLogin as reason:
            return self._page(problem=str(reason), login=login, name=name), 422
        return self._show_link(who)

    def link(self, person: int) -> Response:
        """A link to choose a password anew, for one who has lost theirs."""
        who = self._staff.by_id(person)
        if who is None:  # an owner has just ended it
            return self._back("")
        self._attempts.forget(who.login)
        return self._show_link(who)

    def _show_link(self, who: Facilitator) -> Response:
        token = self._welcome.choose(who)
        session[MADE] = [who.name, url_for("staff.welcome", token=token, _external=True)]
        return self._back(who.login)

    def end(self, person: int) -> Response:
        """Let somebody run events no more."""
        return self._change(person, self._staff.end)

    def own(self, person: int) -> Response:
        """Let somebody let others in."""
        return self._change(person, lambda number: self._staff.set_owner(number, True))

    def disown(self, person: int) -> Response:
        """Let somebody let others in no longer."""
        return self._change(person, lambda number: self._staff.set_owner(number, False))

    def _change(self, person: int, change: Callable[[int], None]) -> Response:
        who = self._staff.by_id(person)
        if who is None:
            return self._back("")
        try:
            change(person)
        except LastOwner:
            flash(gettext("Nobody else is an owner: make somebody one first, or nobody could let others in."))
            return self._back("")
        return self._back(who.login)

    @staticmethod
    def _back(login: str) -> Response:
        g.deed = {"login": login} if login else None
        return redirect(url_for("people.all"), code=303)
