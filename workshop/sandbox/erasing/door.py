"""The door for erasing: ``DELETE /_aws/accounts/<account>``, beside the AWS API and no part of it.

Whoever asks proves that they may read the sandbox's key, which is not in any account: no
credentials of AWS's kind, a user's, a role's or the root's, open this door.
"""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from workshop.sandbox.erasing.eraser import StillRunning
from workshop.sandbox.gateway.guard import Application

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

log = logging.getLogger(__name__)

PATH: Final = "/_aws/accounts/"
PROOF: Final = "X-Sandbox-Proof"  # "<seconds since 1970>:<Sessions.proof of the deed>"
FRESH: Final = 300  # seconds
ACCOUNT: Final = re.compile(r"\d{12}", re.ASCII)


def deed(account: str, moment: str) -> str:
    """What is to be proved that one may do."""
    return f"erase {account} {moment}"


class ErasingDoor:
    """A layer of the server: answers at PATH and hands every other request on."""

    def __init__(self, sandbox: Sandbox, inner: Application) -> None:
        self._sandbox = sandbox
        self._inner = inner

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if not path.startswith(PATH):
            return self._inner(environ, start_response)
        account = path.removeprefix(PATH)
        proof = environ.get(f"HTTP_{PROOF.upper().replace('-', '_')}", "")
        status, body = self._answer(environ["REQUEST_METHOD"], account, proof)
        text = json.dumps(body).encode()
        start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(text)))])
        return [text]

    def _answer(self, method: str, account: str, proof: str) -> tuple[str, dict[str, Any]]:
        if not self._holds(account, proof):
            return "403 Forbidden", {"message": "Only who can read this sandbox's key may do that."}
        if method != "DELETE":
            return "405 Method Not Allowed", {"message": "An account can be deleted here, nothing else."}
        if not ACCOUNT.fullmatch(account):
            return "400 Bad Request", {"message": f"{account!r} is not an account: it takes twelve digits."}
        try:
            return "200 OK", {"account": account, **asdict(self._sandbox.eraser.erase(account))}
        except StillRunning as why:
            return "503 Service Unavailable", {"message": str(why)}
        except OSError as why:
            log.exception("account %s could not be erased", account)
            return "500 Internal Server Error", {
                "message": f"Account {account} was not wholly erased: {why}."
            }

    def _holds(self, account: str, proof: str) -> bool:
        moment, _, mac = proof.partition(":")
        if not moment.isascii() or not moment.isdigit() or abs(time.time() - int(moment)) > FRESH:
            return False
        return self._sandbox.sessions.proves(mac, deed(account, moment))
