"""The web app: wires the pages to the guide, and says what every answer carries."""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from types import TracebackType

from argon2 import PasswordHasher
from flask import Flask, Response, g, jsonify, redirect, request, url_for
from flask_wtf.csrf import CSRFProtect
from htmx_flask import Htmx
from sqlalchemy import Engine
from werkzeug.routing import Rule
from werkzeug.wrappers import Response as Answer

from workshop import mishaps
from workshop.access import Access
from workshop.aid import Aid
from workshop.attend import Attend
from workshop.config import HOME, Config
from workshop.console import ledger
from workshop.console.attendees import Attendees
from workshop.console.board import Wall
from workshop.console.control import Control
from workshop.console.crowd import Crowd
from workshop.console.events import EventPages
from workshop.console.helping import Helping
from workshop.console.hooks import HookPages
from workshop.console.onlooker import Onlooker
from workshop.console.people import People
from workshop.console.record import Record
from workshop.console.report import ReportPages
from workshop.console.sign_in import SignIn
from workshop.course import load
from workshop.diploma import Diploma
from workshop.door import Door
from workshop.elsewhere import Elsewhere
from workshop.evidence import Evidence, address
from workshop.guide import Guide
from workshop.jobs import Jobs
from workshop.labs import Labs
from workshop.language import language, words
from workshop.lobby import Lobby
from workshop.models import connect
from workshop.operations import limits, requests, shield
from workshop.operations.metrics import Metrics
from workshop.operations.pace import Pace
from workshop.operations.readiness import Readiness
from workshop.progress import Progress
from workshop.room.attempts import Attempts
from workshop.room.attendance import Attendance
from workshop.room.boards import Boards
from workshop.room.certificate import Certificates
from workshop.room.departure import Departures
from workshop.room.events import Events
from workshop.room.export import Exports
from workshop.room.hands import Hands
from workshop.room.hooks import Hooks
from workshop.room.invites import Invites
from workshop.room.notes import Notes
from workshop.room.report import Reports
from workshop.room.staff import Staff
from workshop.room.welcome import Welcome
from workshop.room.whereto import Whereto
from workshop.sheet import step_url
from workshop.support import Support
from workshop.vault import NEWS, Vault
from workshop.watch.budget import Budget
from workshop.watch.sights import Sights

log = logging.getLogger(__name__)


class Route(Rule):
    """A route that compiles what writes its address when that is asked for; werkzeug does so at once.

    For all of them together that takes longer than everything else that is done to make the app.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        compiled = cache(partial(super()._compile_builder, append_unknown))
        return lambda route, /, **values: compiled()(route, **values)


class Pages(Flask):
    """Flask, with a reference in the log for every bug, which the apology shows as well."""

    url_rule_class = Route

    def log_exception(
        self, exc_info: tuple[type, BaseException, TracebackType] | tuple[None, None, None]
    ) -> None:
        g.reference = secrets.token_hex(4)
        log.error("reference %s: %s %s", g.reference, request.method, requests.route(), exc_info=exc_info)


def create_app(config: Config, hasher: PasswordHasher | None = None) -> Flask:
    """The app for these settings; its database has been migrated. `hasher` is for facilitators' passwords."""
    app = Pages(__name__, template_folder=str(HOME / "templates"), static_folder=str(HOME / "static"))
    app.extensions["engine"] = engine = connect(config.database)
    app.config.update(shield.settings(config))
    shield.protect(app, config)
    requests.listen(app)
    app.extensions["pace"] = pace = Pace()
    pace.listen(app)
    Metrics(config.metrics_key, engine).listen(app)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.extensions["guide"] = guide = _guide(config, engine)
    app.extensions["access"] = access = Access(engine, config.secret_key)
    app.extensions["staff"] = staff = Staff(engine, hasher)
    language.listen(app)
    limits.listen(app)
    CSRFProtect(app)
    Htmx(app)
    app.jinja_env.globals["evidence_at"] = address
    words.teach(app, config, _assets(Path(app.static_folder or "")))
    mishaps.receive(app)
    app.register_blueprint(Door(guide, config, Invites(engine)).blueprint())
    app.register_blueprint(Lobby(guide).blueprint())
    app.register_blueprint(Attend(guide, config).blueprint())
    app.register_blueprint(Evidence(guide).blueprint())
    app.register_blueprint(Elsewhere(guide, access).blueprint())
    app.register_blueprint(Aid(guide).blueprint())
    support = Support(guide, Hands(engine), Notes(engine), Attendance(engine))
    app.register_blueprint(support.blueprint())
    app.extensions["boards"] = boards = Boards(engine, guide.course)
    app.register_blueprint(Wall(boards).blueprint())
    _afterwards(app, config, engine, guide)
    _console(app, config, engine, guide, staff)
    app.jinja_env.globals.update(news_now=support.now, step_title=guide.course.title, step_url=step_url)
    _help(app, engine, guide, access)
    app.add_url_rule("/healthz", "healthz", lambda: _health(guide))
    app.add_url_rule("/readyz", "readyz", Readiness(engine).answer)
    app.add_url_rule("/theme", "theme", _theme, methods=["POST"])
    app.add_url_rule("/favicon.ico", "favicon", lambda: redirect(url_for("static", filename="favicon.svg")))
    return app


