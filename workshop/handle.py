"""Handles by the course's convention: first name and last initial, `Paul Fischer` is `paulf`."""

import re
import unicodedata

from workshop.language.tongue import marked

LONGEST = 15
HANDLE = re.compile(r"[a-z][a-z0-9]{1,14}")
RULE = marked("A handle is 2 to 15 letters and digits, a letter first: paulf.")
# Letters that Unicode does not take apart into a plain one and an accent.
PLAIN = str.maketrans(
    {"ø": "o", "ß": "ss", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
)


def valid(handle: str) -> bool:
    """Whether it can be part of every name in AWS that the course makes of it."""
    return bool(HANDLE.fullmatch(handle))


def suggest(name: str) -> str:
    """The handle that the convention makes of a name; "" where nothing of it can be written so."""
    words = [plain for word in name.split() if (plain := _plain(word).lstrip("0123456789"))]
    if not words:
        return ""
    first, initial = words[0], words[-1][0] if len(words) > 1 else ""
    handle = first[: LONGEST - len(initial)] + initial
    return handle if valid(handle) else ""


def another(handle: str, number: int) -> str:
    """The same handle with a number, for one that is taken."""
    return f"{handle[: LONGEST - len(str(number))]}{number}"


def _plain(word: str) -> str:
    apart = unicodedata.normalize("NFKD", word.casefold().translate(PLAIN))
    return re.sub(r"[^a-z0-9]", "", apart)
