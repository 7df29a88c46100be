"""Variables in an action's configuration: #{namespace.Key}, filled in just before it runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

_REFERENCE = re.compile(r"#\{([^{}]*)\}")
_FORM = re.compile(r"[A-Za-z0-9@\-_]+\.[A-Za-z0-9@\-_.:/]+")

Namespaces = Mapping[str, Mapping[str, str]]


class Unresolved(Exception):
    """A reference to a variable that nobody has set; its text is the reference."""


def references(text: str) -> list[str]:
    """What stands between the braces of each reference in a text."""
    return _REFERENCE.findall(text)


def malformed(text: str) -> bool:
    """Whether a text holds a reference that is not a namespace, a dot and a key."""
    return any(not _FORM.fullmatch(reference) for reference in references(text))


def namespaces_in(texts: Iterable[str]) -> set[str]:
    """The namespaces that some texts refer to."""
    return {reference.partition(".")[0] for text in texts for reference in references(text)}


def resolve(text: str, known: Namespaces) -> str:
    """The text with every reference replaced by its value; Unresolved if one has none."""

    def value(match: re.Match[str]) -> str:
        namespace, _, key = match[1].partition(".")
        found = known.get(namespace, {}).get(key)
        if found is None:
            raise Unresolved(match[0])
        return found

    return _REFERENCE.sub(value, text)
