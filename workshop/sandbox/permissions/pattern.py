"""Reads the wildcards and variables that policies use in their texts.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

Context = Mapping[str, tuple[str, ...]]
"""What is known about a request: condition keys in lower case, each with its values."""
Matcher = Callable[[str], object]
"""Answers something true where a string matches."""

VARIABLE = re.compile(r"\$\{([^}]*)\}")
ARN_PARTS = 6
NEVER = "(?!)"  # matches nothing
# A wildcard that came out of a variable is a plain character: it travels in disguise.
STAR, MARK = "\ue000", "\ue001"
LITERALS = {"*": STAR, "?": MARK, "$": "$"}
UNDISGUISED = str.maketrans({STAR: "*", MARK: "?"})
DISGUISED = str.maketrans({"*": STAR, "?": MARK})


def substitute(text: str, context: Context) -> str | None:
    """`text` with its ``${…}`` variables filled in; None where the context lacks one.

    A variable of several values cannot be filled in, as in AWS.
    """
    if "${" not in text:
        return text
    missing = False

    def value(match: re.Match[str]) -> str:
        nonlocal missing
        found = _variable(match[1], context)
        missing = missing or found is None
        return found or ""

    filled = VARIABLE.sub(value, text)
    return None if missing else filled


def _variable(expression: str, context: Context) -> str | None:
    name, comma, default = expression.partition(",")
    if name in LITERALS:
        return LITERALS[name]
    values = context.get(name.strip().lower(), ())
    if len(values) == 1:
        return values[0].translate(DISGUISED)
    return default.strip().strip("'").translate(DISGUISED) if comma and not values else None


def plain(text: str) -> str:
    """`text` for a comparison without wildcards."""
    return text.translate(UNDISGUISED)


def _glob(text: str, any_run: str = ".*", any_one: str = ".") -> str:
    wild = {"*": any_run, "?": any_one}
    return "".join(wild.get(char) or re.escape(char.translate(UNDISGUISED)) for char in text)


@lru_cache(maxsize=16384)
def wildcard(texts: tuple[str, ...], *, ignore_case: bool = False) -> Matcher:
    """A matcher of strings against any of `texts` with ``*`` and ``?``."""
    flags = re.DOTALL | (re.IGNORECASE if ignore_case else 0)
    return re.compile("|".join(_glob(text) for text in texts) if texts else NEVER, flags).fullmatch


@lru_cache(maxsize=16384)
def arns(texts: tuple[str, ...]) -> Matcher:
    """A matcher of ARNs: the parts between colons match each on their own.

    An incomplete ARN is completed by wildcards, as AWS does for Resource elements.
    """
    return re.compile("|".join(map(_arn, texts)) if texts else NEVER, re.DOTALL).fullmatch


def _arn(text: str) -> str:
    if text == "*":
        return ".*"
    parts = text.split(":", ARN_PARTS - 1)
    missing = ARN_PARTS - len(parts)
    heads, tail = [*parts, *["*"] * missing][:-1], "*" if missing else parts[-1]
    return ":".join([*(_glob(part, "[^:]*", "[^:]") for part in heads), _glob(tail)])


def filled(texts: Iterable[str], context: Context) -> tuple[str, ...]:
    """Those of `texts` whose variables the context can fill in, filled in."""
    return tuple(text for raw in texts if (text := substitute(raw, context)) is not None)
