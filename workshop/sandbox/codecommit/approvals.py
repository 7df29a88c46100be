"""CodeCommit's operations on the approval of pull requests."""

from __future__ import annotations

from typing import Any

from workshop.sandbox.call import Call
from workshop.sandbox.codecommit import rules
from workshop.sandbox.codecommit.pullrequests import PullRequests
from workshop.sandbox.codecommit.requests import note
from workshop.sandbox.codecommit.rules import evaluation, shown_rule, valid_content
from workshop.sandbox.codecommit.state import PullRequest, Rule, now
from workshop.sandbox.codecommit.words import refusal

MOST_RULES = 30


class Approvals(PullRequests):
    """Rules of single pull requests, approvals given and overridden."""

    def create_pull_request_approval_rule(self, call: Call) -> dict[str, Any]:
        request, name = self.open_request(call), call.params["approvalRuleName"]
        if any(rule.name == name for rule in request.rules):
            raise refusal("ApprovalRuleNameAlreadyExistsException")
        if len(request.rules) >= MOST_RULES:
            raise refusal("NumberOfRulesExceededException")
        content = valid_content(call.params["approvalRuleContent"])
        rule = rules.new_rule(name, content, call.caller.arn)
        request.rules.append(rule)
        _note_rule(request, rule, "CREATED", call)
        return {"approvalRule": shown_rule(rule)}

    def update_pull_request_approval_rule_content(self, call: Call) -> dict[str, Any]:
        request = self.open_request(call)
        rule = _rule(request, call)
        if rule.template:
            raise refusal("CannotModifyApprovalRuleFromTemplateException")
        rules.check_digest(rule, call.params.get("existingRuleContentSha256"))
        rule.content = valid_content(call.params["newRuleContent"])
        rule.modified, rule.user = now(), call.caller.arn
        _note_rule(request, rule, "UPDATED", call)
        return {"approvalRule": shown_rule(rule)}

    def delete_pull_request_approval_rule(self, call: Call) -> dict[str, Any]:
        request = self.open_request(call)
        rule = _rule(request, call)
        if rule.template:
            raise refusal("CannotDeleteApprovalRuleFromTemplateException")
        request.rules.remove(rule)
        _note_rule(request, rule, "DELETED", call)
        return {"approvalRuleId": rule.id}

    def evaluate_pull_request_approval_rules(self, call: Call) -> dict[str, Any]:
        return {"evaluation": evaluation(self._current(call))}

    def update_pull_request_approval_state(self, call: Call) -> dict[str, Any]:
        state = call.params["approvalState"]
        request = self._current(call)
        if state not in ("APPROVE", "REVOKE"):
            raise refusal("InvalidApprovalStateException")
        if request.status == "CLOSED":
            raise refusal("PullRequestAlreadyClosedException")
        if request.author == call.caller.arn:
            raise refusal("PullRequestCannotBeApprovedByAuthorException")
        request.approvals.setdefault(request.revision, {})[call.caller.arn] = state
        shown = {"revisionId": request.revision, "approvalStatus": state}
        kind = "PULL_REQUEST_APPROVAL_STATE_CHANGED"
        note(request, kind, call.caller.arn, approvalStateChangedEventMetadata=shown)
        event = "pullRequestApprovalStateChanged"
        self.news.pull_request(self.repository_of(call, request), request, event, call.caller)
        return {}

    def get_pull_request_approval_states(self, call: Call) -> dict[str, Any]:
        given = self.request(call).approvals.get(call.params["revisionId"], {})
        return {"approvals": [{"userArn": arn, "approvalState": state} for arn, state in given.items()]}

    def override_pull_request_approval_rules(self, call: Call) -> dict[str, Any]:
        request, status = self._current(call), call.params["overrideStatus"]
        if status not in ("OVERRIDE", "REVOKE"):
            raise refusal("InvalidOverrideStatusException")
        if status == "REVOKE":
            request.overriders.pop(request.revision, None)
        elif request.revision in request.overriders:
            raise refusal("OverrideAlreadySetException")
        else:
            request.overriders[request.revision] = call.caller.arn
        shown = {"revisionId": request.revision, "overrideStatus": status}
        kind = "PULL_REQUEST_APPROVAL_RULE_OVERRIDDEN"
        note(request, kind, call.caller.arn, approvalRuleOverriddenEventMetadata=shown)
        return {}

    def get_pull_request_override_state(self, call: Call) -> dict[str, Any]:
        overrider = self.request(call).overriders.get(call.params["revisionId"])
        return {"overridden": overrider is not None} | ({"overrider": overrider} if overrider else {})

    def _current(self, call: Call) -> PullRequest:
        """The pull request that a call names, at the revision that it names."""
        request = self.request(call)
        if call.params["revisionId"] != request.revision:
            raise refusal("RevisionNotCurrentException")
        return request


def _rule(request: PullRequest, call: Call) -> Rule:
    name = call.params["approvalRuleName"]
    found = next((rule for rule in request.rules if rule.name == name), None)
    if found is None:
        raise refusal("ApprovalRuleDoesNotExistException")
    return found


def _note_rule(request: PullRequest, rule: Rule, done: str, call: Call) -> None:
    shown = {
        "approvalRuleName": rule.name,
        "approvalRuleId": rule.id,
        "approvalRuleContent": rule.content,
    }
    note(request, f"PULL_REQUEST_APPROVAL_RULE_{done}", call.caller.arn, approvalRuleEventMetadata=shown)
