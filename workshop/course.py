"""The course: reads the steps from their folder, puts them in order, and renders their pages.

A step is two files, `fix_the_build.md` and `fix_the_build.py`; its address is `fix-the-build`. The
page opens with a few lines that place it, then its first heading is its title:

    ---
    chapter: Make it green
    order: 330
    minutes: 4
    ---
    # Fix the build

Chapters stand in the order of their first steps. A page without a module is only read. A module has
its checks and, where there is something to make, two acts: `do(lab)`, and `undo(lab)` that takes it
back; both look before they change anything. One who cannot take back what AWS keeps says instead, by
`FOLLOWS = "its-slug"`, which step to start over to see this one anew.

The same page in another language is one more file, `fix_the_build.de.md`, which begins with its title.
Titles, claims and what else a step says are translated in the catalogue `course.po`.
"""

import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml

from workshop.lab import Lab
from workshop.language.tongue import DEFAULT
from workshop.page import html
from workshop.step import Check, Step


class UnknownStep(Exception):
    """There is no step of that name in the course."""


class BrokenStep(Exception):
    """A step's files are not as the author's contract asks; the text says what to change."""


@dataclass(frozen=True)
class Chapter:
    """A title and the steps under it, in order."""

    title: str
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Course:
    """All chapters in order."""

    chapters: tuple[Chapter, ...]

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """Every step of every chapter, in the order in which they are walked."""
        return tuple(step for chapter in self.chapters for step in chapter.steps)

    def step(self, slug: str) -> Step:
        """The step at this address. Raises UnknownStep."""
        return self.steps[self._place(slug)]

    def title(self, slug: str) -> str:
        """What a step is called; its address for one that is not in the course any more."""
        return next((step.title for step in self.steps if step.slug == slug), slug)

    def before(self, slug: str) -> Step | None:
        """The step before this one; None before the first."""
        place = self._place(slug)
        return self.steps[place - 1] if place else None

    def after(self, slug: str) -> Step | None:
        """The step after this one; None after the last."""
        return next(iter(self.steps[self._place(slug) + 1 :]), None)

    def only(self, titles: tuple[str, ...]) -> "Course":
        """The course with these chapters only, in its own order; all of them where none is named."""
        if not titles:
            return self
        return Course(tuple(chapter for chapter in self.chapters if chapter.title in titles))

    def _place(self, slug: str) -> int:
        for place, step in enumerate(self.steps):
            if step.slug == slug:
                return place
        raise UnknownStep(slug)


def load(folder: Path) -> Course:
    """Read every page of the folder with its module. Raises BrokenStep."""
    package = _package(folder.resolve())
    placed = sorted(
        (_step(page, package) for page in folder.resolve().glob("*.md") if "." not in page.stem),
        key=lambda pair: (pair[0], pair[1].slug),
    )
    titles = dict.fromkeys(step.chapter for _, step in placed)
    return Course(
        tuple(Chapter(title, tuple(step for _, step in placed if step.chapter == title)) for title in titles)
    )


def render(step: Step, lab: Lab, language: str = DEFAULT) -> str:
    """The step's page as HTML, with this attendee's names in it; the title is left out.

    In English where it is not written in the language: `written_in` says which it is.
    """
    written = written_in(step, language)
    page = step.page if written == DEFAULT else _translation(step, language).read_text(encoding="utf-8")
    return html(page.lstrip().partition("\n")[2], step.folder, lab, written)


def written_in(step: Step, language: str) -> str:
    """The language in which there is a page of this step: this one, or English."""
    return language if language == DEFAULT or _translation(step, language).exists() else DEFAULT


def _translation(step: Step, language: str) -> Path:
    return step.folder / f"{step.slug.replace('-', '_')}.{language}.md"


def _step(path: Path, package: str) -> tuple[int, Step]:
    head, page = _front_matter(path)
    module = _module(path.with_suffix(".py"), package)
    title = page.partition("\n")[0].removeprefix("# ").strip()
    step = Step(
        slug=path.stem.replace("_", "-"),
        title=title,
        chapter=str(head["chapter"]),
        minutes=int(head.get("minutes", 2)),
        page=page,
        folder=path.parent,
        checks=tuple(_checks(module)),
        do=getattr(module, "do", None),
        asks=getattr(module, "questions", None),
        undo=getattr(module, "undo", None),
        follows=getattr(module, "FOLLOWS", ""),
    )
    return int(head["order"]), step


def _front_matter(path: Path) -> tuple[dict[str, Any], str]:
    text = path.read_text(encoding="utf-8")
    parts = text.split("---\n", 2)
    if len(parts) != 3 or parts[0]:
        raise BrokenStep(f"{path.name} does not open with its chapter and order between two ---")
    head = yaml.safe_load(parts[1])
    page = parts[2].lstrip()
    if not isinstance(head, dict) or not {"chapter", "order"} <= head.keys():
        raise BrokenStep(f"{path.name} says no chapter or no order")
    if not page.startswith("# "):
        raise BrokenStep(f"{path.name} has no title: its first line should be `# The title`")
    return head, page


def _checks(module: ModuleType | None) -> Iterator[Check]:
    for name, member in vars(module).items() if module else ():
        if (name == "check" or name.startswith("check_")) and callable(member):
            if not member.__doc__:
                raise BrokenStep(f"{name} has no docstring: that is the claim the attendee reads")
            yield member


def _module(path: Path, package: str) -> ModuleType | None:
    return importlib.import_module(f"{package}.{path.stem}") if path.exists() else None


def _package(folder: Path) -> str:
    """Make the folder importable as a package, so that steps may say `from . import look`."""
    known = sys.modules.get(folder.name)
    if known and Path(known.__file__ or "").parent == folder:
        return folder.name
    name = folder.name if not known else f"{folder.name}_{abs(hash(folder))}"
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(
            name, folder / "__init__.py", submodule_search_locations=[str(folder)]
        )
        if not spec or not spec.loader or not (folder / "__init__.py").exists():
            raise BrokenStep(f"{folder} has no __init__.py")
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return name
