"""Handles by the course's convention."""

import pytest

from workshop.handle import another, suggest, valid


@pytest.mark.parametrize(
    ("name", "handle"),
    [
        ("Paul Fischer", "paulf"),
        ("  paul   FISCHER ", "paulf"),
        ("Paul", "paul"),
        ("Ana María de la Cruz", "anac"),
        ("Øyvind Åse", "oyvinda"),
        ("Jean-Luc O'Neill", "jeanluco"),
        ("Łukasz Żak", "lukaszz"),
        ("Maximilianalexander Von Braun", "maximilianalexb"),
        ("李 小龍", ""),
        ("💥", ""),
        ("7 of 9", "of"),
        ("", ""),
    ],
)
def test_the_convention_makes_a_handle_of_a_name(name: str, handle: str) -> None:
    assert suggest(name) == handle


@pytest.mark.parametrize("handle", ["a", "Paulf", "9lives", "paul f", "paul-f", "a" * 16, "<b>", "päul", ""])
def test_what_could_not_be_part_of_a_name_in_aws_is_no_handle(handle: str) -> None:
    assert not valid(handle)


def test_a_taken_handle_gets_a_number_and_stays_within_bounds() -> None:
    assert another("paulf", 2) == "paulf2"
    assert valid(another("a" * 15, 12))
