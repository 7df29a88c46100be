"""The languages that the pages speak: which one now, and how words, numbers and times are said in it.

The words in the code are English and are the keys. A language is a folder of catalogues in
`translations/`: `messages.po` has the words of the pages, collected by `python -m
workshop.language.catalogue`; `course.po` has what steps and the worker say (titles, claims,
hints, evidence), matched when it is shown. Both are compiled in memory when first needed, so no
compiled file can be out of date.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextvars import ContextVar
from datetime import datetime
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel import Locale, negotiate_locale
from babel.dates import format_datetime
from babel.lists import format_list
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

FOLDER = Path(__file__).parent / "translations"
DEFAULT = "en"
LANGUAGES: Mapping[str, str] = {"en": "English", "de": "Deutsch"}
# How numbers and times are written; English on this side of the Atlantic, where clocks have 24 hours.
LOCALES: Mapping[str, str] = {"en": "en_GB", "de": "de_DE"}
PLACE = re.compile(r"%\((\w+)\)s")

_SPOKEN: ContextVar[str] = ContextVar("spoken", default=DEFAULT)


def speak(language: str) -> None:
    """From here on, in this thread or task, this language; the default for one that we do not speak."""
    _SPOKEN.set(language if language in LANGUAGES else DEFAULT)


def spoken() -> str:
    """The language that is spoken now: "en"."""
    return _SPOKEN.get()


def preferred(wanted: list[str]) -> str:
    """The first of these languages ("de-AT", "en") that we speak, or the default."""
    found = negotiate_locale([one.replace("-", "_") for one in wanted], list(LANGUAGES))
    return found or DEFAULT


def gettext(words: str, /, **values: object) -> str:
    """The words in the language that is spoken, with the values at their places: `%(name)s`."""
    said = _translations(spoken(), "messages").gettext(words)
    return said % values if values else said


def ngettext(one: str, many: str, number: int, /, **values: object) -> str:
    """The same for words that depend on a number, which may stand in them as `%(num)s`."""
    said = _translations(spoken(), "messages").ngettext(one, many, number)
    return said % {"num": digits(number), **values}


def said_in(language: str, words: str) -> str:
    """The words in this language, whichever is spoken."""
    return _translations(language, "messages").gettext(words)


def template_gettext(words: str) -> str:
    """As Jinja asks: it puts the values in by itself, escaped."""
    return _translations(spoken(), "messages").gettext(words)


def template_ngettext(one: str, many: str, number: int) -> str:
    """As Jinja asks."""
    return _translations(spoken(), "messages").ngettext(one, many, number)


def marked(words: str) -> str:
    """The words unchanged: they are collected for the catalogues here, and said in a language later."""
    return words


def told(words: str) -> str:
    """What a step or the worker has said in English, in the language that is spoken.

    Steps put names into what they say, so a sentence is matched against those of `course.po`, in which
    names are places: `%(role)s` is one word, `%(hint_text)s` any text. What no sentence
    matches stays as it is.
    """
    if spoken() == DEFAULT or not words:
        return words
    said = _translations(spoken(), "course").gettext(words)
    return said if said != words else _retold(words, spoken())


def digits(number: float) -> str:
    """A number as people write it: 1,234.5 or 1.234,5."""
    return format_decimal(number, locale=LOCALES[spoken()])


def enumerated(names: list[str]) -> str:
    """Several names as one reads them: "a, b and c"."""
    return format_list(names, locale=LOCALES[spoken()])


def at_time(at: datetime, pattern: str = "HH:mm:ss") -> str:
    """A moment by a pattern of Unicode's (CLDR), or "short", "medium", "long"."""
    return format_datetime(at, pattern, locale=Locale.parse(LOCALES[spoken()]))


def catalogue(language: str, domain: str) -> Catalog:
    """What the file of a language says; an empty catalogue for one that has no such file."""
    path = FOLDER / language / "LC_MESSAGES" / f"{domain}.po"
    if not path.exists():
        return Catalog(locale=language)
    with path.open("rb") as file:
        return read_po(file, locale=language, domain=domain)


@cache
def _translations(language: str, domain: str) -> NullTranslations:
    if language == DEFAULT:
        return NullTranslations()
    compiled = BytesIO()
    write_mo(compiled, catalogue(language, domain))
    compiled.seek(0)
    return GNUTranslations(compiled)


@cache
def _patterns(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """Sentences with places, the most telling first."""
    pairs = (
        (str(one.id), str(one.string))
        for one in catalogue(language, "course")
        if one.id and one.string and not one.pluralizable and PLACE.search(str(one.id))
    )
    telling = sorted(pairs, key=lambda pair: -len(PLACE.sub("", pair[0])))
    return tuple((_pattern(english), said) for english, said in telling)


def _pattern(english: str) -> re.Pattern[str]:
    parts, seen = [], set[str]()
    for place, part in enumerate(PLACE.split(english)):
        if place % 2 == 0:
            parts.append(re.escape(part.replace("%%", "%")))
        else:
            sign = "." if part.endswith("_text") else r"\S"
            parts.append(f"(?P={part})" if part in seen else f"(?P<{part}>{sign}+?)")
            seen.add(part)
    return re.compile("".join(parts), re.DOTALL)


def _retold(words: str, language: str) -> str:
    for pattern, said in _patterns(language):
        found = pattern.fullmatch(words)
        if found:
            names = {
                name: _translations(language, "course").gettext(text)
                for name, text in found.groupdict().items()
            }
            return said % names
    return words
