"""Brings the catalogues up to date with the words of the pages: `python -m workshop.language.catalogue`.

What is new stands in them untranslated, what is gone is dropped, and what changed a little keeps its
old translation, marked as fuzzy: it does not count until somebody has looked at it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import write_po

from workshop.config import HOME
from workshop.language.tongue import DEFAULT, FOLDER, LANGUAGES, catalogue

KEYWORDS = {"gettext": None, "_": None, "marked": None, "ngettext": (1, 2)}
ROOMS = ("", "console/", "insight/", "plan/", "room/", "watch/", "work/", "language/", "operations/")
METHODS = [
    ("templates/**.html", "jinja2.ext:babel_extract"),
    *((f"workshop/{room}*.py", "python") for room in ROOMS),
]
OPTIONS = {"templates/**.html": {"trimmed": "true", "trim_blocks": "true", "lstrip_blocks": "true"}}


def main() -> int:
    """Update each language's catalogue; 1 if anything in one has no translation yet."""
    words, gaps = collected(), 0
    for language in LANGUAGES:
        if language != DEFAULT:
            updated = _updated(language, words)
            missing = list(untranslated(updated))
            gaps += len(missing)
            for message in missing:
                print(f"{language}: {message.id!r}")
    return 1 if gaps else 0


def collected() -> Catalog:
    """Every word of the pages and of the code behind them, with the files that say it."""
    words = Catalog(project="workshop", charset="utf-8")
    for folder in ("templates", "workshop"):
        found = extract_from_dir(
            HOME / folder,
            method_map=[
                (pattern.partition("/")[2], method) for pattern, method in METHODS if _in(folder, pattern)
            ],
            options_map={pattern.partition("/")[2]: options for pattern, options in OPTIONS.items()},
            keywords=KEYWORDS,
        )
        for path, line, message, comments, context in found:
            words.add(message, None, [(f"{folder}/{path}", line)], auto_comments=comments, context=context)
    return words


def untranslated(words: Catalog) -> Iterator[Message]:
    """What has no translation that counts."""
    for message in words:
        texts = message.string if isinstance(message.string, (list, tuple)) else [message.string]
        if message.id and (message.fuzzy or not all(texts)):
            yield message


def _in(folder: str, pattern: str) -> bool:
    return pattern.startswith(f"{folder}/")


def _updated(language: str, words: Catalog) -> Catalog:
    catalog = catalogue(language, "messages")
    made = catalog.creation_date
    catalog.update(words, no_fuzzy_matching=False)
    catalog.creation_date = made  # else every run would change the file
    catalog.obsolete.clear()
    path = FOLDER / language / "LC_MESSAGES" / "messages.po"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        write_po(file, catalog, width=100, sort_by_file=True, include_lineno=False)
    return catalog


if __name__ == "__main__":
    sys.exit(main())
