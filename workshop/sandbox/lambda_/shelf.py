"""Where functions are kept: one state per account and region, and how a function is found in it."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from workshop.sandbox.call import Call
from workshop.sandbox.lambda_.names import LATEST, Reference, not_found, reference
from workshop.sandbox.lambda_.state import Code, Function, State, Version


class Shelf:
    """The states of all accounts.  `lock` guards them; hold it while reading or changing one."""

    def __init__(self) -> None:
        self.states: dict[tuple[str, str], State] = {}
        self.lock = threading.RLock()

    def of(self, call: Call) -> State:
        """The state of the caller's account in the call's region."""
        return self.state(call.account, call.region)

    def state(self, account: str, region: str) -> State:
        with self.lock:
            return self.states.setdefault((account, region), State())

    def everything(self) -> Iterator[Function]:
        """The functions of all accounts."""
        with self.lock:
            return iter([one for state in self.states.values() for one in state.functions.values()])

    def codes(self) -> set[Code]:
        """The packages of all versions of all functions and layers."""
        with self.lock:
            versions = [one for function in self.everything() for one in function.versions.values()]
            layers = [one for state in self.states.values() for one in state.layers.values()]
        used = {version.code for version in versions}
        used |= {layer.code for version in versions for layer in version.layers}
        return used | {layer.code for numbers in layers for layer in numbers.values()}

    def function(self, of: Reference) -> Function:
        """The function; AwsError ResourceNotFoundException if there is none."""
        function = self.state(of.account, of.region).functions.get(of.name)
        if function is None:
            raise not_found(of)
        return function

    def asked(self, call: Call) -> Function:
        """The function that the call names."""
        return self.function(reference(call))

    def version(self, of: Reference) -> Version:
        """The version that a qualifier means: a number, `$LATEST` or an alias (its main version)."""
        function = self.function(of)
        number = of.qualifier or LATEST
        if number in function.aliases:
            number = function.aliases[number].version
        if number not in function.versions:
            raise not_found(of)
        return function.versions[number]
