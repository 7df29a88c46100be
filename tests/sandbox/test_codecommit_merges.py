"""CodeCommit's merges and pull requests, through boto3."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Account

TEXT = b"one\ntwo\nthree\nfour\nfive\n"
R = {"repositoryName": "r"}
BOTH = {**R, "sourceCommitSpecifier": "feature", "destinationCommitSpecifier": "main"}


class Work:
    """A repository with the branches main and feature, both at the same commit."""

    def __init__(self, client: Any) -> None:
        self.client = client
        client.create_repository(**R)
        self.base = self.put("main", "text", TEXT)
        client.create_branch(**R, branchName="feature", commitId=self.base)

    def put(self, branch: str, path: str, content: bytes) -> str:
        made = self.client.create_commit(
            **R,
            branchName=branch,
            putFiles=[{"filePath": path, "fileContent": content}],
            **self.parent(branch),
        )
        return str(made["commitId"])

    def parent(self, branch: str) -> dict[str, str]:
        if branch not in self.client.list_branches(**R)["branches"]:
            return {}
        return {"parentCommitId": self.tip(branch)}

    def tip(self, branch: str) -> str:
        return str(self.client.get_branch(**R, branchName=branch)["branch"]["commitId"])

    def parents(self, commit: str) -> list[str]:
        return list(self.client.get_commit(**R, commitId=commit)["commit"]["parents"])

    def read(self, path: str) -> bytes:
        return bytes(self.client.get_file(**R, filePath=path, commitSpecifier="main")["fileContent"])

    def ask(self) -> Any:
        """Opens a pull request from feature to main."""
        target = {**R, "sourceReference": "feature", "destinationReference": "main"}
        return self.client.create_pull_request(title="Please", targets=[target])["pullRequest"]


@pytest.fixture
def work(account: Account) -> Work:
    return Work(account.client("codecommit"))


def test_a_fast_forward_moves_the_branch(work: Work) -> None:
    ahead = work.put("feature", "new", b"new")
    done = work.client.merge_branches_by_fast_forward(**BOTH)
    assert done["commitId"] == ahead == work.tip("main")


def test_branches_that_went_apart_cannot_be_fast_forwarded(work: Work) -> None:
    work.put("feature", "new", b"new")
    stays = work.put("main", "other", b"other")
    with pytest.raises(work.client.exceptions.ManualMergeRequiredException):
        work.client.merge_branches_by_fast_forward(**BOTH)
    assert work.tip("main") == stays


def test_a_three_way_merge_has_two_parents_and_both_changes(work: Work) -> None:
    source, destination = work.put("feature", "new", b"new"), work.put("main", "other", b"other")
    done = work.client.merge_branches_by_three_way(**BOTH)
    assert work.parents(done["commitId"]) == [destination, source]
    assert (work.read("new"), work.read("other")) == (b"new", b"other")
    found = work.client.get_merge_commit(
        **R, sourceCommitSpecifier=source, destinationCommitSpecifier=destination
    )
    assert found["mergedCommitId"] == done["commitId"]


def test_a_squash_has_one_parent(work: Work) -> None:
    work.put("feature", "new", b"new")
    work.put("feature", "new", b"newer")
    done = work.client.merge_branches_by_squash(**BOTH, commitMessage="All of it")
    assert work.parents(done["commitId"]) == [work.base]
    assert work.read("new") == b"newer"


def test_changes_to_different_lines_merge_by_line_only(work: Work) -> None:
    work.put("feature", "text", TEXT.replace(b"one", b"ONE"))
    work.put("main", "text", TEXT.replace(b"five", b"FIVE"))
    with pytest.raises(work.client.exceptions.ManualMergeRequiredException):
        work.client.merge_branches_by_three_way(**BOTH)
    work.client.merge_branches_by_three_way(**BOTH, conflictDetailLevel="LINE_LEVEL")
    assert work.read("text") == b"ONE\ntwo\nthree\nfour\nFIVE\n"


def conflict(work: Work) -> None:
    work.put("feature", "text", TEXT.replace(b"three", b"from feature"))
    work.put("main", "text", TEXT.replace(b"three", b"from main"))


STRATEGIES = [
    ({"conflictResolutionStrategy": "ACCEPT_SOURCE"}, b"from feature"),
    ({"conflictResolutionStrategy": "ACCEPT_DESTINATION", "conflictDetailLevel": "LINE_LEVEL"}, b"from main"),
    (
        {
            "conflictResolutionStrategy": "AUTOMERGE",
            "conflictResolution": {
                "replaceContents": [
                    {"filePath": "text", "replacementType": "USE_NEW_CONTENT", "content": b"by hand\n"}
                ]
            },
        },
        b"by hand",
    ),
    (
        {
            "conflictResolutionStrategy": "AUTOMERGE",
            "conflictResolution": {"replaceContents": [{"filePath": "text", "replacementType": "KEEP_BASE"}]},
        },
        b"three",
    ),
]


@pytest.mark.parametrize(("how", "expected"), STRATEGIES)
def test_a_conflict_is_resolved_as_asked(work: Work, how: dict[str, Any], expected: bytes) -> None:
    conflict(work)
    work.client.merge_branches_by_three_way(**BOTH, **how)
    assert expected in work.read("text")


def test_a_conflict_is_described_by_hunks(work: Work) -> None:
    conflict(work)
    told = work.client.describe_merge_conflicts(**BOTH, mergeOption="THREE_WAY_MERGE", filePath="text")
    assert told["conflictMetadata"]["contentConflict"] is True
    assert told["conflictMetadata"]["mergeOperations"] == {"source": "M", "destination": "M"}
    [hunk] = told["mergeHunks"]
    assert hunk["isConflict"]
    assert base64.b64decode(hunk["source"]["hunkContent"]) == b"from feature\n"


def test_whether_a_merge_would_go_is_told_beforehand(work: Work) -> None:
    conflict(work)
    asked = work.client.get_merge_conflicts(**BOTH, mergeOption="THREE_WAY_MERGE")
    assert asked["mergeable"] is False
    assert [each["filePath"] for each in asked["conflictMetadataList"]] == ["text"]
    assert work.client.get_merge_options(**BOTH)["mergeOptions"] == []


def test_a_change_on_one_side_can_be_merged_in_every_way(work: Work) -> None:
    work.put("feature", "new", b"new")
    options = work.client.get_merge_options(**BOTH)
    assert options["mergeOptions"] == ["FAST_FORWARD_MERGE", "SQUASH_MERGE", "THREE_WAY_MERGE"]
    assert options["baseCommitId"] == work.base


def test_a_file_and_a_folder_of_one_name_conflict(work: Work) -> None:
    work.put("feature", "thing", b"file")
    work.put("main", "thing/inside", b"folder")
    with pytest.raises(work.client.exceptions.ManualMergeRequiredException):
        work.client.merge_branches_by_three_way(**BOTH)


def test_a_pull_request_is_merged_and_closed(work: Work, account: Account) -> None:
    source = work.put("feature", "new", b"new")
    asked = work.ask()
    assert asked["pullRequestTargets"][0]["mergeMetadata"] == {"isMerged": False}
    done = work.client.merge_pull_request_by_squash(
        **R, pullRequestId=asked["pullRequestId"], sourceCommitId=source
    )["pullRequest"]
    merge = done["pullRequestTargets"][0]["mergeMetadata"]
    assert done["pullRequestStatus"] == "CLOSED"
    assert merge["mergedBy"] == f"arn:aws:iam::{account.id}:root"
    assert merge["mergeCommitId"] == work.tip("main")


def test_a_pull_request_follows_its_source_branch(work: Work) -> None:
    first = work.put("feature", "new", b"new")
    asked = work.ask()
    second = work.put("feature", "new", b"newer")
    shown = work.client.get_pull_request(pullRequestId=asked["pullRequestId"])["pullRequest"]
    assert shown["pullRequestTargets"][0]["sourceCommit"] == second
    assert shown["revisionId"] != asked["revisionId"]
    with pytest.raises(work.client.exceptions.TipOfSourceReferenceIsDifferentException):
        work.client.merge_pull_request_by_squash(
            **R, pullRequestId=asked["pullRequestId"], sourceCommitId=first
        )


def test_merging_the_branches_closes_their_pull_request(work: Work) -> None:
    work.put("feature", "new", b"new")
    asked = work.ask()
    work.client.merge_branches_by_three_way(**BOTH)
    shown = work.client.get_pull_request(pullRequestId=asked["pullRequestId"])["pullRequest"]
    assert shown["pullRequestStatus"] == "CLOSED"
    kinds = [
        event["pullRequestEventType"]
        for event in work.client.describe_pull_request_events(pullRequestId=asked["pullRequestId"])[
            "pullRequestEvents"
        ]
    ]
    assert kinds == ["PULL_REQUEST_MERGE_STATE_CHANGED", "PULL_REQUEST_CREATED"]


def test_pull_requests_are_listed_by_their_status(work: Work) -> None:
    work.put("feature", "new", b"new")
    first, second = work.ask()["pullRequestId"], work.ask()["pullRequestId"]
    work.client.update_pull_request_status(pullRequestId=first, pullRequestStatus="CLOSED")
    listed = work.client.list_pull_requests(**R, pullRequestStatus="OPEN")["pullRequestIds"]
    assert listed == [second]
    with pytest.raises(work.client.exceptions.PullRequestAlreadyClosedException):
        work.client.update_pull_request_title(pullRequestId=first, title="Too late")


BAD_REQUESTS = [
    ("main", "main", "SourceAndDestinationAreSameException"),
    ("nothing", "main", "ReferenceDoesNotExistException"),
    ("refs/tags/v1", "main", "ReferenceTypeNotSupportedException"),
]


@pytest.mark.parametrize(("source", "destination", "code"), BAD_REQUESTS)
def test_a_pull_request_that_cannot_be_is_refused(
    work: Work, source: str, destination: str, code: str
) -> None:
    target = {**R, "sourceReference": source, "destinationReference": destination}
    with pytest.raises(ClientError) as refused:
        work.client.create_pull_request(title="No", targets=[target])
    assert refused.value.response["Error"]["Code"] == code


def test_comments_are_answered_changed_and_taken_back(work: Work) -> None:
    after = work.put("feature", "text", TEXT + b"six\n")
    number = work.ask()["pullRequestId"]
    commits = {"beforeCommitId": work.base, "afterCommitId": after}
    place = {"filePath": "text", "filePosition": 6, "relativeFileVersion": "AFTER"}
    posted = work.client.post_comment_for_pull_request(
        **R, **commits, pullRequestId=number, content="Why six?", location=place
    )
    comment = posted["comment"]["commentId"]
    work.client.post_comment_reply(inReplyTo=comment, content="Why not?")
    work.client.update_comment(commentId=comment, content="Why?")
    [thread] = work.client.get_comments_for_pull_request(pullRequestId=number)["commentsForPullRequestData"]
    assert [each["content"] for each in thread["comments"]] == ["Why?", "Why not?"]
    assert thread["location"] == place
    work.client.delete_comment_content(commentId=comment)
    shown = work.client.get_comment(commentId=comment)["comment"]
    assert shown["deleted"]
    assert "content" not in shown


def test_a_rule_holds_back_a_merge_until_enough_approve(work: Work, account: Account) -> None:
    work.put("feature", "new", b"new")
    asked = work.ask()
    number, revision = asked["pullRequestId"], asked["revisionId"]
    statement = {"Type": "Approvers", "NumberOfApprovalsNeeded": 1}
    content = json.dumps({"Version": "2018-11-08", "Statements": [statement]})
    work.client.create_pull_request_approval_rule(
        pullRequestId=number, approvalRuleName="One", approvalRuleContent=content
    )
    with pytest.raises(work.client.exceptions.PullRequestApprovalRulesNotSatisfiedException):
        work.client.merge_pull_request_by_squash(**R, pullRequestId=number)
    with pytest.raises(work.client.exceptions.PullRequestCannotBeApprovedByAuthorException):
        work.client.update_pull_request_approval_state(
            pullRequestId=number, revisionId=revision, approvalState="APPROVE"
        )
    everything = {"Effect": "Allow", "Action": "codecommit:*", "Resource": "*"}
    role = account.role(
        "approver", "codebuild.amazonaws.com", {"Version": "2012-10-17", "Statement": [everything]}
    )
    account.client("codecommit", as_role=role).update_pull_request_approval_state(
        pullRequestId=number, revisionId=revision, approvalState="APPROVE"
    )
    work.client.merge_pull_request_by_squash(**R, pullRequestId=number)
    assert work.read("new") == b"new"


def test_a_template_gives_new_pull_requests_its_rule(work: Work) -> None:
    statement = {"Type": "Approvers", "NumberOfApprovalsNeeded": 2}
    content = json.dumps({"Version": "2018-11-08", "Statements": [statement]})
    work.client.create_approval_rule_template(
        approvalRuleTemplateName="Two", approvalRuleTemplateContent=content
    )
    work.client.associate_approval_rule_template_with_repository(**R, approvalRuleTemplateName="Two")
    work.put("feature", "new", b"new")
    asked = work.ask()
    [rule] = asked["approvalRules"]
    assert rule["originApprovalRuleTemplate"]["approvalRuleTemplateName"] == "Two"
    told = work.client.evaluate_pull_request_approval_rules(
        pullRequestId=asked["pullRequestId"], revisionId=asked["revisionId"]
    )["evaluation"]
    assert told["approvalRulesNotSatisfied"] == ["Two"]
    with pytest.raises(work.client.exceptions.ApprovalRuleTemplateInUseException):
        work.client.delete_approval_rule_template(approvalRuleTemplateName="Two")
