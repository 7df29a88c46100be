"""What belongs to an account: moto's backends and the states of our services."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from workshop.sandbox.snapshot import backends, graph
from workshop.sandbox.snapshot.kept import Kept

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Holdings:
    """An account's objects: moto's by address and region, ours by service and region."""

    moto: Mapping[str, backends.Regions]
    ours: Mapping[str, Mapping[str, Any]]

    @classmethod
    def of(cls, account: str, kept: Mapping[str, Kept]) -> Holdings:
        """What an account has now."""
        ours = {name: _states(account, one) for name, one in kept.items()}
        return cls(backends.of_account(account), ours)

    @property
    def empty(self) -> bool:
        """Whether there is nothing at all."""
        return not self.moto and not any(self.ours.values())

    @staticmethod
    def drop(account: str, kept: Mapping[str, Kept]) -> None:
        """Forget all that an account has; nothing may go on in it."""
        backends.drop(account)
        for one in kept.values():
            for region in _states(account, one):
                one.states.pop((account, region), None)

    def put(self, account: str, kept: Mapping[str, Kept]) -> None:
        """Give it all to an account that has nothing yet."""
        backends.put(account, self.moto)
        for name, states in self.ours.items():
            kept[name].states.update({(account, region): state for region, state in states.items()})


def dump(account: str, held: Holdings, known: graph.Digests) -> graph.Dump:
    """The holdings as bytes, without those services of moto's that no pickle can take.

    RuntimeError if something was changed meanwhile.
    """
    try:
        return graph.dump(account, held, known)
    except RuntimeError:
        raise
    except Exception as unfit:  # pickle raises whatever an object's own methods raise
        fit = {where: regions for where, regions in held.moto.items() if _is_fit(account, where, regions)}
        if len(fit) == len(held.moto):
            raise unfit from None
        return replace(graph.dump(account, replace(held, moto=fit), graph.Digests()), whole=False)


def _is_fit(account: str, where: str, regions: backends.Regions) -> bool:
    try:
        graph.dump(account, regions, graph.Digests())
    except RuntimeError:
        raise
    except Exception as unfit:
        log.warning("%s of account %s is not saved: %s", where, account, unfit)
        return False
    return True


def _states(account: str, kept: Kept) -> dict[str, Any]:
    return {region: state for (owner, region), state in list(kept.states.items()) if owner == account}
