"""What every template knows: icons, assets, times, and the words for states."""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from urllib.parse import urlsplit

from flask import Flask, request, url_for
from markupsafe import Markup, escape

from workshop.config import LOOPBACK, Config
from workshop.language.tongue import at_time, gettext
from workshop.models import now

COMMAND = re.compile(r"`([^`]+)`")
# Outlines of Lucide (ISC licence), 24 by 24.
ICONS = {
    "arrow-left": "<path d='m12 19-7-7 7-7'/><path d='M19 12H5'/>",
    "arrow-right": "<path d='M5 12h14'/><path d='m12 5 7 7-7 7'/>",
    "check": "<path d='M20 6 9 17l-5-5'/>",
    "cross": "<path d='M18 6 6 18'/><path d='m6 6 12 12'/>",
    "hourglass": "<path d='M5 22h14M5 2h14'/><path d='M17 22v-4.2a2 2 0 0 0-.6-1.4L12 12l-4.4 4.4a2"
    " 2 0 0 0-.6 1.4V22M7 2v4.2a2 2 0 0 0 .6 1.4L12 12l4.4-4.4a2 2 0 0 0 .6-1.4V2'/>",
    "minus": "<path d='M6 12h12'/>",
    "question": "<path d='M9.1 9a3 3 0 0 1 5.8 1c0 2-3 3-3 3'/><path d='M12 17h.01'/>",
    "double": "<path d='m6 17 5-5-5-5'/><path d='m13 17 5-5-5-5'/>",
    "external": "<path d='M15 3h6v6'/><path d='M10 14 21 3'/>"
    "<path d='M18 13v6a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V8a2 2 0 0 1 2-2h6'/>",
    "terminal": "<path d='m4 17 6-6-6-6'/><path d='M12 19h8'/>",
    "sun": "<circle cx='12' cy='12' r='4'/><path d='M12 2v2M12 20v2M4.9 4.9l1.4 1.4M17.7 17.7l1.4 1.4M2"
    " 12h2M20 12h2M6.3 17.7l-1.4 1.4M19.1 4.9l-1.4 1.4'/>",
    "moon": "<path d='M12 3a6 6 0 0 0 9 9 9 9 0 1 1-9-9'/>",
    "user": "<circle cx='12' cy='8' r='5'/><path d='M20 21a8 8 0 0 0-16 0'/>",
    "commit": "<circle cx='12' cy='12' r='3'/><path d='M3 12h6M15 12h6'/>",
    "wand": "<path d='m15 4 1 2 2 1-2 1-1 2-1-2-2-1 2-1z'/><path d='M11 10 3 18l3 3 8-8z'/>",
    "undo": "<path d='M3 7v6h6'/><path d='M21 17a9 9 0 0 0-15-6.7L3 13'/>",
    "eye": "<path d='M2 12s3.5-7 10-7 10 7 10 7-3.5 7-10 7-10-7-10-7'/><circle cx='12' cy='12' r='3'/>",
    "bulb": "<path d='M9 18h6M10 22h4'/><path d='M15 14c.2-1 .7-1.7 1.5-2.5A5.6 5.6 0 0 0 18 8 6 6 0 0 0 6"
    " 8c0 1.3.5 2.6 1.5 3.5.8.8 1.3 1.5 1.5 2.5'/>",
    "forward": "<path d='m13 19 9-7-9-7z'/><path d='m2 19 9-7-9-7z'/>",
    "alert": "<path d='m21.7 18-8-14a2 2 0 0 0-3.4 0l-8 14A2 2 0 0 0 4 21h16a2 2 0 0 0 1.7-3'/>"
    "<path d='M12 9v4M12 17h.01'/>",
    "screen": "<path d='M2 3h20M21 3v11a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V3M7 21l5-5 5 5'/>",
    "sliders": "<path d='M4 21v-7M4 10V3M12 21v-9M12 8V3M20 21v-5M20 12V3M2 14h4M10 8h4M18 16h4'/>",
    "list": "<path d='M8 6h13M8 12h13M8 18h13M3 6h.01M3 12h.01M3 18h.01'/>",
    "hand": "<path d='M18 11V6a2 2 0 0 0-4 0v5M14 10V4a2 2 0 0 0-4 0v6M10 10.5V6a2 2 0 0 0-4 0v8'/>"
    "<path d='M18 8a2 2 0 1 1 4 0v6a8 8 0 0 1-8 8h-2c-2.8 0-4.5-.9-6-2.3l-3.6-3.6a2 2 0 0 1 2.8-2.8L7 15'/>",
    "clock": "<circle cx='12' cy='12' r='9'/><path d='M12 7v5l3 2'/>",
    "pause": "<path d='M9 5v14M15 5v14'/>",
    "lock": "<rect width='16' height='11' x='4' y='10' rx='2'/><path d='M8 10V7a4 4 0 0 1 8 0v3'/>",
    "megaphone": "<path d='m3 11 18-5v12L3 13z'/><path d='M11.6 16.8a3 3 0 1 1-5.8-1.6'/>",
    "note": "<path d='M21 15a2 2 0 0 1-2 2H7l-4 4V5a2 2 0 0 1 2-2h14a2 2 0 0 1 2 2z'/>",
    "device": "<rect width='12' height='20' x='6' y='2' rx='2'/><path d='M12 18h.01'/>",
    "award": "<circle cx='12' cy='8' r='6'/><path d='M15.5 12.9 17 22l-5-3-5 3 1.5-9.1'/>",
    "printer": "<path d='M6 18H4a2 2 0 0 1-2-2v-5a2 2 0 0 1 2-2h16a2 2 0 0 1 2 2v5a2 2 0 0 1-2 2h-2'/>"
    "<path d='M6 9V3h12v6'/><rect width='12' height='8' x='6' y='14' rx='1'/>",
    "plus": "<path d='M5 12h14M12 5v14'/>",
    "trash": "<path d='M3 6h18M8 6V4a2 2 0 0 1 2-2h4a2 2 0 0 1 2 2v2M10 11v6M14 11v6'/>"
    "<path d='M19 6v14a2 2 0 0 1-2 2H7a2 2 0 0 1-2-2V6'/>",
    "settings": "<path d='M4 21v-7M4 10V3M12 21v-9M12 8V3M20 21v-5M20 12V3M2 14h4M10 8h4M18 16h4'/>",
    "flow": "<rect width='8' height='8' x='3' y='3' rx='2'/><path d='M7 11v4a2 2 0 0 0 2 2h4'/>"
    "<rect width='8' height='8' x='13' y='13' rx='2'/>",
}


