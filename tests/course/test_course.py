"""Reading a course from its folder."""

from pathlib import Path

import pytest

from workshop.course import BrokenStep, UnknownStep, load

PAGE = "---\nchapter: {chapter}\norder: {order}\nminutes: 3\n---\n# {title}\n\nText.\n"


def write(folder: Path, stem: str, order: int, chapter: str = "One", module: str = "") -> None:
    folder.mkdir(exist_ok=True)
    (folder / "__init__.py").touch()
    page = PAGE.format(chapter=chapter, order=order, title=stem.replace("_", " ").title())
    (folder / f"{stem}.md").write_text(page)
    if module:
        (folder / f"{stem}.py").write_text(module)


def test_steps_stand_in_their_order_and_chapters_in_that_of_their_first_step(tmp_path: Path) -> None:
    folder = tmp_path / "ordered"
    write(folder, "last", 30, "Two")
    write(folder, "second", 20)
    write(folder, "the_first", 10)
    course = load(folder)
    assert [step.slug for step in course.steps] == ["the-first", "second", "last"]
    assert [chapter.title for chapter in course.chapters] == ["One", "Two"]


def test_adding_two_files_adds_a_step_with_its_claims(tmp_path: Path) -> None:
    folder = tmp_path / "added"
    module = 'def check_it(lab):\n    """It is\n    there."""\n    return "here"\n\ndef do(lab):\n    "Do."\n'
    write(folder, "new_step", 10, module=module)
    step = load(folder).step("new-step")
    assert (step.title, step.claims, step.minutes) == ("New Step", ["It is there."], 3)
    assert step.do


def test_steps_share_lookups_beside_them(tmp_path: Path) -> None:
    folder = tmp_path / "sharing"
    write(folder, "step", 10, module="from . import look\nCLAIM = look.CLAIM\n")
    (folder / "look.py").write_text("CLAIM = 'shared'\n")
    assert load(folder).step("step").slug == "step"


def test_neighbours_end_at_both_ends(tmp_path: Path) -> None:
    folder = tmp_path / "neighbours"
    write(folder, "a", 1)
    write(folder, "b", 2)
    course = load(folder)
    a, b = course.steps
    assert (course.before("a"), course.after("a")) == (None, b)
    assert (course.before("b"), course.after("b")) == (a, None)


def test_a_step_that_is_not_there_is_named(tmp_path: Path) -> None:
    write(tmp_path / "empty", "a", 1)
    with pytest.raises(UnknownStep, match="nowhere"):
        load(tmp_path / "empty").step("nowhere")


@pytest.mark.parametrize(
    ("page", "complaint"),
    [
        ("# Title\n", "does not open"),
        ("---\norder: 1\n---\n# Title\n", "no chapter"),
        ("---\norder: 1\nchapter: One\n---\nText\n", "no title"),
    ],
)
def test_a_page_that_breaks_the_contract_says_how(tmp_path: Path, page: str, complaint: str) -> None:
    folder = tmp_path / f"broken{abs(hash(page))}"
    write(folder, "a", 1)
    (folder / "a.md").write_text(page)
    with pytest.raises(BrokenStep, match=complaint):
        load(folder)


def test_a_check_without_a_claim_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "claimless", "a", 1, module="def check(lab):\n    return ''\n")
    with pytest.raises(BrokenStep, match="docstring"):
        load(tmp_path / "claimless")
