"""Approval rules: how many of whom must approve a pull request before it may be merged."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import uuid
from collections.abc import Mapping
from typing import Any

from workshop.sandbox.codecommit.state import PullRequest, Rule
from workshop.sandbox.codecommit.words import refusal

VERSION = "2018-11-08"


def valid_content(content: str, error: str = "InvalidApprovalRuleContentException") -> str:
    """`content` if it is a rule: JSON with a version and one statement about approvers."""
    try:
        found = json.loads(content)
        [statement] = found["Statements"]
        needed = statement["NumberOfApprovalsNeeded"]
        right = found["Version"] == VERSION and statement["Type"] == "Approvers"
    except (ValueError, KeyError, TypeError) as broken:
        raise refusal(error) from broken
    if not right or not isinstance(needed, int) or needed < 1:
        raise refusal(error)
    return content


def digest(content: str) -> str:
    """The SHA-256 of a rule's content, in hexadecimal."""
    return hashlib.sha256(content.encode()).hexdigest()


def check_digest(rule: Rule, expected: str | None) -> None:
    """Refuses a change by somebody who has not seen the rule as it is now."""
    if expected is not None and expected != digest(rule.content):
        raise refusal("InvalidRuleContentSha256Exception")


def new_rule(name: str, content: str, user: str) -> Rule:
    """A rule made now."""
    return Rule(str(uuid.uuid4()), name, content, user)


def from_template(template: Rule, user: str) -> Rule:
    """The rule that a template gives a new pull request."""
    rule = new_rule(template.name, template.content, user)
    rule.template = template.id, template.name
    return rule


def applies(template: Rule, destination: str) -> bool:
    """Whether a template concerns pull requests into `destination`, a full reference name."""
    wanted = json.loads(template.content).get("DestinationReferences")
    return not wanted or destination in wanted


def shown_rule(rule: Rule) -> dict[str, Any]:
    """An ApprovalRule."""
    shown: dict[str, Any] = {
        "approvalRuleId": rule.id,
        "approvalRuleName": rule.name,
        "approvalRuleContent": rule.content,
        "ruleContentSha256": digest(rule.content),
        "lastModifiedDate": rule.modified,
        "creationDate": rule.created,
        "lastModifiedUser": rule.user,
    }
    if rule.template:
        names = ("approvalRuleTemplateId", "approvalRuleTemplateName")
        shown["originApprovalRuleTemplate"] = dict(zip(names, rule.template, strict=True))
    return shown


def evaluation(request: PullRequest) -> dict[str, Any]:
    """An Evaluation of the request's current revision."""
    approvals = request.approvals.get(request.revision, {})
    approvers = [arn for arn, state in approvals.items() if state == "APPROVE"]
    met = {rule.name: satisfied(json.loads(rule.content), approvers) for rule in request.rules}
    overridden = request.revision in request.overriders
    return {
        "approved": overridden or all(met.values()),
        "overridden": overridden,
        "approvalRulesSatisfied": [name for name, holds in met.items() if holds],
        "approvalRulesNotSatisfied": [name for name, holds in met.items() if not holds],
    }


def satisfied(content: Mapping[str, Any], approvers: list[str]) -> bool:
    """Whether enough of the pool approved; without a pool anybody counts."""
    statement = content["Statements"][0]
    pool = statement.get("ApprovalPoolMembers") or ["*"]
    counted = [arn for arn in approvers if any(_member(arn, pattern) for pattern in pool)]
    return len(counted) >= int(statement["NumberOfApprovalsNeeded"])


def _member(arn: str, pattern: str) -> bool:
    """A pool's member is an ARN, with wildcards, or ``CodeCommitApprovers:<account>:<name>``."""
    kind, _, rest = pattern.partition(":")
    if kind != "CodeCommitApprovers":
        return fnmatch.fnmatchcase(arn, pattern)
    account, _, name = rest.partition(":")
    forms = (f"arn:aws:iam::{account}:user/{name}", f"arn:aws:sts::{account}:*/{name}")
    return any(fnmatch.fnmatchcase(arn, form) for form in forms)
