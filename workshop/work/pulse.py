"""Asks every AWS every two seconds whether it answers, and keeps that where boards look.

A refusal is an answer. One that nobody has heard of for five seconds is down, since it was last heard:
of several workers it is enough that one hears it.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from sqlalchemy import Engine, func, or_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from workshop.config import Config
from workshop.lab import Aws
from workshop.models import BackendRow, now
from workshop.work.helping import AWAY

log = logging.getLogger(__name__)

EVERY = 2.0
SILENCE = timedelta(seconds=5)


class Pulse:
    """The ways to an AWS that are configured, each asked in a thread of its own."""

    def __init__(self, engine: Engine, config: Config, clock: Callable[[], datetime] = now) -> None:
        self._engine = engine
        self._ways = {name: Aws(config.region, way.endpoint_url) for name, way in config.ways.items()}
        self._now = clock

    def serve(self, ended: threading.Event) -> None:
        """Ask until it is over."""
        with ThreadPoolExecutor(len(self._ways), thread_name_prefix="pulse") as pool:
            while not ended.wait(EVERY):
                try:
                    list(pool.map(self.feel, self._ways))
                except AWAY as error:
                    log.warning("the database does not answer: %s", error)

    def feel(self, name: str) -> None:
        """Ask one, and keep what came of it."""
        words = self._ways[name].silent()
        change = update(BackendRow).where(BackendRow.name == name)
        with Session(self._engine) as session:
            if session.get(BackendRow, name) is None:
                self._first(session, name)
            if words:
                at = self._now()
                unheard = or_(BackendRow.seen.is_(None), BackendRow.seen < at - SILENCE)
                since = func.coalesce(BackendRow.seen, at, type_=BackendRow.seen.type)
                change = change.where(BackendRow.down.is_(None), unheard).values(down=since, words=words)
            else:
                change = change.values(seen=self._now(), down=None, words="")
            session.execute(change)
            session.commit()

    def _first(self, session: Session, name: str) -> None:
        session.add(BackendRow(name=name))
        try:
            session.commit()
        except IntegrityError:  # another worker was first
            session.rollback()
