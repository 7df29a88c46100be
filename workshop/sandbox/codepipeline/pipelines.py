"""Pipelines: creating, changing, showing and tagging them, and what actions they may have."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from workshop.sandbox.call import AwsError, Call
from workshop.sandbox.codepipeline import catalogue, views
from workshop.sandbox.codepipeline.desk import Desk, constrain
from workshop.sandbox.codepipeline.paging import page
from workshop.sandbox.codepipeline.register import declared_variables
from workshop.sandbox.codepipeline.roles import take_role
from workshop.sandbox.codepipeline.starting import new_execution
from workshop.sandbox.codepipeline.state import Pipeline, Trigger
from workshop.sandbox.codepipeline.structure import Structure
from workshop.sandbox.codepipeline.validation import validate

Shape = dict[str, Any]
MOST_TAGS = 50


class Pipelines(Desk):
    """Operations on pipelines themselves."""

    def create_pipeline(self, call: Call) -> Shape:
        """Creates a pipeline and starts its first execution."""
        structure = self._sound(call)
        declaration = _complete(call.params["pipeline"], version=1)
        tags = {tag["key"]: tag["value"] for tag in call.params.get("tags", [])}
        now = datetime.now(UTC)
        pipeline = Pipeline(call.account, call.region, declaration, structure, now, now, tags)
        with self.conductor.lock:
            pipelines = self.register.of(call.account, call.region).pipelines
            if pipeline.name in pipelines:
                raise AwsError(
                    "PipelineNameInUseException",
                    f"A pipeline with the name '{pipeline.name}' already exists in account '{call.account}'",
                )
            pipelines[pipeline.name] = pipeline
            self._first_run(pipeline, call.caller.arn)
        return {"pipeline": declaration, "tags": call.params.get("tags", [])}

    def update_pipeline(self, call: Call) -> Shape:
        """Replaces the structure, counts the version up and ends what was running; starts nothing."""
        structure = self._sound(call)
        pipeline = self.register.of(call.account, call.region).pipelines.get(structure.name)
        if pipeline is None:
            raise AwsError(
                "PipelineNotFoundException",
                f"Account '{call.account}' does not have a pipeline with name '{structure.name}'",
            )
        with self.conductor.lock:
            self.conductor.cancel(pipeline)
            pipeline.declaration = _complete(call.params["pipeline"], version=pipeline.version + 1)
            pipeline.structure = structure
            pipeline.updated = datetime.now(UTC)
            kept = {stage.name for stage in structure.stages}
            pipeline.closed = {name: way for name, way in pipeline.closed.items() if name in kept}
        return {"pipeline": pipeline.declaration}

    def get_pipeline(self, call: Call) -> Shape:
        """The structure, and when it was made and changed; only the current version is kept."""
        pipeline = self.pipeline(call, "name")
        if call.params.get("version", pipeline.version) != pipeline.version:
            raise AwsError(
                "PipelineVersionNotFoundException",
                f"Pipeline '{pipeline.name}' does not have a version {call.params['version']}",
            )
        metadata = {"pipelineArn": pipeline.arn, "created": pipeline.created, "updated": pipeline.updated}
        return {"pipeline": pipeline.declaration, "metadata": metadata}

    def get_pipeline_state(self, call: Call) -> Shape:
        """What each stage and action did last."""
        pipeline = self.pipeline(call, "name")
        with self.conductor.lock:
            return views.pipeline_state(pipeline)

    def delete_pipeline(self, call: Call) -> Shape:
        """Removes a pipeline and its history; one that is not there is no error."""
        with self.conductor.lock:
            state = self.register.of(call.account, call.region)
            if pipeline := state.pipelines.get(call.params["name"]):
                self.conductor.cancel(pipeline)
                del state.pipelines[pipeline.name]
        return {}

    def list_pipelines(self, call: Call) -> Shape:
        """All pipelines by name, in pages."""
        with self.conductor.lock:
            pipelines = self.register.of(call.account, call.region).pipelines
            ordered = [pipelines[name] for name in sorted(pipelines)]
        numbered = [(len(ordered) - place, pipeline) for place, pipeline in enumerate(ordered)]
        shown, more = page(numbered, call.params.get("maxResults", 1000), call.params.get("nextToken"))
        return views.told(nextToken=more) | {"pipelines": [views.pipeline_summary(one) for one in shown]}

    def list_action_types(self, call: Call) -> Shape:
        """The action types that the sandbox has; all are AWS's own."""
        if call.params.get("actionOwnerFilter", "AWS") != "AWS":
            return {"actionTypes": []}
        return {"actionTypes": [catalogue.describe(kind) for kind in catalogue.ACTION_TYPES]}

    def list_rule_types(self, call: Call) -> Shape:
        """None: the sandbox evaluates no stage conditions."""
        return {"ruleTypes": []}

    def list_rule_executions(self, call: Call) -> Shape:
        """None, for the same reason."""
        self.pipeline(call)
        return {"ruleExecutionDetails": []}

    def list_webhooks(self, call: Call) -> Shape:
        """None: nothing outside can reach the sandbox."""
        return {"webhooks": []}

    def list_tags_for_resource(self, call: Call) -> Shape:
        """A pipeline's tags."""
        tags = self._tagged(call).tags
        return {"tags": [{"key": key, "value": value} for key, value in sorted(tags.items())]}

    def tag_resource(self, call: Call) -> Shape:
        """Sets tags."""
        constrain(call)
        tags = self._tagged(call).tags
        given = {tag["key"]: tag["value"] for tag in call.params["tags"]}
        if len(tags | given) > MOST_TAGS:
            raise AwsError("TooManyTagsException", f"A resource may have at most {MOST_TAGS} tags")
        tags.update(given)
        return {}

    def untag_resource(self, call: Call) -> Shape:
        """Removes tags; absent ones are no error."""
        tags = self._tagged(call).tags
        for key in call.params["tagKeys"]:
            tags.pop(key, None)
        return {}

    def _sound(self, call: Call) -> Structure:
        """The structure in a call, if its roles can be taken too; AwsError if not."""
        constrain(call)
        structure = validate(call.params["pipeline"], call.region)
        for role in dict.fromkeys([None, *(action.role for _, action in structure.actions)]):
            take_role(self.sandbox, structure.role, role, "CodePipeline", call.region)
        return structure

    def _first_run(self, pipeline: Pipeline, creator: str) -> None:
        execution = new_execution(pipeline, Trigger("CreatePipeline", creator))
        try:
            execution.variables = declared_variables(pipeline, {})
        except AwsError:
            return  # a variable without a default: the first run needs a value, so there is none
        self.conductor.start(pipeline, execution)

    def _tagged(self, call: Call) -> Pipeline:
        arn = call.params["resourceArn"]
        name = arn.rpartition(":")[2]
        pipeline = self.register.of(call.account, call.region).pipelines.get(name)
        if pipeline is None or pipeline.arn != arn:
            raise AwsError("ResourceNotFoundException", f"Could not find resource with ARN: {arn}")
        return pipeline


def _complete(declared: Mapping[str, Any], version: int) -> Shape:
    """The declaration as GetPipeline shows it: with defaults and a version."""
    declaration = copy.deepcopy(dict(declared))
    declaration["version"] = version
    declaration.setdefault("executionMode", "SUPERSEDED")
    newer = declaration["executionMode"] != "SUPERSEDED" or "variables" in declaration
    newer = newer or any("onFailure" in stage for stage in declaration["stages"])
    declaration["pipelineType"] = "V2" if newer else declaration.get("pipelineType", "V1")
    for stage in declaration["stages"]:
        for action in stage["actions"]:
            action.setdefault("runOrder", 1)
            action.setdefault("configuration", {})
            action.setdefault("inputArtifacts", [])
            action.setdefault("outputArtifacts", [])
    return declaration
