"""CodeBuild's operations: parameters in, boto3's shapes out, refusals in AWS's words."""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from workshop.sandbox.call import AwsError, Call, Principal
from workshop.sandbox.codebuild import images, project, start
from workshop.sandbox.codebuild.describe import described
from workshop.sandbox.codebuild.paging import page
from workshop.sandbox.codebuild.queue import Queue
from workshop.sandbox.codebuild.record import Record
from workshop.sandbox.codebuild.reports import ReportGroups
from workshop.sandbox.codebuild.state import Build, PipelineArtifact, PipelineBuild, Region, now
from workshop.sandbox.isolation import IsolationUnavailable

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

log = logging.getLogger(__name__)

SERVICE = "codebuild.amazonaws.com"


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


class CodeBuild(ReportGroups):
    """The service; its state is one Region for each account and region."""

    name: ClassVar[str] = "codebuild"
    complete: ClassVar[bool] = True

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._lock = threading.RLock()
        self.state: defaultdict[tuple[str, str], Region] = defaultdict(Region)
        self._queue = Queue(sandbox)

    def start(self) -> None:
        """Find out how builds are isolated here before the first one waits for it."""
        threading.Thread(target=self._try_isolation, name="try-isolation", daemon=True).start()

    def stop(self) -> None:
        """End all builds and every process of theirs."""
        self._queue.stop()

    def create_project(self, call: Call) -> dict[str, Any]:
        project.check_name(call.params["name"])
        self._check(call.params, call)
        with self._lock:
            region = self._region(call)
            arn = call.arn(f"project/{call.params['name']}")
            if call.params["name"] in region.projects:
                raise AwsError("ResourceAlreadyExistsException", f"Project already exists: {arn}")
            made = {
                "name": call.params["name"],
                "arn": arn,
                **project.with_defaults(call.params, call.account, call.region),
                "created": now(),
                "lastModified": now(),
                "badge": {"badgeEnabled": bool(call.params.get("badgeEnabled"))},
                "projectVisibility": "PRIVATE",
            }
            region.projects[call.params["name"]] = made
            return {"project": made}

    def update_project(self, call: Call) -> dict[str, Any]:
        with self._lock:
            before = self._project(call, call.params["name"])
        settings = {**before, **call.params}
        self._check(settings, call)
        with self._lock:
            after = {
                **before,
                **project.with_defaults(settings, call.account, call.region),
                "lastModified": now(),
            }
            if "badgeEnabled" in call.params:
                after["badge"] = {"badgeEnabled": call.params["badgeEnabled"]}
            self._region(call).projects[before["name"]] = after
            return {"project": after}

    def delete_project(self, call: Call) -> dict[str, Any]:
        """Deletes the project with its builds; an absent one is no error."""
        with self._lock:
            region = self._region(call)
            name = _named(call.params["name"])
            region.projects.pop(name, None)
            gone = [build for build in region.builds.values() if build.project == name]
            for build in gone:
                del region.builds[build.id]
        for build in gone:
            self._queue.stop_build(build.arn)
        return {}

    def batch_get_projects(self, call: Call) -> dict[str, Any]:
        with self._lock:
            projects = self._region(call).projects
            names = {one: _named(one) for one in call.params["names"]}
            return {
                "projects": [projects[name] for name in dict.fromkeys(names.values()) if name in projects],
                "projectsNotFound": [one for one, name in names.items() if name not in projects],
            }

    def list_projects(self, call: Call) -> dict[str, Any]:
        orders: dict[str, Callable[[dict[str, Any]], Any]] = {
            "NAME": lambda one: one["name"],
            "CREATED_TIME": lambda one: one["created"],
            "LAST_MODIFIED_TIME": lambda one: one["lastModified"],
        }
        order = orders[call.params.get("sortBy", "NAME")]
        with self._lock:
            projects = sorted(self._region(call).projects.values(), key=order)
        names = _sorted((one["name"] for one in projects), call, "ASCENDING")
        return page("projects", names, call.params)

    def start_build(self, call: Call) -> dict[str, Any]:
        with self._lock:
            found = self._project(call, call.params["projectName"])
        settings = start.overridden(found, call.params)
        start.refuse_pipeline_project(settings)
        self._check(settings, call)
        settings = {**settings, **project.with_defaults(settings, call.account, call.region)}
        token = call.params.get("idempotencyToken")
        with self._lock:
            region = self._region(call)
            if token and region.tokens.get(token) in region.builds:
                return {"build": described(region.builds[region.tokens[token]])}
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
        with self._lock:
            found = self.state[principal.account, region].projects.get(project_name)
        if found is None:
            arn = f"arn:aws:codebuild:{region}:{principal.account}:project/{project_name}"
            raise AwsError("ResourceNotFoundException", f"Project cannot be found: {arn}")
        asked: dict[str, Any] = {"environmentVariablesOverride": list(variables)}
        if buildspec:
            asked["buildspecOverride"] = buildspec
        settings = start.overridden(found, asked)
        settings["source"] = {**settings["source"], "type": "CODEPIPELINE"}
        given = PipelineBuild(pipeline, _artifacts(inputs), _artifacts(outputs))
        initiator = f"codepipeline/{pipeline}"
        begun = self._begin(principal.account, region, found, settings, initiator, given)
        return str(begun["id"])

    def retry_build(self, call: Call) -> dict[str, Any]:
        with self._lock:
            old = self._build(call, call.params.get("id", ""))
            found = self._project(call, old.project)
        initiator = _initiator(call.caller)
        begun = self._begin(call.account, call.region, found, old.settings, initiator, old.pipeline)
        return {"build": begun}

    def stop_build(self, call: Call) -> dict[str, Any]:
        with self._lock:
            build = self._build(call, call.params["id"])
        if not build.complete:
            self._queue.stop_build(build.arn)
        with self._lock:
            return {"build": described(build)}

    def batch_get_builds(self, call: Call) -> dict[str, Any]:
        with self._lock:
            builds = self._region(call).builds
            ids = {one: _named(one) for one in call.params["ids"]}
            return {
                "builds": [described(builds[one]) for one in dict.fromkeys(ids.values()) if one in builds],
                "buildsNotFound": [one for one, name in ids.items() if name not in builds],
            }

    def list_builds(self, call: Call) -> dict[str, Any]:
        with self._lock:
            ids = list(self._region(call).builds)
        return page("ids", _sorted(ids, call, "DESCENDING"), call.params)

    def list_builds_for_project(self, call: Call) -> dict[str, Any]:
        with self._lock:
            name = self._project(call, call.params["projectName"])["name"]
            ids = [one.id for one in self._region(call).builds.values() if one.project == name]
        return page("ids", _sorted(ids, call, "DESCENDING"), call.params)

    def batch_delete_builds(self, call: Call) -> dict[str, Any]:
        deleted, kept = [], []
        with self._lock:
            builds = self._region(call).builds
            for given in call.params["ids"]:
                build = builds.get(_named(given))
                if build is not None and not build.complete:
                    kept.append({"id": given, "statusCode": "BUILD_IN_PROGRESS"})
                    continue
                if build is not None:
                    del builds[build.id]
                deleted.append(build.arn if build is not None else given)
        return {"buildsDeleted": deleted, "buildsNotDeleted": kept}

    def list_curated_environment_images(self, call: Call) -> dict[str, Any]:
        return {"platforms": images.platforms()}

    def invalidate_project_cache(self, call: Call) -> dict[str, Any]:
        """There is no cache between builds here, so there is nothing to invalidate."""
        with self._lock:
            self._project(call, call.params["projectName"])
        return {}

    def list_source_credentials(self, call: Call) -> dict[str, Any]:
        """Credentials for GitHub and the like; none can be imported here."""
        return {"sourceCredentialsInfos": []}

    def _try_isolation(self) -> None:
        try:
            log.info("Builds and functions are isolated by: %s", self._sandbox.isolation.kind)
        except IsolationUnavailable as error:
            log.error("Builds and functions will be refused. %s", error)

    def _begin(
        self,
        account: str,
        region: str,
        found: dict[str, Any],
        settings: dict[str, Any],
        initiator: str,
        pipeline: PipelineBuild | None = None,
    ) -> dict[str, Any]:
        with self._lock:
            build = start.new_build(self.state[account, region], found, settings, initiator, pipeline)
        record = Record(build, self._lock, self._sandbox.events)
        record.submitted()
        with self._lock:
            begun = described(build)
        self._queue.add(record)
        return begun

    def _check(self, settings: project.Fields, call: Call) -> None:
        project.check(settings, call.account, lambda role: self._assumable(role, call.region))

    def _assumable(self, role: str, region: str) -> bool:
        try:
            self._sandbox.clients.assume(role, "AWSCodeBuild", SERVICE, region=region)
        except AwsError:
            return False
        return True

    def _region(self, call: Call) -> Region:
        return self.state[call.account, call.region]

    def _project(self, call: Call, name: str) -> dict[str, Any]:
        found = self._region(call).projects.get(_named(name))
        if found is None:
            arn = call.arn(f"project/{_named(name)}")
            raise AwsError("ResourceNotFoundException", f"Project cannot be found: {arn}")
        return found

    def _build(self, call: Call, identity: str) -> Build:
        if ":" not in _named(identity):
            raise project.invalid("Invalid build ID provided")
        found = self._region(call).builds.get(_named(identity))
        if found is None:
            raise AwsError("ResourceNotFoundException", f"Build {identity} does not exist")
        return found


def _named(name_or_arn: str) -> str:
    return name_or_arn.rpartition("/")[2]


def _initiator(caller: Principal) -> str:
    """The caller as the console shows it: root's account, user name, or role/session."""
    if caller.is_root:
        return caller.account
    return caller.arn.partition(":assumed-role/")[2] or caller.arn.rpartition("/")[2]


def _sorted(items: Iterable[str], call: Call, usual: str) -> list[str]:
    ordered = list(items)
    return ordered[::-1] if call.params.get("sortOrder", usual) == "DESCENDING" else ordered


def _artifacts(given: Iterable[Artifact]) -> tuple[PipelineArtifact, ...]:
    return tuple(PipelineArtifact(one.name, one.bucket, one.key, one.revision) for one in given)
