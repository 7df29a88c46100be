"""Signals that end a program, as KeyboardInterrupt in its main thread."""

from __future__ import annotations

import signal
from typing import Any

HEARD_WITHIN = 1.0  # seconds


def listen(*numbers: signal.Signals) -> None:
    """Let these signals interrupt."""
    for number in numbers:
        signal.signal(number, _interrupt)


def heard() -> None:
    """End in peace: no further signal interrupts."""
    signal.setitimer(signal.ITIMER_REAL, 0)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, signal.SIG_IGN)


def _interrupt(*_: Any) -> None:
    """Interrupt, and again in a while unless that is heard.

    What is raised while an object is taken away is dropped by Python, and the signal with it.
    """
    signal.signal(signal.SIGALRM, _interrupt)
    signal.setitimer(signal.ITIMER_REAL, HEARD_WITHIN)
    raise KeyboardInterrupt
