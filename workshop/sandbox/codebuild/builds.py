"""The operations on builds, and the door by which pipelines start theirs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from workshop.sandbox.call import AwsError, Call, Principal
from workshop.sandbox.codebuild import project, start
from workshop.sandbox.codebuild.describe import described
from workshop.sandbox.codebuild.desk import Desk, in_order, named
from workshop.sandbox.codebuild.paging import page
from workshop.sandbox.codebuild.record import Record
from workshop.sandbox.codebuild.state import Build, PipelineArtifact, PipelineBuild

# In AWS five times as many as may run at once ("Quotas for AWS CodeBuild"), which is 1 in a new
# account; here it is what nobody reaches who only pushes.
MOST_WAITING = 20


class Artifact(Protocol):
    """A pipeline's artifact, as `start_for_pipeline` takes it."""

    @property
    def name(self) -> str: ...
    @property
    def bucket(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def revision(self) -> str: ...


class Builds(Desk):
    """StartBuild and its kin."""

    def start_build(self, call: Call) -> dict[str, Any]:
        with self.lock:
            found = self.project(call, call.params["projectName"])
        settings = start.overridden(found, call.params)
        start.refuse_pipeline_project(settings)
        self.check(settings, call)
        settings = {**settings, **project.with_defaults(settings, call.account, call.region)}
        token = call.params.get("idempotencyToken")
        with self.lock:
            region = self.region(call)
            if token and region.tokens.get(token) in region.builds:
                return {"build": self._shown(region.builds[region.tokens[token]])}
        begun = self._begin(call.account, call.region, found, settings, _initiator(call.caller))
        if token:
            region.tokens[token] = begun["id"]
        return {"build": begun}

    def start_for_pipeline(
        self,
        principal: Principal,
        region: str,
        project_name: str,
        *,
        pipeline: str,
        inputs: Iterable[Artifact],
        outputs: Iterable[Artifact],
        variables: Iterable[dict[str, Any]] = (),
        buildspec: str | None = None,
    ) -> str:
        """Start a build for an action of a pipeline; its id.  The first input is the primary one.

        The caller has made sure that `principal` may codebuild:StartBuild.  The build reads the
        inputs' zips and writes the outputs' under its own role.  AwsError as StartBuild.
        """
        with self.lock:
            found = self.state[principal.account, region].projects.get(project_name)
        if found is None:
            arn = f"arn:aws:codebuild:{region}:{principal.account}:project/{project_name}"
            raise AwsError("ResourceNotFoundException", f"Project cannot be found: {arn}")
        given = list(variables)
        project.check_variables(given)
        asked: dict[str, Any] = {"environmentVariablesOverride": given}
        if buildspec:
            asked["buildspecOverride"] = buildspec
        settings = start.overridden(found, asked)
        settings["source"] = {**settings["source"], "type": "CODEPIPELINE"}
        wanted = PipelineBuild(pipeline, _artifacts(inputs), _artifacts(outputs))
        initiator = f"codepipeline/{pipeline}"
        begun = self._begin(principal.account, region, found, settings, initiator, wanted)
        return str(begun["id"])

    def retry_build(self, call: Call) -> dict[str, Any]:
        with self.lock:
            old = self.build(call, call.params.get("id", ""))
            found = self.project(call, old.project)
        initiator = _initiator(call.caller)
        begun = self._begin(call.account, call.region, found, old.settings, initiator, old.pipeline)
        return {"build": begun}

    def stop_build(self, call: Call) -> dict[str, Any]:
        with self.lock:
            build = self.build(call, call.params["id"])
        if not build.complete:
            self.queue.stop_build(build.arn)
        with self.lock:
            return {"build": self._shown(build)}

    def batch_get_builds(self, call: Call) -> dict[str, Any]:
        with self.lock:
            builds = self.region(call).builds
            ids = {one: named(one) for one in call.params["ids"]}
            return {
                "builds": [self._shown(builds[one]) for one in dict.fromkeys(ids.values()) if one in builds],
                "buildsNotFound": [one for one, name in ids.items() if name not in builds],
            }

    def list_builds(self, call: Call) -> dict[str, Any]:
        with self.lock:
            ids = list(self.region(call).builds)
        return page("ids", in_order(ids, call, "DESCENDING"), call.params)

    def list_builds_for_project(self, call: Call) -> dict[str, Any]:
        with self.lock:
            name = self.project(call, call.params["projectName"])["name"]
            ids = [one.id for one in self.region(call).builds.values() if one.project == name]
        return page("ids", in_order(ids, call, "DESCENDING"), call.params)

    def batch_delete_builds(self, call: Call) -> dict[str, Any]:
        deleted, kept = [], []
        with self.lock:
            builds = self.region(call).builds
            for given in call.params["ids"]:
                build = builds.get(named(given))
                if build is not None and not build.complete:
                    kept.append({"id": given, "statusCode": "BUILD_IN_PROGRESS"})
                    continue
                if build is not None:
                    del builds[build.id]
                deleted.append(build.arn if build is not None else given)
        return {"buildsDeleted": deleted, "buildsNotDeleted": kept}

    def _begin(
        self,
        account: str,
        region: str,
        found: dict[str, Any],
        settings: dict[str, Any],
        initiator: str,
        pipeline: PipelineBuild | None = None,
    ) -> dict[str, Any]:
        with self.lock:
            self._require_room(account)
            build = start.new_build(self.state[account, region], found, settings, initiator, pipeline)
        record = Record(build, self.lock, self.sandbox.events)
        record.submitted()
        with self.lock:
            begun = described(build)
        self.queue.add(record)
        return begun

    def _require_room(self, account: str) -> None:
        if self.queue.waiting(account) >= MOST_WAITING:
            raise AwsError(
                "AccountLimitExceededException",
                f"Cannot have more than {MOST_WAITING} builds in queue for the account",
            )

    def _shown(self, build: Build) -> dict[str, Any]:
        return described(build, self.queue.ahead(build.arn))


def _initiator(caller: Principal) -> str:
    """The caller as the console shows it: root's account, user name, or role/session."""
    if caller.is_root:
        return caller.account
    return caller.arn.partition(":assumed-role/")[2] or caller.arn.rpartition("/")[2]


def _artifacts(given: Iterable[Artifact]) -> tuple[PipelineArtifact, ...]:
    return tuple(PipelineArtifact(one.name, one.bucket, one.key, one.revision) for one in given)
