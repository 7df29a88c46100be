"""What a crash leaves in git's folders: they are written at once, what is known of them a moment later."""

from __future__ import annotations

import shutil

from workshop.sandbox.codecommit.git import Git
from workshop.sandbox.codecommit.news import RefChange
from workshop.sandbox.codecommit.state import Repository
from workshop.sandbox.codecommit.store import Store


def tidy(store: Store) -> None:
    """Forget repositories whose folder was deleted; delete folders of repositories nobody knows."""
    for place, state in list(store.states.items()):
        for repository in [one for one in state.repositories.values() if not store.folder(one).exists()]:
            store.delete(repository)
        known = {one.id for one in state.repositories.values()}
        for folder in store.folders(*place):
            if folder.name not in known:
                shutil.rmtree(folder)


def unnoticed(repository: Repository, git: Git) -> list[RefChange]:
    """References that are not where the repository's record has them: pushes of the last moment."""
    there = git.repo.refs.as_dict().items()
    found = {name.decode(errors="replace"): tip.decode() for name, tip in there if name != b"HEAD"}
    names = sorted({*found, *repository.references})
    moves = [RefChange(name, repository.references.get(name), found.get(name)) for name in names]
    return [move for move in moves if move.old != move.new]
