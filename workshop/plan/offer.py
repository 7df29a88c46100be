"""What help would do, found out before it does it; or why that cannot be said at the moment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from workshop.lab import REFUSALS, refusal
from workshop.labs import NoGround
from workshop.step import NotYet, Waiting

What = TypeVar("What")


@dataclass(frozen=True)
class Offer(Generic[What]):
    """Either what it is (`what`), or what stands in the way (`words`, `advice`).

    `first`: whether something else has to be done first; otherwise AWS did not answer.
    """

    what: What | None = None
    words: str = ""
    advice: str = ""
    first: bool = False


def offer(find: Callable[[], What]) -> Offer[What]:
    """Find out what would be done. Bugs propagate."""
    try:
        return Offer(find())
    except NotYet as gap:
        return Offer(words=gap.saw, advice=gap.hint, first=True)
    except Waiting as pause:
        return Offer(words=pause.what, advice="Wait for it to end, then ask again.", first=True)
    except NoGround as reason:
        return Offer(words=str(reason))
    except REFUSALS as error:
        code, message, advice = refusal(error)
        return Offer(words=f"{code}: {message}", advice=advice)
