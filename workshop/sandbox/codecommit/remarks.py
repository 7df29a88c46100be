"""Shows comments in AWS's form: in threads by the place they are about, with reactions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from workshop.sandbox.call import Principal
from workshop.sandbox.codecommit.git import Git
from workshop.sandbox.codecommit.state import Comment, Repository

REACTIONS = {
    "👍": (":thumbsup:", "U+1F44D"),
    "👎": (":thumbsdown:", "U+1F44E"),
    "😄": (":smile:", "U+1F604"),
    "❤": (":heart:", "U+2764"),
    "🚀": (":rocket:", "U+1F680"),
    "👀": (":eyes:", "U+1F440"),
    "🎉": (":hooray:", "U+1F389"),
    "😕": (":confused:", "U+1F615"),
}
"""Emoji, short code and code point of the reactions that may be given (CodeCommit user guide)."""


def threads(
    comments: Iterable[Comment], repository: Repository, git: Git, caller: Principal
) -> list[dict[str, Any]]:
    """Comments by the place they are about, in the order in which they were made."""
    found: list[tuple[Comment, list[Comment]]] = []
    for comment in comments:
        about = (comment.before, comment.after, comment.location)
        same = next((t for t in found if (t[0].before, t[0].after, t[0].location) == about), None)
        if same:
            same[1].append(comment)
        else:
            found.append((comment, [comment]))
    return [
        {**place(first, repository, git), "comments": [shown_comment(each, caller) for each in every]}
        for first, every in found
    ]


def place(comment: Comment, repository: Repository, git: Git) -> dict[str, Any]:
    """What a comment is about: the commits, and the file and its blobs if it is about one."""
    path = (comment.location or {}).get("filePath")
    shown = {
        "pullRequestId": comment.pull_request,
        "repositoryName": repository.name,
        "beforeCommitId": comment.before,
        "afterCommitId": comment.after,
        "beforeBlobId": _blob(git, comment.before, path),
        "afterBlobId": _blob(git, comment.after, path),
        "location": comment.location,
    }
    return {key: value for key, value in shown.items() if value is not None}


def _blob(git: Git, commit: str | None, path: str | None) -> str | None:
    entry = git.find(git.root(commit), path) if commit and path and git.commit(commit) else None
    return entry.id if entry else None


def shown_comment(comment: Comment, caller: Principal) -> dict[str, Any]:
    """A Comment; one that was deleted has no content any more."""
    reactions = list(comment.reactions.values())
    shown: dict[str, Any] = {
        "commentId": comment.id,
        "content": None if comment.deleted else comment.content,
        "inReplyTo": comment.reply_to,
        "creationDate": comment.created,
        "lastModifiedDate": comment.modified,
        "authorArn": comment.author,
        "deleted": comment.deleted,
        "clientRequestToken": comment.token,
        "callerReactions": [_code(emoji) for arn, emoji in comment.reactions.items() if arn == caller.arn],
        "reactionCounts": {_code(emoji): reactions.count(emoji) for emoji in reactions},
    }
    return {key: value for key, value in shown.items() if value is not None}


def _code(emoji: str) -> str:
    return REACTIONS[emoji][0]