def _afterwards(app: Flask, config: Config, engine: Engine, guide: Guide) -> None:
    """What is left of an event when it is over, and whom it tells of itself."""
    certificates = Certificates(engine, guide.course, config.secret_key)
    app.register_blueprint(Diploma(guide, certificates).blueprint())
    reports, exports = Reports(engine, guide.course), Exports(engine, guide.course)
    app.register_blueprint(ReportPages(reports, exports).blueprint())
    hooks = Hooks(engine, Vault(config.secret_key, NEWS))
    app.register_blueprint(HookPages(hooks, Whereto(config.hooks_to_private)).blueprint())


def _console(app: Flask, config: Config, engine: Engine, guide: Guide, staff: Staff) -> None:
    """What facilitators see, and the note of what they do."""
    welcome, attempts = Welcome(staff, config.secret_key), Attempts(engine, config.secret_key)
    app.register_blueprint(SignIn(app, config, staff, welcome, attempts).blueprint())
    app.register_blueprint(People(staff, welcome, attempts).blueprint())
    app.register_blueprint(EventPages(guide, config, staff, Invites(engine)).blueprint())
    app.register_blueprint(Control(guide).blueprint())
    app.register_blueprint(Record(staff, guide.progress, guide.course.title).blueprint())
    ledger.listen(app)


def _help(app: Flask, engine: Engine, guide: Guide, access: Access) -> None:
    """What facilitators do for attendees."""
    hands, notes, attendance = Hands(engine), Notes(engine), Attendance(engine)
    departures = Departures(engine, guide.jobs, guide.labs)
    app.register_blueprint(Helping(hands, notes, attendance).blueprint())
    app.register_blueprint(Crowd(guide, hands, notes, attendance).blueprint())
    staff: Staff = app.extensions["staff"]
    attendees = Attendees(guide, access, hands, notes, attendance, departures, staff)
    app.register_blueprint(attendees.blueprint())
    app.register_blueprint(Onlooker(guide).blueprint())


def _guide(config: Config, engine: Engine) -> Guide:
    progress = Progress(engine, config.first_account)
    labs = Labs(config, progress, Vault(config.secret_key))
    sights, budget = Sights(engine), Budget(engine)
    return Guide(load(config.course), progress, labs, Jobs(engine), sights, budget, Events(engine))


def _assets(folder: Path) -> dict[str, str]:
    """A mark of each file's contents, so that browsers may keep a file and still see a change."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()[:10]
        for path in files
    }


def _health(guide: Guide) -> Response:
    """Whether the database answers (else this is an error) and a worker lives."""
    return jsonify(web=True, worker=guide.jobs.worker_alive())


def _theme() -> Answer:
    """Keep the choice of light or dark, for those without scripts."""
    answer = redirect(mishaps.where_they_stood(), code=303)
    chosen = request.form.get("theme", "")
    if chosen in ("light", "dark"):
        answer.set_cookie("theme", chosen, max_age=shield.KEPT, samesite="Lax", secure=request.is_secure)
    else:
        answer.delete_cookie("theme")
    return answer
