"""Which language a reader is answered in: their choice, else what their browser asks for."""

from __future__ import annotations

from datetime import datetime

from flask import Flask, Response, redirect, request
from werkzeug.wrappers import Response as Answer

from workshop import mishaps
from workshop.language import tongue
from workshop.language.tongue import LANGUAGES, gettext, marked

COOKIE = "language"
# What the script says; it finds these words on the page's body.
SCRIPT = {
    "copy": marked("Copy"),
    "copied": marked("Copied"),
    "pressCopy": marked("Press Ctrl+C"),
    "now": marked("just now"),
    "ago": marked("{time} ago"),
    "left": marked("{time} left"),
    "fiveMinutes": marked("Five minutes are left."),
    "timeUp": marked("Time is up"),
    "unreachable": marked(
        "The workshop does not answer. Is it still running? This page goes on as soon as it is back;"
        " nothing is lost."
    ),
}
KEPT = 180 * 24 * 60 * 60


def listen(app: Flask) -> None:
    """Answer everybody in their language, and let templates say so."""
    app.before_request(_choose)
    app.teardown_request(lambda _: tongue.speak(tongue.DEFAULT))
    app.after_request(_vary)
    app.add_url_rule("/language", "language", _switch, methods=["POST"])
    jinja = app.jinja_env
    jinja.add_extension("jinja2.ext.i18n")
    jinja.install_gettext_callables(  # type: ignore[attr-defined]  # the extension adds it
        tongue.template_gettext, tongue.template_ngettext, newstyle=True
    )
    jinja.policies["ext.i18n.trimmed"] = True
    jinja.filters.update(
        told=tongue.told,
        digits=tongue.digits,
        at_time=tongue.at_time,
        until_day=until_day,
        filesizeformat=size,
    )
    jinja.globals.update(language=tongue.spoken, languages=LANGUAGES, script_words=script_words)


def script_words() -> dict[str, str]:
    """The words of the script in the language that is spoken."""
    return {key: gettext(words) for key, words in SCRIPT.items()}


def size(number: float) -> str:
    """A number of bytes: "512 Bytes", "1.2 kB", "3 MB"."""
    if number < 1000:
        return gettext("%(number)s Bytes", number=tongue.digits(number))
    unit, many = ("kB", number / 1e3) if number < 1e6 else ("MB", number / 1e6)
    return f"{tongue.digits(round(many, 1))} {unit}"


def until_day(at: datetime) -> str:
    """A time within a few days: "Tue 14:05 UTC"."""
    return gettext("%(time)s UTC", time=tongue.at_time(at, "EEE HH:mm"))


def _choose() -> None:
    chosen = request.cookies.get(COOKIE, "")
    tongue.speak(chosen if chosen in LANGUAGES else tongue.preferred(list(request.accept_languages.values())))


def _vary(answer: Response) -> Response:
    if request.endpoint != "static":
        answer.headers["Content-Language"] = tongue.spoken()
        answer.headers.add("Vary", "Accept-Language")
    return answer


def _switch() -> Answer:
    """Keep the choice, and show the same page again."""
    answer = redirect(mishaps.where_they_stood(), code=303)
    chosen = request.form.get("language", "")
    if chosen in LANGUAGES:
        answer.set_cookie(COOKIE, chosen, max_age=KEPT, samesite="Lax", secure=request.is_secure)
    return answer
