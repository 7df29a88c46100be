"""Every word of the pages can be said in another language, and German says all of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from flask import Flask
from jinja2 import Environment

from tests.web.conftest import Attending, Visitor
from workshop.config import HOME
from workshop.course import load, render, written_in
from workshop.guide import Guide
from workshop.language import language, tongue, words
from workshop.language.catalogue import collected, untranslated
from workshop.language.tongue import catalogue, gettext, ngettext, told

GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}
TEMPLATES = sorted((HOME / "templates").glob("*.html"))
# Names, and what AWS calls things, are the same in every language.
NAMES = {
    "Source",
    "Build",
    "Deploy",
    "UTC",
    "paulf",
    "Paul Fischer",
    "s3:PutObject",
    "arn:aws:s3:::bucket/key",
    "RIVER-42",
    "PG23 meetup",
    "Maria Silva",
    "maria@example.org",
    "ana@example.org",
    "paulf,Paul Fischer&#10;anac,Ana Cruz",
    "https://example.org/news",
    "CSV",
}
READ = ("aria-label", "title", "alt", "placeholder")
# What templates compare with, and do not show.
STATES = {"not yet", "already there", "catch up", "start over", "held already", "does not hold", "done for"}
CODE = {"load delay:3s", "load delay:4s", "every 1s, work from:body, back from:body"}
UNREAD = re.compile(rf'\s(?!(?:{"|".join(READ)})=)[\w-]+="[^"]*"')  # attributes, which a macro may also give
WORD = re.compile(r"[A-Za-z]{2}")
SENTENCE = re.compile(r"[A-Za-z]{2} [A-Za-z]|^[A-Z][a-z]+: $")


@pytest.fixture
def german() -> Iterator[None]:
    tongue.speak("de")
    yield
    tongue.speak(tongue.DEFAULT)


def bare(template: str, jinja: Environment) -> list[str]:
    """What people read in a template that does not go through the catalogue."""
    inside, text, written = False, "", []
    tokens = [token for token in jinja.lex(template) if token[1] != "whitespace"]
    for before, (_, kind, value) in zip([(0, "", ""), *tokens], tokens, strict=False):
        if kind == "name" and value in ("trans", "endtrans"):
            inside = value == "trans"
        if kind == "data":
            text += "\0" if inside else value
        if kind == "string" and before[2] != "(" and value[1:-1] not in STATES | CODE:
            written.append(value[1:-1])
        text += "\0" if kind.endswith("_end") else ""
    text = re.sub(r"<(code|script|style)\b.*?</\1>|<meta .*?>", "", text, flags=re.DOTALL)
    text = UNREAD.sub("", text)
    read = re.findall(rf'(?:{"|".join(READ)})="([^"]*)"', text) + re.sub(r"<[^>]*>", "\0", text).split("\0")
    sentences = [one for one in written if SENTENCE.search(one)]
    pieces = (piece.strip() for one in read for piece in one.split("\0"))
    return sentences + [one for one in pieces if WORD.search(one) and one not in NAMES]


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.stem)
def test_no_template_holds_bare_words(template: Path, app: Flask) -> None:
    assert bare(template.read_text(encoding="utf-8"), app.jinja_env) == []


@pytest.mark.parametrize(
    ("template", "found"),
    [
        ("<p>Go on</p>", "Go on"),
        ('<a aria-label="Close">{{ icon("x") }}</a>', "Close"),
        ('{{ "In progress" if x else y }}', "In progress"),
        ('{{ icon("check", "Passed: ") }}', "Passed: "),
        ("{% if x %}read this{% endif %}", "read this"),
        ('<p class="a b">{{ _("Go on") }}{% trans %}Go <b>on</b>{% endtrans %}</p>', None),
    ],
)
def test_bare_words_are_found_where_they_are(template: str, found: str | None, app: Flask) -> None:
    assert bare(template, app.jinja_env) == ([found] if found else [])


def test_german_is_complete() -> None:
    ours = catalogue("de", "messages")
    missing = [one.id for one in collected() if one.id and one.id not in ours]
    assert missing == [], "run python -m workshop.language.catalogue, then translate"
    assert [one.id for one in untranslated(ours)] == []


@pytest.mark.parametrize("domain", ["messages", "course"])
def test_translations_keep_every_place(domain: str) -> None:
    wrong = {one.id: list(one.check()) for one in catalogue("de", domain) if one.id}
    assert {words: errors for words, errors in wrong.items() if errors} == {}


def test_titles_and_claims_are_translated(german: None) -> None:
    course = load(HOME / "steps")
    said = [chapter.title for chapter in course.chapters]
    said += [words for step in course.steps for words in (step.title, *step.claims)]
    assert [words for words in said if told(words) == words] == []


def test_a_browser_that_asks_for_german_gets_it(visitor: Visitor) -> None:
    page = visitor.get("/", headers=GERMAN).get_data(as_text=True)
    assert '<html lang="de"' in page
    assert "Dein Kürzel" in page
    assert "Your handle" not in page


@pytest.mark.parametrize("wanted", ["fr", "", "xx-nonsense;q=2, *"])
def test_who_asks_for_what_we_do_not_speak_gets_english(wanted: str, visitor: Visitor) -> None:
    answer = visitor.get("/", headers={"Accept-Language": wanted})
    assert answer.headers["Content-Language"] == "en"
    assert "Your handle" in answer.get_data(as_text=True)


def test_the_switch_is_stronger_than_the_browser(visitor: Visitor) -> None:
    visitor.get("/")
    assert visitor.post("/language", language="de").status_code == 303
    assert 'lang="de"' in visitor.text("/")
    visitor.post("/language", language="en")
    assert '<html lang="en"' in visitor.get("/", headers=GERMAN).get_data(as_text=True)


def test_a_language_that_is_not_ours_is_not_kept(visitor: Visitor) -> None:
    visitor.get("/")
    visitor.post("/language", language="../../etc")
    assert '<html lang="en"' in visitor.text("/")


def test_one_answer_in_german_leaves_the_next_in_english(visitor: Visitor) -> None:
    visitor.get("/", headers=GERMAN)
    assert tongue.spoken() == tongue.DEFAULT
    assert "Your handle" in visitor.text("/")


def test_mishaps_are_told_in_german(visitor: Visitor) -> None:
    answer = visitor.get("/nowhere", headers=GERMAN)
    assert answer.status_code == 404
    assert "Diese Seite gibt es nicht" in answer.get_data(as_text=True)


def test_a_step_says_that_its_page_is_not_translated(paul: Attending) -> None:
    page = paul.visitor.get("/steps/read-this", headers=GERMAN).get_data(as_text=True)
    assert "Diese Seite ist noch nicht übersetzt" in page
    assert '<div class="prose" lang="en">' in page
    assert "noch nicht übersetzt" not in paul.visitor.text("/steps/read-this")


def test_a_page_beside_the_english_one_is_shown_instead(
    tmp_path: Path, paul: Attending, guide: Guide
) -> None:
    (tmp_path / "__init__.py").touch()
    head = "---\nchapter: One\norder: 1\n---\n"
    (tmp_path / "only_read.md").write_text(f"{head}# Only read\n\n:::note\nEnglish\n:::\n")
    (tmp_path / "only_read.de.md").write_text("# Nur lesen\n\n:::note\nDeutsch\n:::\n")
    (step,) = load(tmp_path).steps
    html = render(step, guide.lab_of(paul.enrolled), "de")
    assert "Deutsch" in html
    assert "Hinweis" in html
    assert written_in(step, "fr") == "en"


@pytest.mark.parametrize(
    ("english", "said"),
    [
        ("Create the role codebuild-x", "Die Rolle codebuild-x anlegen"),
        ("“Add a stage” does not hold yet.", "„Eine Stage hinzufügen“ stimmt noch nicht."),
        ("Answer “Which one?” with a b", "„Which one?“ mit a b beantworten"),
        ("Something nobody has translated", "Something nobody has translated"),
        ("The bucket has no policy", "The bucket has no policy"),
        ("", ""),
    ],
)
def test_what_steps_say_is_matched_with_its_names(german: None, english: str, said: str) -> None:
    assert told(english) == said


def test_numbers_times_and_plurals_follow_the_language(german: None) -> None:
    assert tongue.digits(1234567.5) == "1.234.567,5"
    assert language.size(1234567) == "1,2 MB"
    assert language.until_day(datetime(2026, 11, 24, 14, 5, tzinfo=UTC)) == "Di. 14:05 UTC"
    assert ngettext("It holds.", "All %(count)s hold.", 3, count=3) == "Alle 3 stimmen."
    assert words.lasting(100) == "1 min 40 s"


def test_values_are_put_at_their_places(german: None) -> None:
    assert gettext("“%(handle)s” cannot be a handle.", handle="50%") == "„50%“ geht nicht als Kürzel."


def test_commands_within_words_are_set_as_code() -> None:
    said = words.coded("Try `aws s3 ls <bucket>`, or `npm test`; a ` alone stays")
    assert said == ("Try <code>aws s3 ls &lt;bucket&gt;</code>, or <code>npm test</code>; a ` alone stays")


@pytest.mark.parametrize(
    ("address", "alone"),
    [
        ("http://127.0.0.1:8000/e/RIVER-42", True),
        ("http://localhost/go-on/x", True),
        ("http://[::1]:8000/", True),
        ("http://192.168.1.20:8000/", False),
        ("https://workshop.example.org/?from=localhost", False),
    ],
)
def test_an_address_of_this_machine_alone_is_known(address: str, alone: bool) -> None:
    assert words.here_only(address) == alone
