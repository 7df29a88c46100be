"""How facilitators come in: by a password, by an OIDC provider, or by a link for the first time."""

from __future__ import annotations

import math
from datetime import timedelta

from flask import Blueprint, Flask, current_app, flash, g, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from workshop.config import Config
from workshop.console import guard
from workshop.console.oidc import NotVouched, Provider, back_to
from workshop.language.tongue import gettext
from workshop.room.admission import Admission, NotAdmitted
from workshop.room.attempts import Attempts
from workshop.room.staff import (
    SHORTEST,
    Facilitator,
    LoginTaken,
    NoLogin,
    NotTheFirst,
    Staff,
    WeakPassword,
)
from workshop.room.welcome import NotWelcome, Welcome

Page = str | Response | tuple[str, int] | tuple[str, int, dict[str, str]]


class SignIn:
    """The pages before the console, and the one password that somebody has."""

    def __init__(
        self, app: Flask, config: Config, staff: Staff, welcome: Welcome, attempts: Attempts
    ) -> None:
        self._staff = staff
        self._welcome = welcome
        self._attempts = attempts
        self._provider = Provider(app, config) if config.oidc_issuer else None
        self._admission = Admission(staff, config.oidc_allowed)

    def blueprint(self) -> Blueprint:
        """Every address, and what answers there."""
        pages = Blueprint("staff", __name__)
        pages.add_url_rule("/staff/sign-in", view_func=self.sign_in)
        pages.add_url_rule("/staff/sign-in", "enter", self.enter, methods=["POST"])
        pages.add_url_rule("/staff/sign-out", view_func=self.sign_out, methods=["POST"])
        pages.add_url_rule("/staff/set-up/<token>", view_func=self.set_up)
        pages.add_url_rule("/staff/set-up/<token>", "become_first", self.become_first, methods=["POST"])
        pages.add_url_rule("/staff/welcome/<token>", view_func=self.welcome)
        pages.add_url_rule("/staff/welcome/<token>", "choose", self.choose, methods=["POST"])
        pages.add_url_rule("/staff/password", view_func=self.password)
        pages.add_url_rule("/staff/password", "change_password", self.change_password, methods=["POST"])
        pages.add_url_rule("/staff/oidc", view_func=self.oidc)
        pages.add_url_rule("/staff/oidc/back", view_func=self.oidc_back)
        return pages

    def sign_in(self) -> Page:
        """The form; who is signed in goes on."""
        if guard.signed_in(self._staff):
            return redirect(onwards(request.args.get("next", "")), code=303)
        return self._form(request.args.get("next", ""))

    def enter(self) -> Page:
        """Sign in with a password."""
        login, wanted = request.form.get("login", ""), request.form.get("next", "")
        waits = self._attempts.begin(login)
        if waits:
            return self._form(wanted, login, _wait(waits)), 429, {"Retry-After": _seconds(waits)}
        who = self._staff.sign_in(login, request.form.get("password", ""))
        if who is None:
            problem = gettext("Nobody has this login with this password. Look at both once more.")
            return self._form(wanted, login, problem), 401
        self._attempts.forget(login)
        return self._in(who, wanted)

    def _in(self, who: Facilitator, wanted: str = "") -> Response:
        guard.sign_in(who)
        g.facilitator = who
        return redirect(onwards(wanted), code=303)

    def sign_out(self) -> Response:
        """Let this browser be no facilitator's."""
        g.facilitator = guard.signed_in(self._staff)
        guard.sign_out()
        flash(gettext("You are signed out."))
        return redirect(url_for("staff.sign_in"), code=303)

    def _form(self, wanted: str, login: str = "", problem: str = "") -> str:
        return render_template(
            "sign_in.html",
            next=wanted,
            login=login,
            problem=problem,
            provider=self._provider is not None,
            ownerless=self._staff.ownerless(),
        )

    def set_up(self, token: str) -> Page:
        """Where the first owner says who they are."""
        try:
            self._welcome.open_first(token)
        except NotWelcome as reason:
            return _no_link(reason)
        return render_template("set_up.html", login="", name="", problem="", least=SHORTEST)

    def become_first(self, token: str) -> Page:
        """Be the first owner, unless somebody was quicker."""
        login, name = request.form.get("login", ""), request.form.get("name", "")
        try:
            self._welcome.open_first(token)
            who = self._staff.first(login, name, _typed_twice())
        except (NotWelcome, NotTheFirst) as reason:
            return _no_link(reason)
        except (WeakPassword, NoLogin, LoginTaken) as reason:
            shown = {"login": login, "name": name, "problem": _why(reason), "least": SHORTEST}
            return render_template("set_up.html", **shown), 422
        return self._in(who)

    def welcome(self, token: str) -> Page:
        """Where somebody who was let in chooses their password."""
        try:
            who = self._welcome.open_choose(token)
        except NotWelcome as reason:
            return _no_link(reason)
        return render_template("welcome.html", who=who, problem="", least=SHORTEST)

    def choose(self, token: str) -> Page:
        """Choose it, once."""
        try:
            who = self._welcome.open_choose(token)
            now = self._staff.choose_password(who, _typed_twice())
        except NotWelcome as reason:
            return _no_link(reason)
        except WeakPassword as reason:
            shown = {"who": who, "problem": str(reason), "least": SHORTEST}
            return render_template("welcome.html", **shown), 422
        if now is None:
            return _no_link(NotWelcome(gettext("It has been used just now.")))
        self._attempts.forget(now.login)
        return self._in(now)

    def password(self) -> Page:
        """One's own password."""
        guard.who_leads()
        return render_template("password.html", problem="", least=SHORTEST)

    def change_password(self) -> Page:
        """Another one; other browsers are out, this one stays in."""
        guard.who_leads()
        try:
            self._prove()
            who = self._staff.choose_password(g.facilitator, _typed_twice())
        except (WeakPassword, NotProven) as reason:
            return render_template("password.html", problem=str(reason), least=SHORTEST), 422
        if who is None:  # it was changed in another browser just now
            g.deed = None
            raise guard.NoFacilitator
        flash(gettext("You have a new password. Other browsers are signed out."))
        return self._in(who)

    def _prove(self) -> None:
        """That it is them, by the old password if they have one. Raises NotProven."""
        login = g.facilitator.login
        if not self._staff.has_password(g.facilitator.id):
            return
        waits = self._attempts.begin(login)
        if waits:
            raise NotProven(_wait(waits))
        if self._staff.sign_in(login, request.form.get("old", "")) is None:
            raise NotProven(gettext("That is not your password until now."))
        self._attempts.forget(login)

    def oidc(self) -> Page:
        """To the provider."""
        wanted = request.args.get("next", "")
        if self._provider is None:
            return redirect(url_for("staff.sign_in"), code=303)
        try:
            return self._provider.depart(wanted)
        except NotVouched as reason:
            return self._form(wanted, problem=str(reason)), 503

    def oidc_back(self) -> Page:
        """Back from the provider, who says who they are."""
        if self._provider is None:
            return redirect(url_for("staff.sign_in"), code=303)
        wanted = back_to()
        try:
            who = self._admission.admit(self._provider.arrive())
        except (NotVouched, NotAdmitted) as reason:
            return self._form(wanted, problem=str(reason)), 403
        return self._in(who, wanted)


class NotProven(Exception):
    """It may be somebody else at their desk; the text says what did not fit."""


def onwards(wanted: str) -> str:
    """Where to go after signing in: a page of ours that was wanted, else the events."""
    ours = wanted.startswith("/") and not wanted.startswith(("//", "/\\")) and wanted.isprintable()
    return wanted if ours and "\\" not in wanted else current_app.url_for("events.all")


def _typed_twice() -> str:
    password = request.form.get("password", "")
    if password != request.form.get("again", ""):
        raise WeakPassword(gettext("The two passwords are not the same."))
    return password


def _why(reason: Exception) -> str:
    return gettext("Somebody has this login already.") if isinstance(reason, LoginTaken) else str(reason)


def _no_link(reason: Exception) -> tuple[str, int]:
    words = str(reason) or gettext("Somebody was quicker: there is an owner. Ask them to let you in.")
    return render_template("not_welcome.html", reason=words), 410


def _seconds(waits: timedelta) -> str:
    return str(math.ceil(waits.total_seconds()))


def _wait(waits: timedelta) -> str:
    return gettext(
        "Too many wrong passwords for this login. Wait %(seconds)s seconds, then try again; each wrong one"
        " makes it longer.",
        seconds=_seconds(waits),
    )
