"""Patterns for logs in JSON: ``{ ($.level = "error" || $.status >= 500) && $.path NOT EXISTS }``."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from workshop.sandbox.logs.token import COMPARISONS, InvalidPattern, holds, tokens

Test = Callable[[Any], bool]
STEP = re.compile(r"""\.(?P<name>[\w-]+)|\[(?:"(?P<quoted>[^"]+)"|'(?P<single>[^']+)'|(?P<index>\d+|\*))\]""")
MISSING = object()


def compiled(pattern: str) -> Callable[[str], bool]:
    """A test for lines; one that is no JSON object is not found."""
    if not pattern.endswith("}"):
        raise InvalidPattern(pattern)
    test = _Reader(pattern, list(tokens(pattern[1:-1]))).whole()

    def matches(line: str) -> bool:
        try:
            document = json.loads(line)
        except ValueError:
            return False
        return isinstance(document, dict) and test(document)

    return matches


class _Reader:
    """Reads a condition by descent: ``||`` binds less than ``&&``, parentheses most."""

    def __init__(self, pattern: str, words: list[str]) -> None:
        self._pattern = pattern
        self._words = words[::-1]

    def whole(self) -> Test:
        test = self._either()
        if self._words:
            raise InvalidPattern(self._pattern)
        return test

    def _next(self) -> str:
        if not self._words:
            raise InvalidPattern(self._pattern)
        return self._words.pop()

    def _taken(self, word: str) -> bool:
        if self._words and self._words[-1].upper() == word:
            self._words.pop()
            return True
        return False

    def _either(self) -> Test:
        tests = [self._both()]
        while self._taken("||"):
            tests.append(self._both())
        return lambda document: any(test(document) for test in tests)

    def _both(self) -> Test:
        tests = [self._one()]
        while self._taken("&&"):
            tests.append(self._one())
        return lambda document: all(test(document) for test in tests)

    def _one(self) -> Test:
        if self._taken("("):
            test = self._either()
            if not self._taken(")"):
                raise InvalidPattern(self._pattern)
            return test
        return self._condition(_path(self._next(), self._pattern))

    def _condition(self, path: Callable[[Any], Any]) -> Test:
        sign = self._next().upper()
        if sign in COMPARISONS:
            wanted = self._next()
            return lambda document: path(document) is not MISSING and holds(path(document), sign, wanted)
        if sign == "NOT" and self._taken("EXISTS"):
            return lambda document: path(document) is MISSING
        if sign == "EXISTS":
            return lambda document: path(document) is not MISSING
        if sign == "IS":
            wanted = self._next().lower()
            if wanted in ("true", "false", "null"):
                return lambda document: path(document) is json.loads(wanted)
        raise InvalidPattern(self._pattern)


def _path(text: str, pattern: str) -> Callable[[Any], Any]:
    steps = list(STEP.finditer(text))
    if not text.startswith("$") or "".join(step[0] for step in steps) != text[1:]:
        raise InvalidPattern(pattern)
    names = [step["name"] or step["quoted"] or step["single"] or _index(step["index"]) for step in steps]

    def found(document: Any) -> Any:
        for name in names:
            document = _step(document, name)
        return document

    return found


def _index(text: str) -> int:
    return 0 if text == "*" else int(text)


def _step(value: Any, name: str | int) -> Any:
    if isinstance(name, str):
        return value.get(name, MISSING) if isinstance(value, dict) else MISSING
    return value[name] if isinstance(value, list) and name < len(value) else MISSING
