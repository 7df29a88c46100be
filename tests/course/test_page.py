"""What becomes of an author's Markdown."""

from pathlib import Path

import pytest
from jinja2 import UndefinedError

from workshop.lab import Attendee, Aws, Keys, Lab
from workshop.page import html

KEYS = Keys("AKIAEXAMPLE", "secret")


def lab(handle: str = "paulf", real: bool = False) -> Lab:
    endpoint = None if real else "http://127.0.0.1:4566"
    return Lab(Attendee(handle, "424200000007", "eu-west-1", "pg23"), Aws("eu-west-1", endpoint), KEYS)


def test_names_appear_in_text_links_and_code() -> None:
    page = 'Yours is `{{ lab.name("build") }}`.\n\n```sh\naws x --name {{ lab.name("build") }}\n```\n'
    text = html(page, Path(), lab())
    assert text.count("paulf-pg23-build") == 2
    assert 'class="cmd" data-copy' in text


def test_a_name_cannot_become_markup() -> None:
    text = html("Hello {{ lab.handle }} **there**", Path(), lab("<script>*x*"))
    assert "&lt;script&gt;*x*" in text
    assert "<script>" not in text


def test_html_of_an_author_stays_text() -> None:
    assert "<b>" not in html("A <b>bold</b> word", Path(), lab())


def test_a_name_that_the_lab_does_not_have_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        html("{{ lab.naem }}", Path(), lab())


@pytest.mark.parametrize(
    ("real", "shown", "hidden"), [(True, "Choose", "endpoint"), (False, "endpoint", "Choose")]
)
def test_what_is_written_for_the_console_shows_only_there(real: bool, shown: str, hidden: str) -> None:
    page = ":::console\n1. Choose **Create**.\n:::\n\n:::local\nThe endpoint.\n:::\n\nBoth.\n"
    text = html(page, Path(), lab(real=real))
    assert shown in text
    assert hidden not in text
    assert "Both." in text


def test_links_to_the_console_are_plain_text_without_one() -> None:
    page = '[the pipeline]({{ lab.console("pipeline", lab.name("pipeline")) }}) and [AWS](https://aws.amazon.com)'
    assert "pipelines/paulf-pg23-pipeline/view" in html(page, Path(), lab(real=True))
    assert html(page, Path(), lab()) == ('<p>the pipeline and <a href="https://aws.amazon.com">AWS</a></p>\n')


def test_a_drawing_stands_in_the_page_with_its_caption(tmp_path: Path) -> None:
    (tmp_path / "diagrams").mkdir()
    (tmp_path / "diagrams" / "x.svg").write_text("<svg><text>{{ lab.handle }}</text></svg>")
    text = html("Before\n\n![What it *is*](diagrams/x.svg)\n\nAfter", tmp_path, lab())
    assert "<svg><text>paulf</text></svg><figcaption>What it *is*</figcaption>" in text
