"""Repositories, build projects and pipelines in stacks."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any

from workshop.sandbox.cloudformation.state import Resource
from workshop.sandbox.cloudformation.work import Kind, Made, Properties, Work, policy, retagging, tag_pairs

FILES_AT_ONCE = 100


def _create_repository(work: Work, properties: Properties) -> Made:
    name = properties["RepositoryName"]
    found = work.call("codecommit", "create_repository", properties)["repositoryMetadata"]
    work.begun(found["repositoryId"])
    if "Code" in properties:
        _first_commit(work, name, properties["Code"])
    if properties.get("Triggers"):
        work.call("codecommit", "put_repository_triggers", properties, repositoryName=name)
    return Made(
        found["repositoryId"],
        {
            "Arn": found["Arn"],
            "Name": name,
            "CloneUrlHttp": found.get("cloneUrlHttp", ""),
            "CloneUrlSsh": found.get("cloneUrlSsh", ""),
        },
    )


def _first_commit(work: Work, name: str, code: Mapping[str, Any]) -> None:
    """Commit the files of a zip in S3, at most a hundred at a time, to a new branch."""
    place = code["S3"]
    version = {"VersionId": place["ObjectVersion"]} if "ObjectVersion" in place else {}
    packed = work.client("s3").get_object(Bucket=place["Bucket"], Key=place["Key"], **version)["Body"].read()
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        files = [
            {"filePath": entry.filename, "fileContent": archive.read(entry)}
            for entry in archive.infolist()
            if not entry.is_dir()
        ]
    parent: dict[str, str] = {}
    for start in range(0, len(files), FILES_AT_ONCE):
        commit = work.client("codecommit").create_commit(
            repositoryName=name,
            branchName=code.get("BranchName", "main"),
            putFiles=files[start : start + FILES_AT_ONCE],
            commitMessage="Initial commit",
            **parent,
        )
        parent = {"parentCommitId": commit["commitId"]}


def _update_repository(work: Work, old: Resource, properties: Properties) -> Made:
    before, after = old.properties["RepositoryName"], properties["RepositoryName"]
    if before != after:
        work.call("codecommit", "update_repository_name", oldName=before, newName=after)
    if old.properties.get("RepositoryDescription") != properties.get("RepositoryDescription"):
        description = properties.get("RepositoryDescription", "")
        work.call(
            "codecommit",
            "update_repository_description",
            repositoryName=after,
            repositoryDescription=description,
        )
    return Made(str(old.physical_id), {**old.attributes, "Name": after})


def _delete_repository(work: Work, resource: Resource) -> None:
    work.attempt("codecommit", "delete_repository", repositoryName=resource.properties["RepositoryName"])


def _create_project(work: Work, properties: Properties) -> Made:
    name = properties.get("Name") or work.generated(255)
    arn = work.call("codebuild", "create_project", _project(properties), name=name)["project"]["arn"]
    return Made(name, {"Arn": arn})


def _project(properties: Properties) -> dict[str, Any]:
    """The API spells two names in its own way."""
    found = dict(properties)
    source = dict(found.get("Source") or {})
    if "BuildSpec" in source:
        source["buildspec"] = policy(source.pop("BuildSpec"))
    return {**found, "Source": source}


def _update_project(work: Work, old: Resource, properties: Properties) -> Made:
    work.call("codebuild", "update_project", _project(properties), name=old.physical_id)
    return Made(str(old.physical_id), old.attributes)


def _delete_project(work: Work, resource: Resource) -> None:
    work.attempt("codebuild", "delete_project", name=resource.physical_id)


def _create_pipeline(work: Work, properties: Properties) -> Made:
    name = properties.get("Name") or work.generated(100)
    tags = [{"key": key, "value": item} for key, item in tag_pairs(properties.get("Tags")).items()]
    given: dict[str, Any] = {"tags": tags} if tags else {}
    found = work.call("codepipeline", "create_pipeline", pipeline=_pipeline(name, properties), **given)
    return Made(name, {"Version": str(found["pipeline"].get("version", 1))})


def _pipeline(name: str, properties: Properties) -> dict[str, Any]:
    """The pipeline's declaration: template and API differ in the letters' case, and here and there."""
    found = {key: item for key, item in properties.items() if key != "Tags"}
    found["Stages"] = [_stage(stage) for stage in properties["Stages"]]
    if "ArtifactStores" in found:
        found["ArtifactStores"] = {
            entry["Region"]: _lower(entry["ArtifactStore"]) for entry in found["ArtifactStores"]
        }
    return {**_lower(found), "name": name}


def _stage(stage: Mapping[str, Any]) -> dict[str, Any]:
    return {**stage, "Actions": [_action(action) for action in stage["Actions"]]}


def _action(action: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: {k: _text(v) for k, v in item.items()} if key == "Configuration" else item
        for key, item in action.items()
    }


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return policy(value) if isinstance(value, Mapping | list) else str(value)


def _lower(value: Any) -> Any:
    """Keys in the API's case; what an action is configured with keeps its own."""
    if isinstance(value, Mapping):
        return {
            key[0].lower() + key[1:]: item if key in ("Configuration", "ArtifactStores") else _lower(item)
            for key, item in value.items()
        }
    return [_lower(item) for item in value] if isinstance(value, list) else value


def _update_pipeline(work: Work, old: Resource, properties: Properties) -> Made:
    declared = _pipeline(str(old.physical_id), properties)
    found = work.call("codepipeline", "update_pipeline", pipeline=declared)
    return Made(str(old.physical_id), {"Version": str(found["pipeline"].get("version", 1))})


def _delete_pipeline(work: Work, resource: Resource) -> None:
    work.attempt("codepipeline", "delete_pipeline", name=resource.physical_id)


KINDS: Mapping[str, Kind] = {
    "AWS::CodeBuild::Project": Kind(_create_project, _delete_project, _update_project),
    "AWS::CodeCommit::Repository": Kind(
        _create_repository,
        _delete_repository,
        _update_repository,
        retagging(
            "codecommit", "resourceArn", lambda _, made: made.attributes["Arn"], tags="tags", keys="tagKeys"
        ),
    ),
    "AWS::CodePipeline::Pipeline": Kind(
        _create_pipeline,
        _delete_pipeline,
        _update_pipeline,
        retagging(
            "codepipeline",
            "resourceArn",
            lambda work, made: work.arn("codepipeline", made.id),
            tags="tags",
            keys="tagKeys",
            entry=("key", "value"),
        ),
    ),
}
