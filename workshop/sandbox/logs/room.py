"""Bounds what the logs of an account may hold in memory: the oldest lines go."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from moto.logs.models import LogStream

LARGEST: Final = 16 * 1024 * 1024  # characters, of an account in a region; AWS keeps what retention says
LOW: Final = 0.75  # of that is left after a cut, so that cuts are rare


class Room:
    """Counts characters by account and region, from what there is and what is added."""

    def __init__(self, largest: int = LARGEST) -> None:
        self._largest = largest
        self._sizes: dict[tuple[str, str], int] = {}

    def added(self, place: tuple[str, str], size: int, streams: list[LogStream]) -> None:
        """So much was added to the logs of a place, whose streams these are; cut them if it is too much.

        Nobody may write to them meanwhile.
        """
        known = self._sizes.get(place)
        self._sizes[place] = _size(streams) if known is None else known + size
        if self._sizes[place] > self._largest:
            self._sizes[place] = cut(streams, int(self._largest * LOW))

    def forget(self, account: str) -> None:
        """An account is gone."""
        for place in [place for place in self._sizes if place[0] == account]:
            del self._sizes[place]


def cut(streams: Iterable[LogStream], size: int) -> int:
    """Take the oldest lines away, those of the stream that was written to longest ago first.

    Until there are at most `size` characters; how many there are then.
    """
    ordered = sorted(streams, key=lambda stream: stream.last_ingestion_time or stream.creation_time)
    total = _size(ordered)
    for stream in ordered:
        gone = 0
        for event in stream.events:
            if total <= size:
                break
            total -= len(event.message)
            gone += 1
        del stream.events[:gone]
    return total


def _size(streams: Iterable[LogStream]) -> int:
    return sum(len(event.message) for stream in streams for event in stream.events)
