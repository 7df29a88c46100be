"""Every word of the pages can be said in another language, and German says all of them."""

from __future__ import annotations

import pytest

from tests.web.conftest import Visitor
from workshop import tongue

GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}


@pytest.fixture
def german() -> Iterator[None]:
    tongue.speak("de")
    yield
    tongue.speak(tongue.DEFAULT)


def test_a_browser_that_asks_for_german_gets_it(visitor: Visitor) -> None:
    page = visitor.get("/", headers=GERMAN).get_data(as_text=True)
    assert '<html lang="de"' in page
    assert "Dein Kürzel" in page
    assert "Your handle" not in page
