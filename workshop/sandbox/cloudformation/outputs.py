"""Works out a stack's outputs, and sees that no two stacks export the same name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .intrinsics import Scope, resolve, text_of
from .ledger import Ledger
from .scope import Place
from .state import Definition, Output, Stack
from .template import TemplateError


def outputs_of(
    wanted: Definition, scope: Scope, ledger: Ledger, stack: Stack, place: Place
) -> tuple[Output, ...]:
    """The outputs whose condition holds; TemplateError if an export's name is taken or in use."""
    found = tuple(
        _output(name, declared, scope)
        for name, declared in wanted.template.outputs.items()
        if "Condition" not in declared or scope.conditions[declared["Condition"]]
    )
    with ledger.lock:
        region = ledger.region(place.account, place.region)
        for output in found:
            owner = region.exports().get(output.export or "")
            if owner and owner[0].id != stack.id:
                raise TemplateError(
                    f"Export with name {output.export} is already exported by stack {owner[0].name}."
                )
        kept = {output.export: output.value for output in found if output.export}
        for old in stack.outputs:
            users = region.importers(old.export) if old.export else []
            if users and kept.get(str(old.export)) != old.value:
                verb = "updated" if old.export in kept else "deleted"
                names = " and ".join(user.name for user in users)
                raise TemplateError(f"Export {old.export} cannot be {verb} as it is in use by {names}")
    return found


def _output(name: str, declared: Mapping[str, Any], scope: Scope) -> Output:
    value = resolve(declared["Value"], scope)
    if isinstance(value, dict | list):
        raise TemplateError(
            "Template format error: The Value field of every Outputs member must "
            f"evaluate to a String. ({name})"
        )
    export = (declared.get("Export") or {}).get("Name")
    return Output(
        name, text_of(value), declared.get("Description"), text_of(resolve(export, scope)) if export else None
    )
