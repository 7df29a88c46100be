"""Join codes that are easy to say, to read from the last row, and to type on a phone: RIVER-42."""

from __future__ import annotations

import re
import secrets

# Short words that sound like no other of them and are spelt as they sound.
WORDS = tuple(
    """
    acorn amber anchor apple arrow autumn badger bamboo banjo basil beacon birch bison bridge breeze
    cactus camel candle canyon carrot castle cedar cello cherry clover cobalt comet copper coral cotton
    crane cricket crystal daisy delta desert dolphin donut dragon eagle ember emerald falcon feather
    fern fiddle forest fossil fox galaxy garden ginger glacier granite guitar hammock harbor hazel heron
    honey island ivory jasmine jungle kayak kettle kiwi ladder lagoon lantern lemon lilac lotus magnet
    mango maple marble meadow melon mint mirror mosaic mountain nectar nutmeg oasis ocean olive orchid
    otter owl panda papaya pebble pepper piano pigeon pilot planet plum pocket pony prism puffin quartz
    rabbit radar raven ribbon river robin rocket saffron salmon sequoia silver spruce squirrel summit
    sunset tango thunder tiger toucan tulip tunnel valley velvet violet walnut willow window winter
    zebra zephyr
    """.split()  # noqa: SIM905 - a list of quoted words would not be read
)
SHAPE = re.compile(r"[A-Z0-9]{2,12}(-[A-Z0-9]{2,12}){0,2}")


def made() -> str:
    """A new code; about 13,000 there are, so whoever makes one looks whether it is taken."""
    return f"{secrets.choice(WORDS).upper()}-{secrets.randbelow(90) + 10}"


def normal(typed: str) -> str:
    """A code as it is kept, from what somebody typed: "river 42" is RIVER-42; "" if it cannot be one."""
    code = re.sub(r"[\s_\-–—]+", "-", typed.strip().upper()).strip("-")
    code = re.sub(r"^([A-Z]{3,})(\d{2})$", r"\1-\2", code)
    return code if SHAPE.fullmatch(code) else ""
