"""The web app: wires the pages to the guide, and says what every answer carries."""

from __future__ import annotations

import hashlib
import logging
import secrets
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

from flask import Flask, Response, g, jsonify, redirect, request, url_for
from flask_wtf.csrf import CSRFProtect
from htmx_flask import Htmx
from werkzeug.wrappers import Response as Answer

from workshop import mishaps
from workshop.access import Access
from workshop.aid import Aid
from workshop.attend import Attend
from workshop.config import HOME, Config
from workshop.course import load
from workshop.door import Door
from workshop.elsewhere import Elsewhere
from workshop.evidence import Evidence, address
from workshop.guide import Guide
from workshop.jobs import Jobs
from workshop.labs import Labs
from workshop.language import language, words
from workshop.models import connect
from workshop.progress import Progress
from workshop.vault import Vault
from workshop.watch.budget import Budget
from workshop.watch.sights import Sights

log = logging.getLogger(__name__)

LOOPBACK = ("127.0.0.1", "localhost", "::1")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self';"
    " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
KEPT = timedelta(days=180)
BIGGEST_FORM = 64 * 1024


class Pages(Flask):
    """Flask, with a reference in the log for every bug, which the apology shows as well."""

    def log_exception(
        self, exc_info: tuple[type, BaseException, TracebackType] | tuple[None, None, None]
    ) -> None:
        g.reference = secrets.token_hex(4)
        log.error("reference %s: %s %s", g.reference, request.method, request.path, exc_info=exc_info)


def create_app(config: Config) -> Flask:
    """The app for these settings; its database has been migrated."""
    app = Pages(__name__, template_folder=str(HOME / "templates"), static_folder=str(HOME / "static"))
    app.config.update(_settings(config))
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.extensions["guide"] = guide = _guide(config)
    app.extensions["access"] = access = Access(connect(config.database), config.secret_key)
    CSRFProtect(app)
    Htmx(app)
    language.listen(app)
    app.jinja_env.globals["evidence_at"] = address
    words.teach(app, config, _assets(Path(app.static_folder or "")))
    mishaps.receive(app)
    app.register_blueprint(Door(guide, config).blueprint())
    app.register_blueprint(Attend(guide, config).blueprint())
    app.register_blueprint(Evidence(guide).blueprint())
    app.register_blueprint(Elsewhere(guide, config, access).blueprint())
    app.register_blueprint(Aid(guide).blueprint())
    app.after_request(_headers)
    app.add_url_rule("/healthz", "healthz", lambda: _health(guide))
    app.add_url_rule("/theme", "theme", _theme, methods=["POST"])
    app.add_url_rule("/favicon.ico", "favicon", lambda: redirect(url_for("static", filename="favicon.svg")))
    return app


def _settings(config: Config) -> dict[str, Any]:
    here = config.host in LOOPBACK
    return {
        "SECRET_KEY": config.secret_key,
        "SESSION_COOKIE_NAME": f"workshop-{config.port}",
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SECURE": not here and not config.local,
        "PERMANENT_SESSION_LIFETIME": KEPT,
        "MAX_CONTENT_LENGTH": BIGGEST_FORM,
        "WTF_CSRF_TIME_LIMIT": None,  # as long as the session: nobody loses what they typed
        # Against pages elsewhere that make their own name lead here (DNS rebinding).
        "TRUSTED_HOSTS": ["127.0.0.1", "localhost", "[::1]"] if here else None,
        "SEND_FILE_MAX_AGE_DEFAULT": timedelta(days=365),
    }


def _guide(config: Config) -> Guide:
    engine = connect(config.database)
    progress = Progress(engine, config.first_account)
    labs = Labs(config, progress, Vault(config.secret_key))
    return Guide(load(config.course), progress, labs, Jobs(engine), Sights(engine), Budget(engine))


def _assets(folder: Path) -> dict[str, str]:
    """A mark of each file's contents, so that browsers may keep a file and still see a change."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()[:10]
        for path in files
    }


def _headers(answer: Response) -> Response:
    answer.headers.update(HEADERS)
    if request.endpoint != "static":
        # Pages hold credentials and what only one attendee may see.
        answer.headers["Cache-Control"] = "no-store"
        answer.headers.add("Vary", "HX-Request")
    return answer


def _health(guide: Guide) -> Response:
    """Whether the database answers (else this is an error) and a worker lives."""
    return jsonify(web=True, worker=guide.jobs.worker_alive())


def _theme() -> Answer:
    """Keep the choice of light or dark, for those without scripts."""
    answer = redirect(mishaps.where_they_stood(), code=303)
    chosen = request.form.get("theme", "")
    if chosen in ("light", "dark"):
        answer.set_cookie("theme", chosen, max_age=KEPT, samesite="Lax")
    else:
        answer.delete_cookie("theme")
    return answer
