"""Versions and aliases of functions."""

from __future__ import annotations

from typing import Any

from workshop.sandbox.call import AwsError, Call
from workshop.sandbox.lambda_.configuration import described, invalid, new_revision
from workshop.sandbox.lambda_.functions import publish
from workshop.sandbox.lambda_.names import LATEST, Reference, not_found, reference
from workshop.sandbox.lambda_.package import sha256_base64
from workshop.sandbox.lambda_.pages import page
from workshop.sandbox.lambda_.shelf import Shelf
from workshop.sandbox.lambda_.state import Alias, Function


class Versions:
    """The operations on versions and aliases."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    def publish(self, call: Call) -> dict[str, Any]:
        with self._shelf.lock:
            function = self._shelf.asked(call)
            wanted = call.params.get("CodeSha256")
            if wanted not in (None, sha256_base64(function.latest.code)):
                raise invalid(f"CodeSha256 ({wanted}) is different from current CodeSha256 in $LATEST.")
            return described(publish(function, call.params.get("Description")))

    def list(self, call: Call) -> dict[str, Any]:
        with self._shelf.lock:
            shown = [described(version) for version in self._shelf.asked(call).versions.values()]
        for version in shown:
            version["FunctionArn"] = _with_number(version["FunctionArn"], version["Version"])
        return page(call, "Versions", shown)

    def create_alias(self, call: Call) -> dict[str, Any]:
        of, name = reference(call), call.params["Name"]
        with self._shelf.lock:
            function = self._shelf.function(of)
            if name in function.aliases:
                arn = Reference(of.account, of.region, of.name, name).arn
                raise AwsError("ResourceConflictException", f"Alias already exists: {arn}", Type="User")
            if name.isdigit() or name == LATEST:
                raise invalid(f"Alias name {name} is not valid.")
            alias = Alias(name, "", call.params.get("Description", ""), "")
            self._set(function, alias, call)
            function.aliases[name] = alias
        return self._described(of, alias)

    def update_alias(self, call: Call) -> dict[str, Any]:
        with self._shelf.lock:
            alias = self._alias(call)
            alias.description = call.params.get("Description", alias.description)
            self._set(self._shelf.asked(call), alias, call)
        return self._described(reference(call), alias)

    def get_alias(self, call: Call) -> dict[str, Any]:
        return self._described(reference(call), self._alias(call))

    def delete_alias(self, call: Call) -> None:
        self._shelf.asked(call).aliases.pop(call.params["Name"], None)

    def list_aliases(self, call: Call) -> dict[str, Any]:
        of = reference(call)
        with self._shelf.lock:
            aliases = sorted(self._shelf.function(of).aliases.values(), key=lambda one: one.name)
        wanted = call.params.get("FunctionVersion")
        shown = [self._described(of, one) for one in aliases if wanted in (None, one.version)]
        return page(call, "Aliases", shown)

    def _alias(self, call: Call) -> Alias:
        of = reference(call)
        alias = self._shelf.function(of).aliases.get(call.params["Name"])
        if alias is None:
            arn = Reference(of.account, of.region, of.name, call.params["Name"]).arn
            raise AwsError("ResourceNotFoundException", f"Alias not found: {arn}", Type="User")
        return alias

    def _set(self, function: Function, alias: Alias, call: Call) -> None:
        version = call.params.get("FunctionVersion", alias.version)
        weights = call.params.get("RoutingConfig", {}).get("AdditionalVersionWeights", alias.weights)
        for number in (version, *weights):
            if number not in function.versions:
                raise not_found(Reference(call.account, call.region, function.name, number))
        alias.version, alias.weights, alias.revision = version, dict(weights), new_revision()

    def _described(self, of: Reference, alias: Alias) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "AliasArn": Reference(of.account, of.region, of.name, alias.name).arn,
            "Name": alias.name,
            "FunctionVersion": alias.version,
            "Description": alias.description,
            "RevisionId": alias.revision,
        }
        if alias.weights:
            shown["RoutingConfig"] = {"AdditionalVersionWeights": dict(alias.weights)}
        return shown


def _with_number(arn: str, number: str) -> str:
    return f"{arn}:{number}" if number == LATEST else arn
