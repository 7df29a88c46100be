"""Links by which a facilitator comes in without a password: the first one's, and those to choose one.

Both are signed and end by themselves. The first one's holds while there is no owner; the other one
while the password is still the one that it was, so that each is good for one time.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer

from workshop.config import Config
from workshop.language.tongue import gettext
from workshop.models import connect
from workshop.room.staff import Facilitator, Staff

HOLDS = timedelta(days=3)


class NotWelcome(Exception):
    """The link does not hold; the text says why, and what to do."""


class Welcome:
    """Makes such links and says whether they hold."""

    def __init__(self, staff: Staff, secret: str) -> None:
        self._staff = staff
        self._first = URLSafeTimedSerializer(secret, salt="the first facilitator")
        self._choose = URLSafeTimedSerializer(secret, salt="choose a password")

    def first(self) -> str:
        """A token that makes its bearer the first owner."""
        return str(self._first.dumps("owner"))

    def open_first(self, token: str) -> None:
        """Whether it does. Raises NotWelcome."""
        _loaded(self._first, token)
        if not self._staff.ownerless():
            raise NotWelcome(
                gettext("It has been used: there is an owner. Sign in, or ask them to let you in.")
            )

    def choose(self, who: Facilitator) -> str:
        """A token that lets its bearer choose the password of this facilitator."""
        return str(self._choose.dumps([who.id, who.stamp]))

    def open_choose(self, token: str) -> Facilitator:
        """Whose password may be chosen with it. Raises NotWelcome."""
        try:
            number, stamp = _loaded(self._choose, token)
        except (TypeError, ValueError):
            raise NotWelcome(gettext("This link is not one of ours, or it is incomplete.")) from None
        who = self._staff.by_id(number)
        if who is None or who.stamp != stamp:
            raise NotWelcome(gettext("It has been used, or there is a newer one. Ask an owner for another."))
        return who


def set_up_link(config: Config, url: str) -> str:
    """The address that makes its first visitor the owner; "" once there is one."""
    engine = connect(config.database)
    staff = Staff(engine)
    token = Welcome(staff, config.secret_key).first() if staff.ownerless() else ""
    engine.dispose()
    return f"{url}/staff/set-up/{token}" if token else ""


def _loaded(signer: URLSafeTimedSerializer, token: str) -> Any:
    try:
        return signer.loads(token, max_age=int(HOLDS.total_seconds()))
    except SignatureExpired:
        raise NotWelcome(gettext("This link has expired. Ask for another.")) from None
    except BadSignature:
        raise NotWelcome(gettext("This link is not one of ours, or it is incomplete.")) from None
