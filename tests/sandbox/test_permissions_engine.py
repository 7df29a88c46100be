"""The rules of evaluation, as tables: conditions, patterns, principals, and what outweighs what.

Verified against the IAM User Guide's pages on condition operators, policy variables and
evaluation logic.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workshop.sandbox.call import Principal, acting_service
from workshop.sandbox.permissions.context import folded
from workshop.sandbox.permissions.document import MalformedPolicyError, parse
from workshop.sandbox.permissions.evaluation import Decision, Kind, Law, Named, Question, Reason, decide
from workshop.sandbox.permissions.pattern import arns, substitute, wildcard
from workshop.sandbox.permissions.principal import ANONYMOUS, Meant, meant

HOME, AWAY = "111122223333", "444455556666"
USER = Principal(HOME, f"arn:aws:iam::{HOME}:user/ann", "AIDAANN")
ROLE_ARN = f"arn:aws:iam::{HOME}:role/r"
SESSION = Principal(HOME, f"arn:aws:sts::{HOME}:assumed-role/r/s", "AROAR:s", role=ROLE_ARN)
ROOT = Principal(HOME, f"arn:aws:iam::{HOME}:root", HOME)
STRANGER = Principal(AWAY, f"arn:aws:iam::{AWAY}:user/bob", "AIDABOB")
EVENTS = acting_service("events.amazonaws.com", HOME)
KEY = "arn:aws:s3:::b/k"


def statement(
    effect: str = "Allow", action: Any = "s3:*", resource: Any = "*", **more: Any
) -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": resource, **more}


def policy(*statements: dict[str, Any], version: str = "2012-10-17") -> tuple[Named, ...]:
    return (Named("p", parse(json.dumps({"Version": version, "Statement": list(statements)}))),)


def ask(
    law: Law, caller: Principal = USER, action: str = "s3:PutObject", context: dict[str, Any] | None = None
) -> Decision:
    return decide(law, Question(caller, action, KEY, folded(context or {}), HOME))


def open_to(principal: Any, effect: str = "Allow", **more: Any) -> tuple[Named, ...]:
    return policy(statement(effect, Principal=principal, **more))


CONDITIONS: list[tuple[str, Any, Any, bool]] = [
    # operator, what the policy says, what the request has (None: nothing), whether it is met
    ("StringEquals", "a", "a", True),
    ("StringEquals", ["a", "b"], "b", True),
    ("StringEquals", "a", "A", False),
    ("StringEquals", "a*", "ab", False),
    ("StringEquals", "a", None, False),
    ("StringEqualsIfExists", "a", None, True),
    ("StringEqualsIfExists", "a", "b", False),
    ("StringEqualsIgnoreCase", "a", "A", True),
    ("StringNotEquals", "a", "b", True),
    ("StringNotEquals", ["a", "b"], "b", False),
    ("StringNotEquals", "a", None, True),
    ("StringNotEqualsIgnoreCase", "a", "A", False),
    ("StringLike", "a*c", "abbc", True),
    ("StringLike", "a?c", "abc", True),
    ("StringLike", "a?c", "ac", False),
    ("StringLike", "a.c", "abc", False),
    ("StringNotLike", "a*", "ab", False),
    ("stringlike", "a*", "ab", True),
    ("NumericEquals", "10", "10.0", True),
    ("NumericEquals", 10, "10", True),
    ("NumericNotEquals", "10", "11", True),
    ("NumericLessThan", "10", "9", True),
    ("NumericLessThan", "10", "10", False),
    ("NumericLessThanEquals", "10", "10", True),
    ("NumericGreaterThan", "10", "11", True),
    ("NumericGreaterThanEquals", "10", "10", True),
    ("NumericEquals", "ten", "10", False),
    ("DateGreaterThan", "2026-01-01T00:00:00Z", "2026-06-01T00:00:00Z", True),
    ("DateLessThan", "2026-01-01", "2026-06-01T00:00:00Z", False),
    ("DateEquals", "1767225600", "2026-01-01T00:00:00Z", True),
    ("DateLessThanEquals", "2026-01-01T01:00:00+01:00", "2026-01-01T00:00:00Z", True),
    ("Bool", "true", "True", True),
    ("Bool", True, "true", True),
    ("Bool", "false", "true", False),
    ("Bool", "true", None, False),
    ("BoolIfExists", "true", None, True),
    ("BinaryEquals", "QmluYXJ5", "QmluYXJ5", True),
    ("IpAddress", "10.0.0.0/8", "10.1.2.3", True),
    ("IpAddress", "10.0.0.1", "10.0.0.2", False),
    ("IpAddress", "2001:db8::/32", "2001:db8::1", True),
    ("NotIpAddress", "10.0.0.0/8", "192.168.0.1", True),
    ("NotIpAddress", "10.0.0.0/8", "10.0.0.1", False),
    ("ArnEquals", "arn:aws:sns:*:111122223333:t", "arn:aws:sns:eu-west-1:111122223333:t", True),
    ("ArnLike", "arn:aws:sns:*:t", "arn:aws:sns:eu-west-1:111122223333:t", False),
    ("ArnNotLike", "arn:aws:iam::*:role/a*", "arn:aws:iam::1:role/b", True),
    ("Null", "true", None, True),
    ("Null", "false", None, False),
    ("Null", "false", "a", True),
    ("ForAllValues:StringEquals", ["a", "b"], ["a", "b"], True),
    ("ForAllValues:StringEquals", ["a", "b"], ["a", "c"], False),
    ("ForAllValues:StringEquals", "a", None, True),
    ("ForAnyValue:StringEquals", ["a", "b"], ["c", "a"], True),
    ("ForAnyValue:StringEquals", ["a", "b"], ["c", "d"], False),
    ("ForAnyValue:StringEquals", "a", None, False),
    ("ForAllValues:StringNotEquals", ["a"], ["b", "c"], True),
    ("ForAllValues:StringNotEquals", ["a"], ["a", "c"], False),
    ("ForAnyValue:StringLike", ["a*"], ["b", "ab"], True),
]


@pytest.mark.parametrize(("operator", "wanted", "actual", "met"), CONDITIONS)
def test_a_condition(operator: str, wanted: Any, actual: Any, met: bool) -> None:
    law = Law(policy(statement(Condition={operator: {"aws:Key": wanted}})))
    context = {} if actual is None else {"AWS:key": actual}
    assert ask(law, context=context).allowed is met


def test_all_lines_of_a_condition_must_hold() -> None:
    block = {"StringEquals": {"aws:a": "1", "aws:b": "2"}, "Bool": {"aws:c": "true"}}
    law = Law(policy(statement(Condition=block)))
    met = {"aws:a": "1", "aws:b": "2", "aws:c": "true"}
    assert ask(law, context=met).allowed
    assert [ask(law, context=met | {key: "no"}).allowed for key in met] == [False] * 3


PATTERNS = [
    ("*", KEY, True),
    ("arn:aws:s3:::b/*", KEY, True),
    ("arn:aws:s3:::b", KEY, False),
    ("arn:aws:s3:::b*", KEY, True),
    ("arn:aws:s3:::?/k", KEY, True),
    ("arn:aws:s3:::c/*", KEY, False),
    ("arn:aws:s3", KEY, True),
    ("arn:aws:*", KEY, True),
    ("arn:*:s3:::b/k", KEY, True),
    ("arn:aws:s3::*/k", KEY, False),
    ("arn:aws:s3:*:*:b/k", KEY, True),
    ("arn:aws:codecommit:*:1:r", "arn:aws:codecommit:eu-west-1:1:r", True),
    ("arn:aws:logs:eu-west-1:1:log-group:/a:*", "arn:aws:logs:eu-west-1:1:log-group:/a:log-stream:", True),
    ("arn:aws:logs:*:log-group:/a", "arn:aws:logs:eu-west-1:1:log-group:/a", False),
    ("arn:aws:s3:::b/a.b", "arn:aws:s3:::b/axb", False),
    ("arn:aws:s3:::b/[k]", KEY, False),
]


@pytest.mark.parametrize(("pattern", "arn", "matches"), PATTERNS)
def test_an_arn_pattern(pattern: str, arn: str, matches: bool) -> None:
    assert bool(arns((pattern,))(arn)) is matches


ACTIONS = [
    ("s3:PutObject", "s3:PutObject", True),
    ("S3:putobject", "s3:PutObject", True),
    ("s3:Put*", "s3:PutObject", True),
    ("s3:?utObject", "s3:PutObject", True),
    ("*", "s3:PutObject", True),
    ("s3:PutObject", "s3:PutObjectAcl", False),
    ("*:PutObject", "s3:PutObject", True),
]


@pytest.mark.parametrize(("pattern", "action", "matches"), ACTIONS)
def test_an_action_pattern(pattern: str, action: str, matches: bool) -> None:
    assert ask(Law(policy(statement(action=pattern))), action=action).allowed is matches


VARIABLES = [
    ("a/${aws:PrincipalTag/Handle}/*", "a/janed/*"),
    ("${aws:username, 'nobody'}", "nobody"),
    ("${aws:username}", None),
    ("${aws:many}", None),
    ("${*}${?}${$}", "\ue000\ue001$"),
    ("${aws:wild}", "\ue000"),
    ("plain", "plain"),
]


@pytest.mark.parametrize(("text", "filled"), VARIABLES)
def test_a_variable(text: str, filled: str | None) -> None:
    context = folded({"aws:PrincipalTag/handle": "janed", "aws:many": ["a", "b"], "aws:wild": "*"})
    assert substitute(text, context) == filled


def test_a_wildcard_in_a_variables_value_is_a_plain_character() -> None:
    law = Law(policy(statement(resource="arn:aws:s3:::b/${aws:PrincipalTag/handle}")))
    assert not ask(law, context={"aws:PrincipalTag/handle": "*"}).allowed
    assert ask(law, context={"aws:PrincipalTag/handle": "k"}).allowed


def test_old_policies_have_no_variables() -> None:
    law = Law(policy(statement(resource="arn:aws:s3:::b/${aws:x}"), version="2008-10-17"))
    assert not ask(law, context={"aws:x": "k"}).allowed


def test_a_statement_with_a_variable_that_is_unknown_says_nothing() -> None:
    deny = statement("Deny", resource="arn:aws:s3:::b/${aws:x}")
    assert ask(Law(policy(statement(), deny))).allowed


ELEMENTS = [
    (statement(), Reason.ALLOWED),
    (statement(action="logs:*"), Reason.IMPLICIT_DENY),
    (statement(resource="arn:aws:s3:::other/*"), Reason.IMPLICIT_DENY),
    ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, Reason.ALLOWED),
    ({"Effect": "Allow", "NotAction": "s3:Put*", "Resource": "*"}, Reason.IMPLICIT_DENY),
    ({"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::x/*"}, Reason.ALLOWED),
    ({"Effect": "Allow", "Action": "s3:*", "NotResource": "arn:aws:s3:::b/*"}, Reason.IMPLICIT_DENY),
]


@pytest.mark.parametrize(("element", "reason"), ELEMENTS)
def test_an_element(element: dict[str, Any], reason: Reason) -> None:
    assert ask(Law(policy(element))).reason is reason


def test_not_resource_denies_all_but_what_it_names() -> None:
    deny = {"Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::mine/*"}
    assert ask(Law(policy(statement(), deny))).reason is Reason.EXPLICIT_DENY


ALLOW, NONE, DENY = policy(statement()), policy(statement(action="logs:*")), policy(statement("Deny"))
WEIGHTS: list[tuple[str, Law, Principal, bool, Kind]] = [
    ("nothing", Law(), USER, False, Kind.IDENTITY),
    ("allowed", Law(ALLOW), USER, True, Kind.IDENTITY),
    ("deny outweighs", Law(ALLOW + DENY), USER, False, Kind.IDENTITY),
    ("boundary allows", Law(ALLOW, boundary=ALLOW), USER, True, Kind.IDENTITY),
    ("boundary silent", Law(ALLOW, boundary=NONE), USER, False, Kind.BOUNDARY),
    ("boundary gone", Law(ALLOW, boundary=()), USER, False, Kind.BOUNDARY),
    ("boundary denies", Law(ALLOW, boundary=ALLOW + DENY), USER, False, Kind.BOUNDARY),
    ("boundary gives nothing", Law(boundary=ALLOW), USER, False, Kind.IDENTITY),
    ("session silent", Law(ALLOW, session=NONE), SESSION, False, Kind.SESSION),
    ("session allows", Law(ALLOW, session=ALLOW), SESSION, True, Kind.IDENTITY),
    ("session denies", Law(ALLOW, session=DENY), SESSION, False, Kind.SESSION),
    ("root may", Law(), ROOT, True, Kind.IDENTITY),
    ("root is denied by a bucket", Law(resource=open_to("*", "Deny")), ROOT, False, Kind.RESOURCE),
    ("resource suffices at home", Law(resource=open_to({"AWS": USER.arn})), USER, True, Kind.RESOURCE),
    ("so does everyone", Law(resource=open_to("*")), USER, True, Kind.RESOURCE),
    ("the account does not", Law(resource=open_to({"AWS": HOME})), USER, False, Kind.IDENTITY),
    (
        "a user is not limited there by a boundary",
        Law(boundary=NONE, resource=open_to({"AWS": USER.arn})),
        USER,
        True,
        Kind.RESOURCE,
    ),
    ("role suffices", Law(resource=open_to({"AWS": ROLE_ARN})), SESSION, True, Kind.IDENTITY),
    (
        "a role is limited by its session policy",
        Law(session=NONE, resource=open_to({"AWS": ROLE_ARN})),
        SESSION,
        False,
        Kind.SESSION,
    ),
    (
        "a session named itself is not",
        Law(session=NONE, resource=open_to({"AWS": SESSION.arn})),
        SESSION,
        True,
        Kind.RESOURCE,
    ),
    ("resource denies", Law(ALLOW, resource=open_to("*", "Deny")), USER, False, Kind.RESOURCE),
    ("stranger, own side only", Law(ALLOW), STRANGER, False, Kind.RESOURCE),
    ("stranger, other side only", Law(resource=open_to({"AWS": AWAY})), STRANGER, False, Kind.IDENTITY),
    ("stranger, both sides", Law(ALLOW, resource=open_to({"AWS": AWAY})), STRANGER, True, Kind.IDENTITY),
    ("anonymous, closed", Law(), ANONYMOUS, False, Kind.RESOURCE),
    ("anonymous, open", Law(resource=open_to("*")), ANONYMOUS, True, Kind.RESOURCE),
    ("service, closed", Law(), EVENTS, False, Kind.RESOURCE),
    ("service, open", Law(resource=open_to({"Service": EVENTS.arn})), EVENTS, True, Kind.RESOURCE),
    ("another service", Law(resource=open_to({"Service": "s3.amazonaws.com"})), EVENTS, False, Kind.RESOURCE),
]


@pytest.mark.parametrize(
    ("law", "caller", "allowed", "kind"), [case[1:] for case in WEIGHTS], ids=[case[0] for case in WEIGHTS]
)
def test_what_outweighs_what(law: Law, caller: Principal, allowed: bool, kind: Kind) -> None:
    decision = ask(law, caller)
    assert (decision.allowed, decision.kind) == (allowed, kind)


PRINCIPALS: list[tuple[Any, Principal, Meant]] = [
    ("*", USER, Meant.SELF),
    ("*", SESSION, Meant.ROLE),
    ({"AWS": "*"}, ANONYMOUS, Meant.SELF),
    ({"AWS": [AWAY, USER.arn]}, USER, Meant.SELF),
    ({"AWS": "AIDAANN"}, USER, Meant.SELF),
    ({"AWS": "AROAR"}, SESSION, Meant.ROLE),
    ({"AWS": ROLE_ARN}, SESSION, Meant.ROLE),
    ({"AWS": SESSION.arn}, SESSION, Meant.SELF),
    ({"AWS": f"arn:aws:iam::{HOME}:root"}, USER, Meant.ACCOUNT),
    ({"AWS": f"arn:aws:iam::{HOME}:root"}, ROOT, Meant.SELF),
    ({"AWS": AWAY}, USER, Meant.NOT),
    ({"AWS": f"arn:aws:iam::{HOME}:user/*"}, USER, Meant.NOT),
    ({"Service": "events.amazonaws.com"}, USER, Meant.NOT),
]


@pytest.mark.parametrize(("principal", "caller", "how"), PRINCIPALS)
def test_whom_a_principal_means(principal: Any, caller: Principal, how: Meant) -> None:
    element = open_to(principal)[0].policy.statements[0].principals
    assert meant(element, caller) is how


def test_not_principal_means_the_others() -> None:
    named = parse(
        json.dumps({"Statement": {"Effect": "Deny", "NotPrincipal": {"AWS": USER.arn}, "Action": "*"}})
    )
    element = named.statements[0].principals
    assert (meant(element, USER), meant(element, STRANGER)) == (Meant.NOT, Meant.SELF)


@pytest.mark.parametrize(
    ("law", "caller", "words"),
    [
        (Law(), USER, "because no identity-based policy allows the s3:PutObject action"),
        (Law(DENY), USER, "with an explicit deny in an identity-based policy"),
        (Law(ALLOW, boundary=()), USER, "because no permissions boundary allows the s3:PutObject action"),
        (Law(ALLOW, boundary=DENY), USER, "with an explicit deny in a permissions boundary"),
        (Law(ALLOW, session=()), SESSION, "because no session policy allows the s3:PutObject action"),
        (Law(ALLOW), STRANGER, "because no resource-based policy allows the s3:PutObject action"),
        (Law(ALLOW, resource=open_to("*", "Deny")), USER, "with an explicit deny in a resource-based policy"),
    ],
)
def test_a_refusal_says_why_in_awss_words(law: Law, caller: Principal, words: str) -> None:
    assert ask(law, caller).because("s3:PutObject") == words


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"Statement": 1}', '{"Statement": {"Effect": "Maybe"}}'])
def test_what_is_no_policy_is_refused(text: str) -> None:
    with pytest.raises(MalformedPolicyError):
        parse(text)


TEXTS = st.text(st.characters(exclude_categories=["Co", "Cs"]))


@given(TEXTS, TEXTS)
def test_only_stars_and_question_marks_are_wild(text: str, other: str) -> None:
    plain = text.replace("*", "").replace("?", "")
    assert bool(wildcard((plain,))(other)) is (plain == other)
    assert wildcard((f"{plain}*",))(plain + other)
