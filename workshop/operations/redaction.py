"""Takes secrets out of what is logged: those known by value, by their name or place, and by their look.

By look is the last resort, for what an error message or a library says without a name: long words that
change between capitals, small letters and digits as only chance does. Names of people's things, paths,
ARNs, commits and UUIDs do not, and stay readable. What somebody chose as a password cannot be known by
its look: it is not logged in the first place, and is recognised by its name only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

HIDDEN = "[hidden]"
SHORTEST_KNOWN = 6
SHORTEST = 20
LONGEST_NAME = 100
CHANCE = 0.3  # of two letters beside each other, so many are of different kinds; of a name's, hardly any

PRIVATE_KEY = re.compile(r"-----BEGIN [\w ]*PRIVATE KEY-----.*?-----END [\w ]*PRIVATE KEY-----", re.DOTALL)
HEADER = re.compile(
    r"""(?i)\b((?:proxy-)?authorization|(?:set-)?cookie)(["']?\s*[:=]\s*)("[^"]*"|'[^']*'|[^\n]*)"""
)
IN_URL = re.compile(r"(://[^\s/:@]*:)[^\s/@]+@")
IN_PATH = re.compile(
    r"(?<!sqlalche\.me)(/(?:go-on|e|set-up|welcome|certificate)/|[?&](?:code|state)=)[^\s/?&#\"'<>]+"
)
KEY_ID = re.compile(r"\b(A[KS]IA)[A-Z0-9]{12,124}\b")
NAMED = re.compile(
    r"""(?i)([\w-]*(?:secret|password|passwd|token|ticket|credential|signature|private_?key)[\w-]*)"""
    r"""(["']?\s*[:=]\s*b?["']?)(?!\[hidden\])[^\s"',;&}\])]+"""
)
HASH = re.compile(r"\$argon2\w*\$[^\s\"']+")
WORD = re.compile(rf"[A-Za-z0-9+/=_-]{{{SHORTEST},}}")


class Redaction:
    """Takes out these values, and everything that is a secret by name, place or look."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        values = sorted({value for value in known if len(value) >= SHORTEST_KNOWN}, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, values))) if values else None

    def __call__(self, words: str) -> str:
        """The words without secrets."""
        if self._known:
            words = self._known.sub(HIDDEN, words)
        words = PRIVATE_KEY.sub(HIDDEN, words)
        words = HEADER.sub(rf"\1\2{HIDDEN}", words)
        words = IN_URL.sub(rf"\1{HIDDEN}@", words)
        words = IN_PATH.sub(rf"\1{HIDDEN}", words)
        words = KEY_ID.sub(rf"\1{HIDDEN}", words)
        words = NAMED.sub(rf"\1\2{HIDDEN}", words)
        words = HASH.sub(HIDDEN, words)
        return WORD.sub(lambda found: HIDDEN if _by_chance(found[0]) else found[0], words)


def _by_chance(word: str) -> bool:
    """Whether a word looks drawn rather than written."""
    letters = [_kind(letter) for letter in word if letter.isalnum()]
    if len(letters) < SHORTEST - 2 or not {"A", "a"} <= set(letters):
        return False
    if len(letters) >= LONGEST_NAME and "/" not in word:
        return True
    changes = sum(one != other for one, other in pairwise(letters))
    return changes > CHANCE * len(letters)


def _kind(letter: str) -> str:
    if letter.isdigit():
        return "1"
    return "A" if letter.isupper() else "a"
