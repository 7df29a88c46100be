"""CodeCommit's operations on approval rule templates, which give new pull requests their rules."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from workshop.sandbox.call import AwsError, Call
from workshop.sandbox.codecommit.desk import Desk
from workshop.sandbox.codecommit.paging import page, paged
from workshop.sandbox.codecommit.rules import check_digest, digest, new_rule, valid_content
from workshop.sandbox.codecommit.state import Rule, now
from workshop.sandbox.codecommit.words import refusal

NAME = re.compile(r".{1,100}")
MOST_FOR_A_REPOSITORY = 25
BAD_CONTENT = "InvalidApprovalRuleTemplateContentException"


class Templates(Desk):
    """Templates, and the repositories that they are associated with."""

    def create_approval_rule_template(self, call: Call) -> dict[str, Any]:
        name = _valid_name(call.params["approvalRuleTemplateName"])
        content = valid_content(call.params["approvalRuleTemplateContent"], BAD_CONTENT)
        with self.store.names(call.account, call.region):
            self._refuse_taken(call, name)
            template = new_rule(name, content, call.caller.arn)
            template.description = call.params.get("approvalRuleTemplateDescription")
            self.state_of(call).templates[name] = template
        return _answer(template)

    def get_approval_rule_template(self, call: Call) -> dict[str, Any]:
        return _answer(self._template(call))

    def list_approval_rule_templates(self, call: Call) -> dict[str, Any]:
        return _names(call, "approvalRuleTemplateNames", sorted(self.state_of(call).templates.copy()))

    def delete_approval_rule_template(self, call: Call) -> dict[str, Any]:
        template = self._template(call)
        if self._repositories(call, template.name):
            raise refusal("ApprovalRuleTemplateInUseException")
        del self.state_of(call).templates[template.name]
        return {"approvalRuleTemplateId": template.id}

    def update_approval_rule_template_content(self, call: Call) -> dict[str, Any]:
        template = self._template(call)
        check_digest(template, call.params.get("existingRuleContentSha256"))
        template.content = valid_content(call.params["newRuleContent"], BAD_CONTENT)
        return _touched(template, call)

    def update_approval_rule_template_description(self, call: Call) -> dict[str, Any]:
        template = self._template(call)
        template.description = call.params["approvalRuleTemplateDescription"]
        return _touched(template, call)

    def update_approval_rule_template_name(self, call: Call) -> dict[str, Any]:
        old = call.params["oldApprovalRuleTemplateName"]
        new = _valid_name(call.params["newApprovalRuleTemplateName"])
        with self.store.names(call.account, call.region):
            template, state = self._template(call, old), self.state_of(call)
            self._refuse_taken(call, new)
            state.templates[new] = state.templates.pop(old)
            template.name = new
            for repository in state.repositories.values():
                repository.templates = [new if each == old else each for each in repository.templates]
        return _touched(template, call)

    def associate_approval_rule_template_with_repository(self, call: Call) -> dict[str, Any]:
        repository, template = self.repository(call), self._template(call)
        if template.name in repository.templates:
            return {}
        if len(repository.templates) >= MOST_FOR_A_REPOSITORY:
            raise refusal("MaximumRuleTemplatesAssociatedWithRepositoryException")
        repository.templates.append(template.name)
        return {}

    def disassociate_approval_rule_template_from_repository(self, call: Call) -> dict[str, Any]:
        repository, template = self.repository(call), self._template(call)
        repository.templates = [each for each in repository.templates if each != template.name]
        return {}

    def batch_associate_approval_rule_template_with_repositories(self, call: Call) -> dict[str, Any]:
        done, errors = self._each(call, self.associate_approval_rule_template_with_repository)
        return {"associatedRepositoryNames": done, "errors": errors}

    def batch_disassociate_approval_rule_template_from_repositories(self, call: Call) -> dict[str, Any]:
        done, errors = self._each(call, self.disassociate_approval_rule_template_from_repository)
        return {"disassociatedRepositoryNames": done, "errors": errors}

    def list_associated_approval_rule_templates_for_repository(self, call: Call) -> dict[str, Any]:
        return _names(call, "approvalRuleTemplateNames", self.repository(call).templates)

    def list_repositories_for_approval_rule_template(self, call: Call) -> dict[str, Any]:
        template = self._template(call)
        return _names(call, "repositoryNames", self._repositories(call, template.name))

    def _each(
        self, call: Call, act: Callable[[Call], dict[str, Any]]
    ) -> tuple[list[str], list[dict[str, str]]]:
        """Does the single operation for each repository named; who succeeded, and the errors."""
        self._template(call)
        done, errors = [], []
        for name in call.params["repositoryNames"]:
            try:
                act(replace(call, params={**call.params, "repositoryName": name}))
                done.append(name)
            except AwsError as error:
                words = {"errorCode": error.code, "errorMessage": error.message}
                errors.append({"repositoryName": name, **words})
        return done, errors

    def _template(self, call: Call, name: str | None = None) -> Rule:
        found = self.state_of(call).templates.get(name or call.params["approvalRuleTemplateName"])
        if found is None:
            raise refusal("ApprovalRuleTemplateDoesNotExistException")
        return found

    def _repositories(self, call: Call, template: str) -> list[str]:
        every = self.state_of(call).repositories.copy().values()
        return sorted(each.name for each in every if template in each.templates)

    def _refuse_taken(self, call: Call, name: str) -> None:
        if name in self.state_of(call).templates:
            raise refusal("ApprovalRuleTemplateNameAlreadyExistsException")


def _answer(template: Rule) -> dict[str, Any]:
    shown = {
        "approvalRuleTemplateId": template.id,
        "approvalRuleTemplateName": template.name,
        "approvalRuleTemplateDescription": template.description,
        "approvalRuleTemplateContent": template.content,
        "ruleContentSha256": digest(template.content),
        "lastModifiedDate": template.modified,
        "creationDate": template.created,
        "lastModifiedUser": template.user,
    }
    return {"approvalRuleTemplate": {key: value for key, value in shown.items() if value is not None}}


def _touched(template: Rule, call: Call) -> dict[str, Any]:
    template.modified, template.user = now(), call.caller.arn
    return _answer(template)


def _names(call: Call, key: str, names: list[str]) -> dict[str, Any]:
    return paged(key, *page(names, call.params.get("nextToken"), call.params.get("maxResults")))


def _valid_name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise refusal("InvalidApprovalRuleTemplateNameException")
    return name