def teach(app: Flask, config: Config, assets: dict[str, str]) -> None:
    """Give the templates their words."""
    app.jinja_env.globals.update(icon=icon, config_title=config.title, settings=config)
    app.jinja_env.globals["server_time"] = lambda: round(now().timestamp(), 1)
    app.jinja_env.filters.update(
        moment=moment,
        clock=clock,
        lasting=lasting,
        account=account,
        until=until,
        day=day,
        countdown=countdown,
        status_kind=status_kind,
        coded=coded,
        here_only=here_only,
    )

    def asset(name: str) -> str:
        return url_for("static", filename=name, v=assets.get(name))

    def theme() -> str:
        chosen = request.cookies.get("theme", "")
        return chosen if chosen in ("light", "dark") else ""

    app.jinja_env.globals.update(asset=asset, theme=theme)


@lru_cache(maxsize=1024)
def icon(name: str, label: str = "") -> Markup:
    """A drawing; with a label for those who do not see it, or none where words stand beside it."""
    spoken = f'role="img" aria-label="{escape(label)}"' if label else 'aria-hidden="true"'
    return Markup('<svg class="icon" viewBox="0 0 24 24" {}>{}</svg>').format(
        Markup(spoken), Markup(ICONS[name])
    )


def moment(at: datetime | None) -> Markup:
    """A time as "2 min ago" where there are scripts, else as it is."""
    if at is None:
        return Markup("")
    return Markup('<time datetime="{}" data-ago>{} UTC</time>').format(
        at.isoformat(timespec="seconds"), at_time(at)
    )


def clock(at: datetime | None) -> Markup:
    """For how long something has been going on: counts where there are scripts."""
    if at is None:
        return Markup("")
    return Markup('<time datetime="{}" data-since>{}</time>').format(
        at.isoformat(timespec="seconds"), gettext("since %(time)s UTC", time=at_time(at))
    )


def lasting(seconds: float | None) -> str:
    """A duration: "11 s", "1 min 40 s", "2 h 5 min"."""
    if seconds is None:
        return ""
    if seconds < 1:
        return gettext("< 1 s")
    minutes, rest = divmod(round(seconds), 60)
    if minutes >= 60:
        return gettext("%(hours)s h %(minutes)s min", hours=minutes // 60, minutes=minutes % 60)
    if minutes and not rest:
        return gettext("%(minutes)s min", minutes=minutes)
    if minutes:
        return gettext("%(minutes)s min %(seconds)s s", minutes=minutes, seconds=rest)
    return gettext("%(seconds)s s", seconds=rest)


def coded(words: str) -> Markup:
    """Words in which `commands` stand between backticks, as in Markdown."""
    return Markup(COMMAND.sub(r"<code>\1</code>", str(escape(words))))


def account(number: str) -> str:
    """An account as AWS's console writes it: 4242-0000-0007."""
    return f"{number[:4]}-{number[4:8]}-{number[8:]}"


def until(at: datetime) -> Markup:
    """A time of day, in the reader's own zone where there are scripts."""
    return Markup('<time datetime="{}" data-clock>{} UTC</time>').format(
        at.isoformat(timespec="seconds"), at_time(at, "HH:mm")
    )


def day(at: datetime) -> Markup:
    """A time on its day, in the reader's own zone where there are scripts: "28 Nov, 14:05 UTC"."""
    return Markup('<time datetime="{}" data-day>{} UTC</time>').format(
        at.isoformat(timespec="seconds"), at_time(at, "d MMM y, HH:mm")
    )


def countdown(seconds: float) -> str:
    """What is left, as clocks write it: "14:05", "1:02:30"."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def here_only(address: str) -> bool:
    """Whether an address means the very machine on which it is opened: a telephone finds nothing there."""
    return urlsplit(address).hostname in LOOPBACK


def status_kind(status: str) -> str:
    """The colour and shape of one of AWS's statuses."""
    if status in ("Succeeded", "Approved"):
        return "ok"
    if status in ("Failed", "Rejected", "Abandoned", "Cancelled"):
        return "bad"
    if status in ("InProgress", "Stopping"):
        return "busy"
    return "still"
