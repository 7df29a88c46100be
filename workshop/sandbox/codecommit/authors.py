"""Whose name a commit made by API bears, and how commits are shown."""

from __future__ import annotations

from typing import Any

from dulwich.objects import Commit

from workshop.sandbox.call import Call, Principal
from workshop.sandbox.codecommit.git import Author
from workshop.sandbox.codecommit.words import refusal

LONGEST_NAME = 1000
LONGEST_MESSAGE = 256 * 1024


def author_of(call: Call, name_key: str = "authorName") -> Author:
    """The name and email a call gives; without them the caller's name and no email."""
    name = call.params.get(name_key) or name_of(call.caller)
    email = call.params.get("email", "")
    if len(name) > LONGEST_NAME:
        raise refusal("NameLengthExceededException")
    if len(email) > LONGEST_NAME or any(letter in email for letter in "<>\n"):
        raise refusal(
            "InvalidEmailException",
            "The specified email address either contains one or more characters that are not allowed, "
            "or it exceeds the maximum number of characters allowed for an email address.",
        )
    return Author(name, email)


def name_of(caller: Principal) -> str:
    """The last part of the caller's ARN: a user's name, a session's name, or root."""
    return caller.arn.rsplit(":", 1)[-1].rsplit("/", 1)[-1]


def message_of(call: Call, default: str) -> str:
    """The commit message a call gives, at most 256 KB, or `default`."""
    message = call.params.get("commitMessage") or default
    if len(message.encode()) > LONGEST_MESSAGE:
        raise refusal("CommitMessageLengthExceededException")
    return str(message)


def shown_commit(commit: Commit) -> dict[str, Any]:
    """A Commit as GetCommit answers it; dates are git's own, ``1484167798 -0800``."""
    return {
        "commitId": commit.id.decode(),
        "treeId": commit.tree.decode(),
        "parents": [parent.decode() for parent in commit.parents],
        "message": commit.message.decode(errors="replace"),
        "author": _shown(commit.author, commit.author_time, commit.author_timezone),
        "committer": _shown(commit.committer, commit.commit_time, commit.commit_timezone),
        "additionalData": "",
    }


def _shown(line: bytes, seconds: int, offset: int) -> dict[str, str]:
    name, _, email = line.decode(errors="replace").partition(" <")
    sign, minutes = "-" if offset < 0 else "+", abs(offset) // 60
    date = f"{seconds} {sign}{minutes // 60:02}{minutes % 60:02}"
    return {"name": name, "email": email.removesuffix(">"), "date": date}
