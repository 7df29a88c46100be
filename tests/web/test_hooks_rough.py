"""News while workers are killed: nothing is lost, nothing is told twice under two numbers."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.conftest import ROOT
from tests.room.receiver import Receiver
from tests.room.test_events import draft
from tests.web.rough import House, until
from workshop.config import Backend, Config
from workshop.models import DeliveryRow, now
from workshop.progress import Place
from workshop.room.event import UNDO
from workshop.room.events import Events
from workshop.room.hooks import Hooks
from workshop.vault import NEWS, Vault

PEOPLE = 60


def test_two_workers_of_which_one_is_killed_again_and_again(tmp_path: Path, database: str) -> None:
    config = Config(
        state=tmp_path,
        database_url=database,
        secret="a secret of this test",
        hooks_to_private=True,
        course=ROOT / "tests" / "web" / "rough_course",
    )
    house = House(config, tmp_path, webs=0)
    hooks = Hooks(house.engine, Vault(config.secret_key, NEWS))
    event = Events(house.engine).make(draft(starts=now() - UNDO, ends=now() + 60 * UNDO, capacity=PEOPLE))
    try:
        with Receiver(hangs=0.05) as receiver:
            hook = hooks.add(event.id, receiver.url, ("attendee.joined",))
            for worker in house.workers:
                worker.start()
            until(lambda: all(worker.up for worker in house.workers))
            for number in range(PEOPLE):
                house.progress.enrol(f"guest{number}", "", Place(event.id, PEOPLE, (Backend(),)))
                if number % 20 == 10:
                    victim = house.workers[number // 20 % 2]
                    victim.kill()
                    victim.start()
                time.sleep(0.05)
            _forget_leases(house)
            until(lambda: len({one.number for one in receiver.got}) == PEOPLE)
            told = Counter(
                message["data"]["attendee"]["handle"] for message in receiver.messages(hooks.secret(hook.id))
            )
            again = Counter(one.number for one in receiver.got)
        assert set(told) == {f"guest{number}" for number in range(PEOPLE)}
        # What was under way when a worker was killed comes again, under the number it had.
        assert sum(again.values()) - len(again) == sum(told.values()) - len(told)
        assert len(hooks.deliveries(hook.id, 1000)) == PEOPLE
    finally:
        house.stop()


def _forget_leases(house: House) -> None:
    """What a killed worker had taken is due again after a while; nobody waits for that here."""
    time.sleep(1)
    with Session(house.engine) as session:
        for row in session.scalars(select(DeliveryRow).where(DeliveryRow.ended.is_(None))):
            row.due = now()
        session.commit()
