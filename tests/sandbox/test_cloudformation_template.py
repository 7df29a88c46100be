"""What CloudFormation reads, works out and refuses, as tables of cases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from workshop.sandbox.cloudformation.conditions import evaluate_conditions
from workshop.sandbox.cloudformation.graph import order
from workshop.sandbox.cloudformation.intrinsics import (
    FUNCTIONS,
    Scope,
    Unknown,
    resolve,
)
from workshop.sandbox.cloudformation.parameters import Given, Value, values
from workshop.sandbox.cloudformation.references import check_references, dependencies
from workshop.sandbox.cloudformation.sources import place
from workshop.sandbox.cloudformation.template import Template, TemplateError, parse

VALUES = {"Name": "web", "Zones": ["a", "b"], "AWS::Region": "eu-west-1", "AWS::AccountId": "111122223333"}
MAPPINGS = {"Sizes": {"eu-west-1": {"small": "t3", "list": [1, 2]}}}


def attribute(name: str, key: str) -> Any:
    return Unknown(f"{name}.{key}") if name == "New" else f"{name}-{key}"


SCOPE = Scope(
    VALUES,
    MAPPINGS,
    {"Yes": True, "No": False},
    lambda name: Unknown(f"Ref {name}") if name == "New" else f"{name}-id",
    attribute,
    lambda name: f"imported {name}",
)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"Ref": "Name"}, "web"),
        ({"Ref": "Bucket"}, "Bucket-id"),
        ({"a": {"Ref": "AWS::NoValue"}, "b": 1}, {"b": 1}),
        ([{"Ref": "AWS::NoValue"}, 1], [1]),
        ({"Fn::GetAtt": ["Bucket", "Arn"]}, "Bucket-Arn"),
        ({"Fn::GetAtt": "Bucket.Arn"}, "Bucket-Arn"),
        ({"Fn::GetAtt": ["Nested", "Outputs.Url"]}, "Nested-Outputs.Url"),
        ({"Fn::Sub": "${Name}-${AWS::Region}"}, "web-eu-west-1"),
        ({"Fn::Sub": "${Bucket.Arn}/*"}, "Bucket-Arn/*"),
        ({"Fn::Sub": "${!Literal}"}, "${Literal}"),
        ({"Fn::Sub": ["${X}${Name}", {"X": {"Ref": "Name"}}]}, "webweb"),
        ({"Fn::Sub": "${Zones}"}, "a,b"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Name"}, 3]]}, "a-web-3"),
        ({"Fn::Join": [",", {"Ref": "Zones"}]}, "a,b"),
        ({"Fn::Select": ["1", {"Ref": "Zones"}]}, "b"),
        ({"Fn::Split": ["/", "a/b/c"]}, ["a", "b", "c"]),
        ({"Fn::If": ["Yes", 1, {"Ref": "Nobody"}]}, 1),
        ({"Fn::If": ["No", 1, 2]}, 2),
        ({"Fn::Equals": ["1", 1]}, True),
        ({"Fn::Not": [{"Condition": "Yes"}]}, False),
        ({"Fn::And": [{"Condition": "Yes"}, {"Condition": "No"}]}, False),
        ({"Fn::Or": [{"Condition": "Yes"}, {"Condition": "No"}]}, True),
        ({"Fn::FindInMap": ["Sizes", {"Ref": "AWS::Region"}, "small"]}, "t3"),
        ({"Fn::FindInMap": ["Sizes", "mars", "small", {"DefaultValue": "none"}]}, "none"),
        ({"Fn::Base64": "hello"}, "aGVsbG8="),
        ({"Fn::ImportValue": {"Fn::Sub": "${Name}-vpc"}}, "imported web-vpc"),
        ({"Fn::GetAZs": ""}, ["eu-west-1a", "eu-west-1b", "eu-west-1c"]),
        ({"Fn::Cidr": ["10.0.0.0/16", 2, 8]}, ["10.0.0.0/24", "10.0.1.0/24"]),
        ({"Fn::Length": {"Ref": "Zones"}}, 2),
        ({"Fn::ToJsonString": {"a": {"Ref": "Name"}}}, '{"a":"web"}'),
        ({"Condition": {"StringEquals": {"a": "b"}}}, {"Condition": {"StringEquals": {"a": "b"}}}),
    ],
)
def test_functions_are_worked_out(given: Any, expected: Any) -> None:
    assert resolve(given, SCOPE) == expected


@pytest.mark.parametrize(
    "given",
    [
        {"Ref": "New"},
        {"Fn::GetAtt": ["New", "Arn"]},
        {"Fn::Sub": "x-${New.Arn}"},
        {"Fn::Join": ["", ["a", {"Ref": "New"}]]},
        {"Fn::Select": [0, {"Fn::Split": [",", {"Ref": "New"}]}]},
        {"Fn::Base64": {"Ref": "New"}},
        {"Fn::ImportValue": {"Ref": "New"}},
    ],
)
def test_what_is_computed_from_the_unknown_is_unknown(given: Any) -> None:
    assert isinstance(resolve(given, SCOPE), Unknown)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"Fn::Select": [5, ["a"]]}, "Fn::Select cannot select nonexistent value at index 5"),
        ({"Fn::FindInMap": ["Sizes", "mars", "small"]}, "Unable to get mapping for Sizes::mars::small"),
        ({"Fn::FindInMap": ["Nope", "a", "b"]}, "Mapping named 'Nope' is not present"),
        ({"Fn::Join": "x"}, "every Fn::Join object requires two parameters"),
        ({"Fn::If": ["Maybe", 1, 2]}, "unresolved condition dependency Maybe"),
        ({"Fn::Nope": 1}, "Unrecognized function Fn::Nope"),
    ],
)
def test_misused_functions_are_refused(given: Any, words: str) -> None:
    with pytest.raises(TemplateError, match=words):
        resolve(given, SCOPE)


def test_every_function_has_a_case_above() -> None:
    assert len(FUNCTIONS) == 19


def test_conditions_may_build_on_each_other() -> None:
    declared = {
        "Both": {"Fn::And": [{"Condition": "A"}, {"Condition": "A"}]},
        "A": {"Fn::Equals": [{"Ref": "Name"}, "web"]},
    }
    assert evaluate_conditions(declared, SCOPE) == {"A": True, "Both": True}


def test_conditions_in_a_circle_are_refused() -> None:
    with pytest.raises(TemplateError, match="Circular dependency between conditions"):
        evaluate_conditions(
            {"A": {"Fn::Not": [{"Condition": "B"}]}, "B": {"Fn::Not": [{"Condition": "A"}]}}, SCOPE
        )


def test_short_tags_become_long_functions() -> None:
    text = """
    Resources:
      B:
        Type: AWS::S3::Bucket
        Properties:
          BucketName: !Sub "${AWS::StackName}-x"
          Other: !GetAtt [A, Arn]
          Third: !GetAtt A.Outputs.X
          Fourth: !If [Yes, !Ref A, !Join ["", [a, b]]]
          Version: 2012-10-17
    """
    assert parse(text).resources["B"]["Properties"] == {
        "BucketName": {"Fn::Sub": "${AWS::StackName}-x"},
        "Other": {"Fn::GetAtt": ["A", "Arn"]},
        "Third": {"Fn::GetAtt": ["A", "Outputs.X"]},
        "Fourth": {"Fn::If": [True, {"Ref": "A"}, {"Fn::Join": ["", ["a", "b"]]}]},
        "Version": "2012-10-17",
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "unsupported structure"),
        ("hello", "unsupported structure"),
        ("[1, 2]", "unsupported structure"),
        ("Resources:\n  A: [", r"YAML not well-formed. \(line 2, column 7\)"),
        ('{"Resources": ]', r"JSON not well-formed"),
        ("Resources: {}", "At least one Resources member must be defined"),
        ("Nope: 1\nResources: {A: {Type: T}}", r"Invalid template property or properties \[Nope\]"),
        ("Resources: {A: {}}", r"\[/Resources/A\] Every Resources object must contain a Type member"),
        ("Resources: {A: {Type: T, Nope: 1}}", "Invalid template resource property 'Nope'"),
        ("Resources: {A-b: {Type: T}}", "Resource name A-b is non alphanumeric"),
        ("Resources: {A: {Type: T}}\nOutputs: {O: {}}", "Output O is malformed"),
        ("Resources: &a {A: {Type: T}}\nMetadata: *a", "YAML aliases are not allowed"),
        ("Resources: !!python/object/apply:os.getcwd []", "YAML not well-formed"),
        ("[" * 60000, "nested too deeply|not well-formed"),
        ("Resources: " + "[" * 200 + "]" * 200, "nested too deeply"),
    ],
)
def test_malformed_templates_are_refused_in_awss_words(text: str, words: str) -> None:
    with pytest.raises(TemplateError, match=words):
        parse(text)


def declared(**properties: Any) -> Template:
    return Template(
        {"Resources": {"A": {"Type": "T", "Properties": properties}}, "Parameters": {"P": {"Type": "String"}}}
    )


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"Ref": "X"}, r"Unresolved resource dependencies \[X\] in the Resources block of the template"),
        ({"Fn::Sub": "${X}"}, r"Unresolved resource dependencies \[X\]"),
        ({"Fn::GetAtt": ["X", "Arn"]}, "instance of Fn::GetAtt references undefined resource X"),
        ({"Fn::If": ["C", 1, 2]}, "Unresolved condition dependency C in the Resources block"),
    ],
)
def test_references_to_nothing_are_refused(value: Any, words: str) -> None:
    with pytest.raises(TemplateError, match=words):
        check_references(declared(X=value))


@pytest.mark.parametrize(
    "value", [{"Ref": "P"}, {"Ref": "AWS::Region"}, {"Fn::Sub": ["${Own}", {"Own": 1}]}, {"Fn::Sub": "${!X}"}]
)
def test_references_to_something_are_fine(value: Any) -> None:
    check_references(declared(X=value))


def test_resources_come_after_what_they_mention() -> None:
    template = Template(
        {
            "Resources": {
                "C": {"Type": "T", "DependsOn": ["B"]},
                "B": {"Type": "T", "Properties": {"X": {"Fn::Sub": "${A.Arn}"}}},
                "A": {"Type": "T"},
            }
        }
    )
    assert order(dependencies(template)) == ["A", "B", "C"]


def test_a_circle_of_resources_is_refused() -> None:
    with pytest.raises(TemplateError, match=r"Circular dependency between resources: \[A, B\]"):
        order({"A": ["B"], "B": ["A"], "C": []})


def stored(name: str) -> str:
    return {"/a": "one,two"}[name]


def used(declaration: Mapping[str, Any], value: str | None = None) -> Any:
    given = [] if value is None else [Given("P", value)]
    template = Template({"Parameters": {"P": declaration}})
    return values(template, given, {}, stored)["P"].used


@pytest.mark.parametrize(
    ("declaration", "value", "expected"),
    [
        ({"Type": "String", "Default": "d"}, None, "d"),
        ({"Type": "String", "Default": "d"}, "given", "given"),
        ({"Type": "Number", "Default": 3}, None, "3"),
        ({"Type": "String", "Default": True}, None, "true"),
        ({"Type": "CommaDelimitedList"}, "a, b", ["a", "b"]),
        ({"Type": "List<Number>"}, "1,2", ["1", "2"]),
        ({"Type": "AWS::SSM::Parameter::Value<String>"}, "/a", "one,two"),
        ({"Type": "AWS::SSM::Parameter::Value<List<String>>"}, "/a", ["one", "two"]),
        ({"Type": "AWS::EC2::VPC::Id"}, "vpc-1", "vpc-1"),
    ],
)
def test_parameters_have_the_value_that_their_type_makes(
    declaration: Any, value: str | None, expected: Any
) -> None:
    assert used(declaration, value) == expected


@pytest.mark.parametrize(
    ("declaration", "value", "words"),
    [
        ({"Type": "String"}, None, r"Parameters: \[P\] must have values"),
        ({"Type": "String", "AllowedValues": ["a"]}, "b", "Parameter 'P' must be one of AllowedValues"),
        ({"Type": "String", "AllowedPattern": "[a-z]+"}, "B1", r"Parameter 'P' must match pattern \[a-z\]\+"),
        ({"Type": "String", "MinLength": 3}, "ab", "Parameter 'P' must contain at least 3 characters"),
        ({"Type": "String", "MaxLength": 1}, "ab", "Parameter 'P' must contain at most 1 characters"),
        ({"Type": "Number"}, "x", "Parameter 'P' must be a number"),
        ({"Type": "Number", "MinValue": 5}, "4", "Parameter 'P' must be a number not less than 5"),
        ({"Type": "Number", "MaxValue": 5}, "6", "Parameter 'P' must be a number not greater than 5"),
        ({"Type": "String", "AllowedPattern": "("}, "x", "AllowedPattern is not a valid regular expression"),
        ({"Type": "Text"}, "x", "Unrecognized parameter type: Text"),
        (
            {"Type": "String", "MinLength": 3, "ConstraintDescription": "must be long"},
            "a",
            "Parameter P failed to satisfy constraint: must be long",
        ),
    ],
)
def test_parameters_that_break_a_constraint_are_refused(
    declaration: Any, value: str | None, words: str
) -> None:
    with pytest.raises(TemplateError, match=words):
        used(declaration, value)


def test_a_pattern_that_takes_for_ever_does_not_match() -> None:
    with pytest.raises(TemplateError, match="must match pattern"):
        used({"Type": "String", "AllowedPattern": "(a+)+b"}, "a" * 60)


def test_parameters_that_the_template_lacks_are_refused() -> None:
    with pytest.raises(TemplateError, match=r"Parameters: \[Q\] do not exist in the template"):
        values(Template({}), [Given("Q", "1")], {}, stored)


def test_a_kept_parameter_has_its_previous_value() -> None:
    template = Template({"Parameters": {"P": {"Type": "String", "Default": "new"}}})
    kept = values(template, [Given("P", previous=True)], {"P": Value("P", "old", "old")}, stored)
    assert kept["P"].used == "old"


def test_a_secret_parameter_is_masked() -> None:
    template = Template({"Parameters": {"P": {"Type": "String", "NoEcho": True}}})
    assert values(template, [Given("P", "hush")], {}, stored)["P"].shown()["ParameterValue"] == "****"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("s3://b/k/t.yml", ("b", "k/t.yml", None)),
        ("https://b.s3.amazonaws.com/k", ("b", "k", None)),
        ("https://b.c.s3.eu-west-1.amazonaws.com/k", ("b.c", "k", None)),
        ("https://s3.eu-west-1.amazonaws.com/b/k", ("b", "k", None)),
        ("https://s3-eu-west-1.amazonaws.com/b/k", ("b", "k", None)),
        ("http://127.0.0.1:4566/b/a%20b", ("b", "a b", None)),
        ("https://s3.amazonaws.com/b/k?versionId=v1", ("b", "k", "v1")),
    ],
)
def test_template_urls_name_bucket_and_key(url: str, expected: tuple[str, str, str | None]) -> None:
    assert place(url, "http://127.0.0.1:4566") == expected
