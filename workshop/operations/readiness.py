"""Whether this process can do its work now, part by part: what a proxy asks before it sends somebody."""

from __future__ import annotations

from flask import Response, jsonify, make_response
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from workshop.jobs import Jobs
from workshop.models import newest, version


class Readiness:
    """The parts that have to be there."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._jobs = Jobs(engine)

    def parts(self) -> dict[str, bool]:
        """Whether the database answers, has the tables that this program expects, and a worker lives."""
        try:
            # A newer database is one that a newer program has migrated, which replaces this one.
            migrated = (version(self._engine) or "") >= newest()
            return {"database": True, "migrated": migrated, "worker": migrated and self._jobs.worker_alive()}
        except SQLAlchemyError:
            return {"database": False, "migrated": False, "worker": False}

    def answer(self) -> Response:
        """200 where all parts are there, else 503."""
        parts = self.parts()
        ready = all(parts.values())
        return make_response(jsonify(ready=ready, **parts), 200 if ready else 503)
