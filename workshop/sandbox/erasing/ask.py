"""Asks a running sandbox to erase an account, with the key that lies in its state folder."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from workshop.sandbox.erasing.door import PATH, PROOF, deed
from workshop.sandbox.erasing.eraser import PATIENCE
from workshop.sandbox.identity.sessions import KEY_FILE, Sessions


class NotErased(Exception):
    """Why an account was not erased, in a sentence that says what to do."""


def erase(account: str, state: Path, port: int) -> list[str]:
    """Have the sandbox on `port`, which keeps its state in `state`, erase an account; what it did.

    NotErased if there is no such sandbox, or it refuses.
    """
    if not (state / KEY_FILE).exists():
        raise NotErased(f"No sandbox keeps its state in {state}: name the right folder with --state.")
    moment = str(int(time.time()))
    proof = Sessions((state / KEY_FILE).read_bytes()).proof(deed(account, moment))
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{PATH}{account}", method="DELETE", headers={PROOF: f"{moment}:{proof}"}
    )
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE + 60) as reply:
            return list(_told(json.load(reply)))
    except urllib.error.HTTPError as refused:
        raise NotErased(_reason(refused, state, port)) from refused
    except (OSError, ValueError) as silent:
        raise NotErased(
            f"No sandbox answers on port {port}: start it, or name its port with --port."
        ) from silent


def _told(answer: Mapping[str, Any]) -> Iterator[str]:
    for word in ("ended", "removed"):
        if counts := answer[word]:
            yield f"{word.title()}: {', '.join(f'{name} {number}' for name, number in counts.items())}."
    if not answer["ended"] and not answer["removed"]:
        yield f"Account {answer['account']} held nothing that is worth counting."
    yield f"Account {answer['account']} is erased."


def _reason(refused: urllib.error.HTTPError, state: Path, port: int) -> str:
    with refused:
        if refused.code == 403:
            return (
                f"The sandbox on port {port} keeps its state elsewhere than in {state}: name it with --state."
            )
        try:
            return str(json.load(refused)["message"])
        except (ValueError, KeyError):
            return f"What listens on port {port} is no sandbox that can erase (it answers {refused.code})."
