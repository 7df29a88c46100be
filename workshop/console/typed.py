"""What facilitators type that others read: words and reasons, and what is wrong with them."""

from __future__ import annotations

from flask import request

from workshop.console.ledger import LONGEST_REASON
from workshop.language.tongue import gettext
from workshop.pasted import harmless, secret
from workshop.room.notes import LONGEST

SHORTEST_REASON = 5


def words() -> str:
    """What is to be said. Raises SecretPasted."""
    return harmless(request.form.to_dict()).get("words", "").strip().replace("\r\n", "\n")


def unsayable(said: str) -> str:
    """Why these words cannot be sent; "" where they can."""
    if not said:
        return gettext("Write what you want to say.")
    if len(said) > LONGEST:
        return gettext("At most %(most)s characters; these are %(count)s.", most=LONGEST, count=len(said))
    return ""


def reason() -> str:
    """Why something is done to somebody without being asked."""
    return " ".join(request.form.get("reason", "").split())[:LONGEST_REASON]


def why_not(because: str) -> str:
    """What is wrong with a reason; "" where it says something."""
    if len(because) < SHORTEST_REASON:
        return gettext("Say why, in a few words: it is logged, and they see it.")
    return gettext("A reason must not hold credentials: they see it.") if secret(because) else ""
