"""CodeCommit's operations on comments: on a comparison of commits, on a pull request, replies, reactions."""

from __future__ import annotations

import uuid
from typing import Any

from workshop.sandbox.call import Call
from workshop.sandbox.codecommit.desk import Desk
from workshop.sandbox.codecommit.git import Git
from workshop.sandbox.codecommit.paging import page, paged
from workshop.sandbox.codecommit.remarks import REACTIONS, place, shown_comment, threads
from workshop.sandbox.codecommit.state import Comment, Repository, now
from workshop.sandbox.codecommit.words import no_commit, refusal

LONGEST = 10240


class Comments(Desk):
    """What people say to each other about commits."""

    def post_comment_for_compared_commit(self, call: Call) -> dict[str, Any]:
        with self.opened(call) as (repository, git):
            comment = self._posted(call, repository, git)
            return {**place(comment, repository, git), "comment": shown_comment(comment, call.caller)}

    def post_comment_for_pull_request(self, call: Call) -> dict[str, Any]:
        request = self.state_of(call).pull_requests.get(call.params["pullRequestId"])
        if request is None:
            raise refusal("PullRequestDoesNotExistException")
        with self.opened(call) as (repository, git):
            if request.repository != repository.id:
                raise refusal("RepositoryNotAssociatedWithPullRequestException")
            comment = self._posted(call, repository, git)
            request.active = now()
            return {**place(comment, repository, git), "comment": shown_comment(comment, call.caller)}

    def post_comment_reply(self, call: Call) -> dict[str, Any]:
        parent = self._comment(call, call.params["inReplyTo"])
        reply = Comment(
            str(uuid.uuid4()),
            _valid_content(call),
            call.caller.arn,
            parent.repository,
            parent.after,
            parent.before,
            parent.pull_request,
            parent.location,
            parent.id,
            call.params.get("clientRequestToken"),
        )
        self.state_of(call).comments[reply.id] = reply
        return {"comment": shown_comment(reply, call.caller)}

    def get_comment(self, call: Call) -> dict[str, Any]:
        return {"comment": shown_comment(self._comment(call, call.params["commentId"]), call.caller)}

    def update_comment(self, call: Call) -> dict[str, Any]:
        comment = self._own(call)
        comment.content, comment.modified = _valid_content(call), now()
        return {"comment": shown_comment(comment, call.caller)}

    def delete_comment_content(self, call: Call) -> dict[str, Any]:
        """Takes the words away; that something was said stays."""
        comment = self._own(call)
        comment.content, comment.deleted, comment.modified = "", True, now()
        return {"comment": shown_comment(comment, call.caller)}

    def get_comments_for_compared_commit(self, call: Call) -> dict[str, Any]:
        params = call.params
        wanted = params.get("beforeCommitId"), params["afterCommitId"]
        with self.opened(call) as (repository, git):
            found = [
                each
                for each in self._in(call, repository)
                if each.pull_request is None and (each.before, each.after) == wanted
            ]
            found_threads = threads(found, repository, git, call.caller)
        shown, token = page(found_threads, params.get("nextToken"), params.get("maxResults"))
        return paged("commentsForComparedCommitData", shown, token)

    def get_comments_for_pull_request(self, call: Call) -> dict[str, Any]:
        params, state = call.params, self.state_of(call)
        request = state.pull_requests.get(params["pullRequestId"])
        repository = state.by_id(request.repository) if request else None
        self.permit(call, repository)
        if request is None or repository is None:
            raise refusal("PullRequestDoesNotExistException")
        sides = ("before", params.get("beforeCommitId")), ("after", params.get("afterCommitId"))
        found = [
            each
            for each in self._in(call, repository)
            if each.pull_request == request.id
            and all(wanted in (None, getattr(each, side)) for side, wanted in sides)
        ]
        with self.store.open(repository) as git:
            found_threads = threads(found, repository, git, call.caller)
        shown, token = page(found_threads, params.get("nextToken"), params.get("maxResults"))
        return paged("commentsForPullRequestData", shown, token)

    def put_comment_reaction(self, call: Call) -> dict[str, Any]:
        comment = self._comment(call, call.params["commentId"])
        value = call.params["reactionValue"]
        forms = ((emoji, *others) for emoji, others in REACTIONS.items())
        chosen = next((form[0] for form in forms if value in form), None)
        if value == "none":
            comment.reactions.pop(call.caller.arn, None)
        elif chosen is None:
            raise refusal("InvalidReactionValueException")
        else:
            comment.reactions[call.caller.arn] = chosen
        return {}

    def get_comment_reactions(self, call: Call) -> dict[str, Any]:
        comment = self._comment(call, call.params["commentId"])
        only = call.params.get("reactionUserArn")
        found = []
        for emoji, (code, point) in REACTIONS.items():
            users = [
                arn for arn, value in comment.reactions.items() if value == emoji and only in (None, arn)
            ]
            if users:
                reaction = {"emoji": emoji, "shortCode": code, "unicode": point}
                found.append({"reaction": reaction, "reactionUsers": users})
        paging = call.params.get("nextToken"), call.params.get("maxResults")
        return paged("reactionsForComment", *page(found, *paging))

    def _posted(self, call: Call, repository: Repository, git: Git) -> Comment:
        params = call.params
        before, after = params.get("beforeCommitId"), params["afterCommitId"]
        for commit in filter(None, (before, after)):
            if git.commit(commit) is None:
                raise no_commit(commit)
        if before == after:
            raise refusal("BeforeCommitIdAndAfterCommitIdAreSameException")
        comment = Comment(
            str(uuid.uuid4()),
            _valid_content(call),
            call.caller.arn,
            repository.id,
            after,
            before,
            params.get("pullRequestId"),
            params.get("location"),
            token=params.get("clientRequestToken"),
        )
        self.state_of(call).comments[comment.id] = comment
        return comment

    def _in(self, call: Call, repository: Repository) -> list[Comment]:
        every = self.state_of(call).comments.copy().values()
        return [each for each in every if each.repository == repository.id]

    def _comment(self, call: Call, comment_id: str) -> Comment:
        state = self.state_of(call)
        found = state.comments.get(comment_id)
        self.permit(call, state.by_id(found.repository) if found else None)
        if found is None:
            raise refusal("CommentDoesNotExistException")
        return found

    def _own(self, call: Call) -> Comment:
        comment = self._comment(call, call.params["commentId"])
        if comment.deleted:
            raise refusal("CommentDeletedException")
        if comment.author != call.caller.arn:
            raise refusal("CommentNotCreatedByCallerException")
        return comment


def _valid_content(call: Call) -> str:
    content = str(call.params["content"])
    if not content.strip():
        raise refusal("CommentContentRequiredException")
    if len(content) > LONGEST:
        raise refusal("CommentContentSizeLimitExceededException")
    return content
