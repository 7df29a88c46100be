"""The resource types that stacks can have here, each by its AWS name."""

from collections.abc import Mapping

from workshop.sandbox.cloudformation.work import Failed, Kind

from . import custom, delivery, functions, httpapi, iam, messages, nested, restapi, secrets, storage, watching

KINDS: Mapping[str, Kind] = {
    **custom.KINDS,
    **delivery.KINDS,
    **functions.KINDS,
    **httpapi.KINDS,
    **iam.KINDS,
    **messages.KINDS,
    **nested.KINDS,
    **restapi.KINDS,
    **secrets.KINDS,
    **storage.KINDS,
    **watching.KINDS,
}


def kind_of(type_: str) -> Kind | None:
    """How resources of this type are made here; None if they cannot be."""
    return KINDS.get("AWS::CloudFormation::CustomResource" if type_.startswith("Custom::") else type_)


def kind_for(type_: str) -> Kind:
    """The same; Failed where there is none."""
    found = kind_of(type_)
    if found is None:
        raise Failed(f"This sandbox cannot make resources of type {type_}; AWS can.")
    return found
