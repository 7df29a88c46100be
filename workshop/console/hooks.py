"""Where an event's news are sent, as facilitators choose it, and how that goes."""

from __future__ import annotations

import hashlib
from datetime import datetime
from urllib.parse import urlsplit

from flask import Blueprint, flash, g, redirect, render_template, request, session, url_for
from htmx_flask import request as htmx_request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from workshop.console.guard import who_leads
from workshop.language.tongue import gettext
from workshop.models import now
from workshop.room.hooks import KINDS, MOST, TEST, TRIES, Delivery, Hook, Hooks, TooMany, kind_words, known
from workshop.room.news import message
from workshop.room.staff import Role
from workshop.room.whereto import NotThere, Whereto

JUST_MADE = "hook"  # in the session: the hook whose secret is shown on the next page, and never again
Page = str | Response | tuple[str, int]


class HookPages:
    """One page, on which everything is done."""

    def __init__(self, hooks: Hooks, whereto: Whereto) -> None:
        self._hooks = hooks
        self._whereto = whereto

    def blueprint(self) -> Blueprint:
        """Every address, and what answers there."""
        pages = Blueprint("hooks", __name__)
        pages.before_request(who_leads)
        here = "/events/<int:event>/hooks"
        pages.add_url_rule(here, view_func=self.all)
        pages.add_url_rule(here, "add", self.add, methods=["POST"])
        pages.add_url_rule(f"{here}/<int:hook>/test", view_func=self.test, methods=["POST"])
        pages.add_url_rule(f"{here}/<int:hook>/remove", view_func=self.remove, methods=["POST"])
        pages.add_url_rule(f"{here}/retry/<int:delivery>", view_func=self.retry, methods=["POST"])
        return pages

    def all(self, event: int) -> Page:
        """The addresses with their newest deliveries; polled, and silent while nothing has changed."""
        if not htmx_request.htmx:
            return self._page()
        shown = self._shown()
        if request.args.get("v") == _version(shown):
            return "", 204
        return self._list(shown)

    def add(self, event: int) -> Page:
        """Send news there from now on; the next page shows the secret, once."""
        url, kinds = request.form.get("url", "").strip(), known(request.form.getlist("kinds"))
        if not kinds:
            return self._page(gettext("Choose at least one thing to be told of."), url), 422
        try:
            self._whereto.find(url)
            made = self._hooks.add(event, url, kinds)
        except NotThere as reason:
            return self._page(str(reason), url, kinds), 422
        except TooMany:
            problem = gettext("An event has at most %(most)s addresses: remove one first.", most=MOST)
            return self._page(problem, url, kinds), 409
        session[JUST_MADE] = made.id
        g.deed = {"host": _host(url), "kinds": list(kinds)}
        return redirect(url_for("hooks.all", event=event, _anchor="secret"), code=303)

    def test(self, event: int, hook: int) -> Page:
        """Send something that tells nothing."""
        found = self._found(hook)
        body = message(TEST, now(), event, g.event.code, g.event.name, asked_by=g.facilitator.name)
        self._hooks.test(found, body)
        return self._done(gettext("A test is on its way."))

    def remove(self, event: int, hook: int) -> Page:
        """Send nothing there any more."""
        g.deed = {"host": _host(self._found(hook).url)}
        self._hooks.remove(event, hook)
        return self._done(gettext("It is removed: nothing is sent there any more."))

    def retry(self, event: int, delivery: int) -> Page:
        """Send again what has not arrived."""
        if not self._hooks.retry(event, delivery):
            return self._done(gettext("It has arrived by now, or its address is gone."))
        return self._done(gettext("It is sent again."))

    def _found(self, number: int) -> Hook:
        hook = self._hooks.get(g.event.id, number)
        if hook is None:
            raise NotFound
        return hook

    def _done(self, words: str) -> Page:
        if htmx_request.htmx:
            return self._list(self._shown(), words)
        flash(words)
        return redirect(url_for("hooks.all", event=g.event.id), code=303)

    def _shown(self) -> list[tuple[Hook, list[Delivery]]]:
        return [(hook, self._hooks.deliveries(hook.id)) for hook in self._hooks.of_event(g.event.id)]

    def _page(self, problem: str = "", url: str = "", kinds: tuple[str, ...] = ()) -> str:
        made = session.pop(JUST_MADE, None) if g.role == Role.FACILITATOR else None
        mine = self._hooks.get(g.event.id, made) if made else None
        secret = self._hooks.secret(mine.id) if mine else ""
        more = {"problem": problem, "url": url, "chosen": kinds or tuple(KINDS), "secret": secret}
        return self._filled("hooks.html", self._shown(), **more)

    def _list(self, shown: list[tuple[Hook, list[Delivery]]], said: str = "") -> str:
        return self._filled("_hooks.html", shown, said=said)

    @staticmethod
    def _filled(template: str, shown: list[tuple[Hook, list[Delivery]]], **more: object) -> str:
        return render_template(
            template,
            event=g.event,
            hooks=shown,
            version=_version(shown),
            all_kinds=tuple(KINDS),
            kind_words=kind_words,
            host=_host,
            happened=_happened,
            said_of=gettext,
            tries=TRIES,
            may=g.role == Role.FACILITATOR,
            **more,
        )


def _host(url: str) -> str:
    """The part of an address that is no secret: what follows it may let anybody in who knows it."""
    return urlsplit(url).hostname or ""


def _happened(delivery: Delivery) -> datetime:
    return datetime.fromisoformat(delivery.body["timestamp"])


def _version(shown: list[tuple[Hook, list[Delivery]]]) -> str:
    return hashlib.sha256(repr(shown).encode()).hexdigest()[:12]
