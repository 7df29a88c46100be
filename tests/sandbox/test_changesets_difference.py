"""What changes between two definitions of a stack, as tables of cases."""

from __future__ import annotations

from typing import Any

import pytest

from workshop.sandbox.cloudformation.catalogue import Catalogue
from workshop.sandbox.cloudformation.changes import Change, Side, changes
from workshop.sandbox.cloudformation.parameters import Value
from workshop.sandbox.cloudformation.plan import Done, changed_keys, decide, failures, undo
from workshop.sandbox.cloudformation.reasons import handler_code
from workshop.sandbox.cloudformation.scope import Place, active, unresolved
from workshop.sandbox.cloudformation.state import Definition, Resource
from workshop.sandbox.cloudformation.template import Template

PLACE = Place("111122223333", "eu-west-1", "arn:stack", "s")
CATALOGUE = Catalogue()


def function(**properties: Any) -> dict[str, Any]:
    code = {"Code": {"S3Bucket": "b", "S3Key": "k"}, "Role": "r"}
    return {"Type": "AWS::Lambda::Function", "Properties": code | properties}


def topic(**properties: Any) -> dict[str, Any]:
    return {"Type": "AWS::SNS::Topic", "Properties": properties}


def side(resources: dict[str, Any], tags: tuple[tuple[str, str], ...] = (), **parameters: str) -> Side:
    values = {name: Value(name, value, value) for name, value in parameters.items()}
    body = {"Resources": resources, "Conditions": {"On": {"Fn::Equals": [parameters.get("P", ""), "on"]}}}
    definition = Definition("", Template(body), values, tags)
    scope = unresolved(definition, PLACE, lambda name: name)
    return Side(definition, scope, active(definition.template, scope.conditions))


def difference(before: Side, after: Side) -> dict[str, Change]:
    existing = {name: f"{name}-id" for name in before.active}
    return {change.name: change for change in changes(before, after, CATALOGUE.schema, existing)}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (topic(), topic(), None),
        (topic(DisplayName="a"), topic(DisplayName="b"), "False"),
        (topic(TopicName="a"), topic(TopicName="b"), "True"),
        (topic(), function(), "True"),
        (function(Timeout=3), function(Timeout=3), None),
        (function(), function(Timeout=3), "False"),
        (function(FunctionName="a"), function(), "True"),
    ],
)
def test_a_changed_property_says_whether_it_replaces(old: Any, new: Any, expected: str | None) -> None:
    found = difference(side({"A": old}), side({"A": new}))
    assert (found["A"].replacement if found else None) == expected


def test_resources_come_and_go() -> None:
    found = difference(side({"A": topic()}), side({"B": topic()}))
    assert {name: change.action for name, change in found.items()} == {"A": "Remove", "B": "Add"}


def test_a_condition_that_turns_false_removes() -> None:
    resources = {"A": topic(), "B": topic() | {"Condition": "On"}}
    found = difference(side(resources, P="on"), side(resources, P="off"))
    assert [(change.action, change.name) for change in found.values()] == [("Remove", "B")]


def test_a_changed_parameter_is_the_cause() -> None:
    resources = {"A": topic(DisplayName={"Ref": "P"})}
    (change,) = difference(side(resources, P="a"), side(resources, P="b")).values()
    assert (change.details[0].source, change.details[0].cause) == ("ParameterReference", "P")


def test_who_refers_to_a_replaced_resource_may_be_replaced_too() -> None:
    def stack(name: str) -> Side:
        permission = {"Action": "x", "Principal": "y", "FunctionName": {"Ref": "F"}}
        return side(
            {
                "F": function(FunctionName=name),
                "P": {"Type": "AWS::Lambda::Permission", "Properties": permission},
            }
        )

    found = difference(stack("a"), stack("b"))
    assert found["F"].replacement == "True"
    assert found["P"].replacement == "Conditional"
    assert found["P"].details[0].evaluation == "Dynamic"


def test_who_reads_an_attribute_of_a_modified_resource_may_change() -> None:
    def stack(timeout: int) -> Side:
        return side({"F": function(Timeout=timeout), "T": topic(DisplayName={"Fn::GetAtt": ["F", "Arn"]})})

    found = difference(stack(3), stack(4))
    assert (found["T"].details[0].source, found["T"].details[0].cause) == ("ResourceAttribute", "F.Arn")


def test_who_only_refers_to_a_modified_resource_stays() -> None:
    def stack(timeout: int) -> Side:
        return side({"F": function(Timeout=timeout), "T": topic(DisplayName={"Ref": "F"})})

    assert set(difference(stack(3), stack(4))) == {"F"}


def test_the_stacks_tags_reach_its_resources() -> None:
    found = difference(side({"A": topic()}), side({"A": topic()}, (("team", "a"),)))
    assert found["A"].shown()["ResourceChange"]["Scope"] == ["Tags"]


def resource(name: str = "A", **properties: Any) -> Resource:
    return Resource(name, "AWS::SNS::Topic", "", None, f"{name}-id", properties=properties)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("existing", "properties", "updatable", "expected"),
    [
        (None, {}, True, "create"),
        (resource(DisplayName="a"), {"DisplayName": "a"}, True, "keep"),
        (resource(DisplayName="a"), {"DisplayName": "b"}, True, "update"),
        (resource(DisplayName="a"), {"DisplayName": "b"}, False, "replace"),
        (resource(TopicName="a"), {"TopicName": "b"}, True, "replace"),
    ],
)
def test_what_happens_to_a_resource(existing: Any, properties: Any, updatable: bool, expected: str) -> None:
    schema = CATALOGUE.schema("AWS::SNS::Topic")
    assert decide(existing, "AWS::SNS::Topic", properties, schema, updatable=updatable) == expected


def test_undoing_restores_the_newest_first_and_deletes_what_was_made() -> None:
    journal = [
        Done("update", resource("A"), resource("A")),
        Done("create", None, resource("B")),
        Done("replace", resource("C"), resource("C")),
    ]
    way = undo(journal)
    assert [step.before.name for step in way.restore if step.before] == ["C", "A"]
    assert [gone.name for gone in way.delete] == ["C", "B"]


def test_changed_keys_are_those_that_differ() -> None:
    assert changed_keys({"a": 1, "b": [1]}, {"b": [1], "c": 2}) == ["a", "c"]


def test_failures_are_told_by_verb() -> None:
    told = failures([("create", "A"), ("update", "B"), ("create", "C")])
    assert told == (
        "The following resource(s) failed to create: [A, C]. "
        "The following resource(s) failed to update: [B]. "
    )


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("AccessDeniedException", 403, "AccessDenied"),
        ("BucketAlreadyExists", 409, "AlreadyExists"),
        ("NoSuchEntity", 404, "NotFound"),
        ("ThrottlingException", 400, "Throttling"),
        ("InternalError", 500, "ServiceInternalError"),
        ("ValidationException", 400, "InvalidRequest"),
    ],
)
def test_refusals_have_the_registrys_names(code: str, status: int, expected: str) -> None:
    assert handler_code(code, status) == expected
