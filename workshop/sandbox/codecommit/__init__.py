"""CodeCommit: git repositories, reached by API and by git over HTTP."""

from workshop.sandbox.codecommit.api import CodeCommit

__all__ = ["CodeCommit"]
