"""Reviews in CodeCommit: comments on commits, reactions, overridden rules, templates of rules."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.conftest import Account
from tests.sandbox.test_codecommit_merges import BOTH, R, Work, conflict

TWO = json.dumps(
    {"Version": "2018-11-08", "Statements": [{"Type": "Approvers", "NumberOfApprovalsNeeded": 2}]}
)
INTO_MAIN = json.dumps(json.loads(TWO) | {"DestinationReferences": ["refs/heads/main"]})


@pytest.fixture
def work(account: Account) -> Work:
    return Work(account.client("codecommit"))


def test_compared_commits_are_commented_and_reacted_to(work: Work, account: Account) -> None:
    after = work.put("feature", "new", b"new")
    commits = {"beforeCommitId": work.base, "afterCommitId": after}
    posted = work.client.post_comment_for_compared_commit(**R, **commits, content="Good")
    comment = posted["comment"]["commentId"]
    work.client.put_comment_reaction(commentId=comment, reactionValue=":thumbsup:")
    [thread] = work.client.get_comments_for_compared_commit(**R, **commits)["commentsForComparedCommitData"]
    assert thread["comments"][0]["reactionCounts"] == {":thumbsup:": 1}
    [reaction] = work.client.get_comment_reactions(commentId=comment)["reactionsForComment"]
    assert reaction["reactionUsers"] == [f"arn:aws:iam::{account.id}:root"]
    with pytest.raises(work.client.exceptions.InvalidReactionValueException):
        work.client.put_comment_reaction(commentId=comment, reactionValue=":maybe:")


def test_only_its_author_changes_a_comment(work: Work, account: Account) -> None:
    posted = work.client.post_comment_for_compared_commit(**R, afterCommitId=work.base, content="Mine")
    everything = {"Effect": "Allow", "Action": "codecommit:*", "Resource": "*"}
    role = account.role(
        "other", "codebuild.amazonaws.com", {"Version": "2012-10-17", "Statement": [everything]}
    )
    other = account.client("codecommit", as_role=role)
    with pytest.raises(other.exceptions.CommentNotCreatedByCallerException):
        other.update_comment(commentId=posted["comment"]["commentId"], content="Yours")
    with pytest.raises(work.client.exceptions.CommentContentRequiredException):
        work.client.post_comment_for_compared_commit(**R, afterCommitId=work.base, content=" ")


def test_an_overridden_rule_no_longer_holds_a_merge_back(work: Work) -> None:
    work.put("feature", "new", b"new")
    asked = work.ask()
    named = {"pullRequestId": asked["pullRequestId"]}
    work.client.create_pull_request_approval_rule(**named, approvalRuleName="Two", approvalRuleContent=TWO)
    current = {**named, "revisionId": asked["revisionId"]}
    work.client.override_pull_request_approval_rules(**current, overrideStatus="OVERRIDE")
    assert work.client.get_pull_request_override_state(**current)["overridden"] is True
    work.client.merge_pull_request_by_three_way(**R, **named)
    assert work.read("new") == b"new"


def test_a_new_commit_makes_approvals_of_the_old_one_void(work: Work) -> None:
    work.put("feature", "new", b"new")
    asked = work.ask()
    work.put("feature", "new", b"newer")
    with pytest.raises(work.client.exceptions.RevisionNotCurrentException):
        work.client.evaluate_pull_request_approval_rules(
            pullRequestId=asked["pullRequestId"], revisionId=asked["revisionId"]
        )


def test_a_template_concerns_only_the_branches_that_it_names(work: Work) -> None:
    work.client.create_approval_rule_template(
        approvalRuleTemplateName="Into main", approvalRuleTemplateContent=INTO_MAIN
    )
    done = work.client.batch_associate_approval_rule_template_with_repositories(
        approvalRuleTemplateName="Into main", repositoryNames=["r", "nowhere"]
    )
    assert done["associatedRepositoryNames"] == ["r"]
    assert done["errors"][0]["errorCode"] == "RepositoryDoesNotExistException"
    work.put("feature", "new", b"new")
    target = {**R, "sourceReference": "main", "destinationReference": "feature"}
    other_way = work.client.create_pull_request(title="Back", targets=[target])["pullRequest"]
    assert len(work.ask()["approvalRules"]) == 1
    assert other_way["approvalRules"] == []


def test_a_renamed_template_stays_with_its_repositories(work: Work) -> None:
    name = {"approvalRuleTemplateName": "Two"}
    work.client.create_approval_rule_template(**name, approvalRuleTemplateContent=TWO)
    work.client.associate_approval_rule_template_with_repository(**name, **R)
    work.client.update_approval_rule_template_name(
        oldApprovalRuleTemplateName="Two", newApprovalRuleTemplateName="Both"
    )
    listed: Any = work.client.list_associated_approval_rule_templates_for_repository(**R)
    assert listed["approvalRuleTemplateNames"] == ["Both"]
    with pytest.raises(work.client.exceptions.InvalidRuleContentSha256Exception):
        work.client.update_approval_rule_template_content(
            approvalRuleTemplateName="Both", newRuleContent=TWO, existingRuleContentSha256="0" * 64
        )


def test_a_merge_can_be_tried_without_a_branch(work: Work) -> None:
    work.put("feature", "new", b"new")
    tip = work.tip("main")
    tried = work.client.create_unreferenced_merge_commit(**BOTH, mergeOption="SQUASH_MERGE")
    made = work.client.get_file(**R, filePath="new", commitSpecifier=tried["commitId"])
    assert made["fileContent"] == b"new"
    assert work.tip("main") == tip


def test_conflicts_are_described_many_at_once(work: Work) -> None:
    conflict(work)
    told = work.client.batch_describe_merge_conflicts(
        **BOTH, mergeOption="SQUASH_MERGE", filePaths=["text", "other"]
    )
    assert [each["conflictMetadata"]["filePath"] for each in told["conflicts"]] == ["text"]
    assert [each["filePath"] for each in told["errors"]] == ["other"]


def test_the_same_token_makes_a_pull_request_once(work: Work) -> None:
    work.put("feature", "new", b"new")
    wish = {"targets": [{**R, "sourceReference": "feature"}], "clientRequestToken": "one"}
    first = work.client.create_pull_request(title="Please", **wish)["pullRequest"]
    again = work.client.create_pull_request(title="Please", **wish)["pullRequest"]
    assert again["pullRequestId"] == first["pullRequestId"]
    with pytest.raises(work.client.exceptions.IdempotencyParameterMismatchException):
        work.client.create_pull_request(title="Other", **wish)
