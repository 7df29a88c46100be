"""When a scheduled rule is due: rate(…) and cron(…) expressions, in UTC.

Source: EventBridge user guide, "Setting a schedule pattern".
"""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime, timedelta

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_CRON = re.compile(r"cron\((.+)\)")
_UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}
_MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
_DAYS = {name: number for number, name in enumerate(["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"], 1)}
_FIELDS = (
    ("minute", 0, 59),
    ("hour", 0, 23),
    ("day", 1, 31),
    ("month", 1, 12),
    ("weekday", 1, 7),
    ("year", 1970, 2199),
)


def period(expression: str) -> timedelta | None:
    """The period of a rate expression; None if it is none."""
    match = _RATE.fullmatch(expression)
    return int(match[1]) * _UNITS[match[2]] if match else None


def matches(expression: str, at: datetime) -> bool:
    """Whether a cron expression is due in the minute of `at`; False for anything else."""
    match = _CRON.fullmatch(expression)
    fields = match[1].split() if match else []
    if len(fields) != len(_FIELDS):
        return False
    at = at.astimezone(UTC)
    values = (at.minute, at.hour, at.day, at.month, _weekday(at), at.year)
    return all(
        _field_matches(text, name, low, high, value, at)
        for text, (name, low, high), value in zip(fields, _FIELDS, values, strict=True)
    )


def _weekday(at: datetime) -> int:
    """AWS counts from Sunday, which is 1."""
    return at.isoweekday() % 7 + 1


def _field_matches(text: str, name: str, low: int, high: int, value: int, at: datetime) -> bool:
    return any(_part_matches(part, name, low, high, value, at) for part in text.upper().split(","))


def _part_matches(part: str, name: str, low: int, high: int, value: int, at: datetime) -> bool:
    if part in ("*", "?"):
        return True
    if (name == "day" and part in ("L", "LW")) or part.endswith("W"):
        return at.day == _special_day(part, at)
    if name == "weekday" and ("#" in part or part.endswith("L")):
        return _special_weekday(part, value, at)
    span, _, step = part.partition("/")
    first, last = _span(span, name, low, high, bool(step))
    return first <= value <= last and (value - first) % int(step or 1) == 0


def _span(span: str, name: str, low: int, high: int, stepped: bool) -> tuple[int, int]:
    if span == "*":
        return low, high
    first, _, last = span.partition("-")
    start = _number(first, name)
    return start, _number(last, name) if last else high if stepped else start


def _number(text: str, name: str) -> int:
    names = {"month": _MONTHS, "weekday": _DAYS}.get(name, {})
    return names[text] if text in names else int(text)


def _special_day(part: str, at: datetime) -> int:
    """L is the month's last day, 15W the working day nearest to the 15th."""
    last = calendar.monthrange(at.year, at.month)[1]
    if part == "L":
        return last
    wanted = last if part == "LW" else min(int(part[:-1]), last)
    weekday = at.replace(day=wanted).isoweekday()
    if weekday == 6:
        return wanted - 1 if wanted > 1 else wanted + 2
    if weekday == 7:
        return wanted + 1 if wanted < last else wanted - 2
    return wanted


def _special_weekday(part: str, value: int, at: datetime) -> bool:
    """6L is the month's last Friday, 3#2 its second Tuesday; L alone is Saturday."""
    if part == "L":
        return value == 7
    last = calendar.monthrange(at.year, at.month)[1]
    if part.endswith("L"):
        return value == _number(part[:-1], "weekday") and at.day > last - 7
    day, _, which = part.partition("#")
    return value == _number(day, "weekday") and (at.day - 1) // 7 + 1 == int(which)
