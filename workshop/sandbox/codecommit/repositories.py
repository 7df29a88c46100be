"""CodeCommit's operations on repositories as a whole: create, list, describe, rename, tag, delete."""

from __future__ import annotations

import re
from typing import Any

from workshop.sandbox.call import AwsError, Call
from workshop.sandbox.codecommit.desk import Desk
from workshop.sandbox.codecommit.paging import page, paged
from workshop.sandbox.codecommit.state import Repository, now
from workshop.sandbox.codecommit.words import refusal

NAME = re.compile(r"[\w.-]{1,100}", re.ASCII)
LONGEST_DESCRIPTION = 1000
MOST_REPOSITORIES = 1000
MOST_TAGS = 50
MOST_IN_BATCH = 100
ARN = re.compile(r"arn:aws[\w-]*:codecommit:(?P<region>[^:]+):(?P<account>\d{12}):(?P<name>[\w.-]+)")


class Repositories(Desk):
    """Repositories and their tags."""

    def create_repository(self, call: Call) -> dict[str, Any]:
        name = _valid_name(call.params["repositoryName"])
        description = _valid_description(call.params.get("repositoryDescription"))
        tags = _valid_tags(call.params.get("tags", {}), {})
        with self.store.names(call.account, call.region):
            self._refuse_taken(call, name)
            if len(self.state_of(call).repositories) >= MOST_REPOSITORIES:
                raise refusal("RepositoryLimitExceededException", "A repository resource limit was exceeded.")
            repository = self.store.create(call.account, call.region, name)
        repository.description, repository.tags = description, tags
        repository.kms_key = call.params.get("kmsKeyId")
        return {"repositoryMetadata": self._metadata(repository)}

    def get_repository(self, call: Call) -> dict[str, Any]:
        return {"repositoryMetadata": self._metadata(self.repository(call))}

    def batch_get_repositories(self, call: Call) -> dict[str, Any]:
        names = call.params["repositoryNames"]
        if len(names) > MOST_IN_BATCH:
            raise refusal("MaximumRepositoryNamesExceededException")
        known = self.state_of(call).repositories
        missing = [name for name in names if name not in known]
        return {
            "repositories": [self._metadata(known[name]) for name in names if name in known],
            "repositoriesNotFound": missing,
            "errors": [_not_found(name) for name in missing],
        }

    def list_repositories(self, call: Call) -> dict[str, Any]:
        key = call.params.get("sortBy", "repositoryName")
        order = call.params.get("order", "ascending")
        if key not in ("repositoryName", "lastModifiedDate"):
            raise refusal("InvalidSortByException")
        if order not in ("ascending", "descending"):
            raise refusal("InvalidOrderException")
        found = sorted(
            self.state_of(call).repositories.copy().values(),
            key=lambda each: each.name if key == "repositoryName" else each.modified.isoformat(),
            reverse=order == "descending",
        )
        shown = [{"repositoryName": each.name, "repositoryId": each.id} for each in found]
        return paged("repositories", *page(shown, call.params.get("nextToken"), None))

    def delete_repository(self, call: Call) -> dict[str, Any]:
        """A repository that is not there is no error: the answer then has no id (API reference)."""
        repository = self.store.find(call.account, call.region, call.params["repositoryName"])
        if repository is None:
            return {}
        self.store.delete(repository)
        return {"repositoryId": repository.id}

    def update_repository_description(self, call: Call) -> dict[str, Any]:
        repository = self.repository(call)
        repository.description = _valid_description(call.params.get("repositoryDescription"))
        repository.modified = now()
        return {}

    def update_repository_name(self, call: Call) -> dict[str, Any]:
        new = _valid_name(call.params["newName"])
        with self.store.names(call.account, call.region):
            repository = self.repository(call, call.params["oldName"])
            self._refuse_taken(call, new)
            known = self.state_of(call).repositories
            known[new] = known.pop(repository.name)
            repository.name, repository.modified = new, now()
        return {}

    def update_repository_encryption_key(self, call: Call) -> dict[str, Any]:
        """Takes note of the key; objects on disk are not encrypted."""
        repository = self.repository(call)
        before, repository.kms_key = repository.kms_key, call.params["kmsKeyId"]
        answer = {"repositoryId": repository.id, "kmsKeyId": repository.kms_key}
        return answer | ({"originalKmsKeyId": before} if before else {})

    def update_default_branch(self, call: Call) -> dict[str, Any]:
        branch = call.params["defaultBranchName"]
        with self.opened(call) as (repository, git), self.store.lock(repository):
            if git.tip(branch) is None:
                raise refusal("BranchDoesNotExistException", f"Branch {branch} does not exist")
            repository.default_branch, repository.modified = branch, now()
            git.set_head(branch)
        return {}

    def tag_resource(self, call: Call) -> dict[str, Any]:
        repository = self._by_arn(call)
        repository.tags = _valid_tags(call.params["tags"], repository.tags)
        return {}

    def untag_resource(self, call: Call) -> dict[str, Any]:
        repository = self._by_arn(call)
        gone = call.params["tagKeys"]
        repository.tags = {key: value for key, value in repository.tags.items() if key not in gone}
        return {}

    def list_tags_for_resource(self, call: Call) -> dict[str, Any]:
        return {"tags": dict(self._by_arn(call).tags)}

    def _by_arn(self, call: Call) -> Repository:
        match = ARN.fullmatch(call.params["resourceArn"])
        if not match or (match["region"], match["account"]) != (call.region, call.account):
            raise refusal("InvalidResourceArnException")
        return self.repository(call, match["name"])

    def _refuse_taken(self, call: Call, name: str) -> None:
        if name in self.state_of(call).repositories:
            raise AwsError("RepositoryNameExistsException", f"Repository named {name} already exists")

    def _metadata(self, repository: Repository) -> dict[str, Any]:
        """RepositoryMetadata; without `cloneUrlSsh`, since nothing here answers to ssh."""
        shown = {
            "accountId": repository.account,
            "repositoryId": repository.id,
            "repositoryName": repository.name,
            "repositoryDescription": repository.description,
            "defaultBranch": repository.default_branch,
            "lastModifiedDate": repository.modified,
            "creationDate": repository.created,
            "cloneUrlHttp": f"{self.sandbox.settings.shown}/v1/repos/{repository.name}",
            "Arn": repository.arn,
            "kmsKeyId": repository.kms_key,
        }
        return {key: value for key, value in shown.items() if value is not None}


def _valid_name(name: str) -> str:
    if not NAME.fullmatch(name) or name.endswith(".git"):
        raise refusal("InvalidRepositoryNameException")
    return name


def _valid_description(text: str | None) -> str | None:
    if text and len(text) > LONGEST_DESCRIPTION:
        raise refusal("InvalidRepositoryDescriptionException")
    return text or None


def _valid_tags(new: dict[str, str], old: dict[str, str]) -> dict[str, str]:
    if any(key.lower().startswith("aws:") for key in new):
        raise refusal("InvalidSystemTagUsageException")
    if len(tags := old | new) > MOST_TAGS:
        raise refusal("TooManyTagsException")
    return tags


def _not_found(name: str) -> dict[str, str]:
    code = "RepositoryDoesNotExistException"
    return {"repositoryName": name, "errorCode": code, "errorMessage": f"{name} does not exist"}
