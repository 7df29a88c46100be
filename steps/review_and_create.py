"""Review and create: the pipeline, and the rule that starts it on every commit."""

import json
from typing import Any

from workshop.lab import Lab
from workshop.step import NotYet, holds

from . import blueprint, look, make, permission


def do(lab: Lab) -> None:
    """Create the pipeline with its change detection, or mend what is there."""
    # The console makes the rule second: then the commits in between start nothing.
    make.change_detection(lab)
    codepipeline = lab.client("codepipeline")
    try:
        found = codepipeline.get_pipeline(name=lab.name("pipeline"))["pipeline"]
    except codepipeline.exceptions.PipelineNotFoundException:
        declared = blueprint.pipeline(lab)
        lab.patiently(lambda: codepipeline.create_pipeline(pipeline=declared), *make.NOT_KNOWN_YET)
        lab.say(f"Created {lab.name('pipeline')}; its first run starts by itself")
        return
    mended = _mended(lab, found)
    if mended != found:
        make.save(lab, mended)
    else:
        lab.there(f"The pipeline {found['name']} is there")


def undo(lab: Lab) -> None:
    """Delete the pipeline with the history of its runs, and what starts it on every commit."""
    make.drop_change_detection(lab)
    codepipeline, name = lab.client("codepipeline"), lab.name("pipeline")
    try:
        codepipeline.get_pipeline(name=name)
    except codepipeline.exceptions.PipelineNotFoundException:
        return
    codepipeline.delete_pipeline(name=name)
    lab.say(f"Deleted the pipeline {name}")


def _mended(lab: Lab, found: dict[str, Any]) -> dict[str, Any]:
    """The pipeline with its Source and Build as they should be, and its later stages kept."""
    if holds(lab, check_the_source_is_the_branch, check_the_build_takes_the_source, check_nothing_polls):
        return found
    own = blueprint.pipeline(lab)["stages"]
    later = [stage for stage in found["stages"][1:] if stage["name"] != "Build"]
    return {**found, "stages": [*own, *later]}


def check_the_pipeline_is_there(lab: Lab) -> str:
    """Your pipeline is there, under a role that trusts CodePipeline."""
    if not look.pipeline_if_any(lab):
        raise NotYet(f"There is no pipeline {lab.name('pipeline')}.", hint=_making(lab))
    declared = look.pipeline(lab)
    role = declared["roleArn"].rsplit("/", 1)[-1]
    return f"{declared['name']}, version {declared['version']}, under {role}"


def check_the_source_is_the_branch(lab: Lab) -> str:
    """It begins with the branch of your repository."""
    source = _source(lab)
    settings = source.settings
    place = (settings.get("RepositoryName"), settings.get("BranchName"))
    if not source.is_a("Source", "CodeCommit") or place != (lab.repository, lab.branch):
        raise NotYet(
            f"{source.name} takes {place[1]} of {place[0]}.",
            hint=(
                "Which repository and which branch are to be delivered? You chose them in “Define the"
                " source”.",
                f"Set its action Source to CodeCommit, {lab.repository}, {lab.branch}, and save.",
            ),
        )
    return f"{source.name}: {lab.repository}, {lab.branch} → {', '.join(source.outputs)}"


def check_the_build_takes_the_source(lab: Lab) -> str:
    """Then your project builds what the source handed over, and hands on what it built."""
    source, build = _source(lab), look.build_action(lab, look.pipeline(lab))
    if not set(build.inputs) & set(source.outputs):
        raise NotYet(
            f"{build.name} takes {', '.join(build.inputs) or 'nothing'}.",
            hint=(
                "Artifacts are how stages hang together: what one hands on, the next takes in.",
                f"Its input artifact has to be {', '.join(source.outputs)}.",
            ),
        )
    if not build.outputs:
        raise NotYet(
            f"{build.name} hands on nothing.",
            hint=(
                "What is built has to get to the stages after it, and only artifacts do.",
                f"Give {build.name} the output artifact BuildArtifact, and save.",
            ),
        )
    return f"{build.name}: {', '.join(build.inputs)} → {', '.join(build.outputs)}"


def check_nothing_polls(lab: Lab) -> str:
    """It does not poll: an omitted PollForSourceChanges would mean polling."""
    polls = _source(lab).settings.get("PollForSourceChanges", "true (left out)")
    if polls.lower() != "false":
        raise NotYet(
            f"PollForSourceChanges is {polls}.",
            hint=(
                "Polling and an event together start every commit twice.",
                f"Set PollForSourceChanges of {_source(lab).name} to “false”, as a text, and save.",
            ),
        )
    return "PollForSourceChanges is false"


def check_an_event_starts_it(lab: Lab) -> str:
    """A rule of EventBridge starts it on a commit to the branch."""
    rule, target = _rule(lab)
    role = target.get("RoleArn")
    if not role:
        raise NotYet(
            f"{rule}: its target has no role.",
            hint=(
                "EventBridge starts the pipeline for you, and for that it needs a role to act as.",
                f"The role belongs on the target: give {lab.rule_role} as its RoleArn in `aws events"
                f" put-targets --rule {rule}`.",
            ),
        )
    arn = lab.arn("codepipeline", lab.name("pipeline"))
    verdict = permission.may(lab, role, "codepipeline:StartPipelineExecution", arn)
    trusted = look.trusted_services(look.role(lab, role.rsplit("/", 1)[-1]))
    if not verdict.allowed or "events.amazonaws.com" not in trusted:
        raise NotYet(
            f"{rule} acts as {role.rsplit('/', 1)[-1]}, which may not start the pipeline.",
            hint=(
                "A role has two sides, here too: whom it trusts, and what it may do.",
                "It has to trust events.amazonaws.com and allow codepipeline:StartPipelineExecution.",
                f"{lab.rule_role} with the policy {lab.rule_policy} does both: the page shows how.",
            ),
        )
    return f"{rule} starts it as {role.rsplit('/', 1)[-1]}"


def _making(lab: Lab) -> tuple[str, ...]:
    name = lab.name("pipeline")
    return (
        "Of what the page makes, what starts the pipeline on a commit, and what is the pipeline itself?",
        f"Has it another name? `aws codepipeline list-pipelines` lists yours; it should be {name}.",
        "First the rule and its role, then the pipeline: `aws codepipeline create-pipeline"
        " --cli-input-json file://pipeline.json`.",
    )


def _source(lab: Lab) -> look.Placed:
    return look.actions(look.pipeline(lab))[0]


def _rule(lab: Lab) -> tuple[str, dict[str, Any]]:
    """The rule that would start this pipeline on a commit, with its target."""
    events = lab.client("events")
    arn = lab.arn("codepipeline", lab.name("pipeline"))
    names = events.list_rule_names_by_target(TargetArn=arn)["RuleNames"]
    for name in names:
        rule = events.describe_rule(Name=name)
        if rule["State"] == "ENABLED" and _matches(lab, rule.get("EventPattern", "")):
            targets = events.list_targets_by_rule(Rule=name)["Targets"]
            return name, next(target for target in targets if target["Arn"] == arn)
    raise NotYet(
        f"{', '.join(names)} would not fire on a commit." if names else "No rule has it as target.",
        hint=(
            f"What starts it when {lab.branch} of {lab.repository} moves? A rule that waits for just that.",
            "Make the rule as shown: PutRule with the pattern, then PutTargets with pipeline and role.",
            f"Compare: `aws events describe-rule --name {blueprint.rule_name(lab)}` shows whether it is"
            " ENABLED and what it waits for.",
        ),
    )


def _matches(lab: Lab, pattern: str) -> bool:
    """Whether a commit to the branch would match: EventBridge itself is asked."""
    if not pattern:
        return False
    answer = lab.client("events").test_event_pattern(
        EventPattern=pattern, Event=json.dumps(_commit_event(lab))
    )
    return bool(answer["Result"])


def _commit_event(lab: Lab) -> dict[str, Any]:
    return {
        "version": "0",
        "id": "00000000-0000-0000-0000-000000000000",
        "detail-type": "CodeCommit Repository State Change",
        "source": "aws.codecommit",
        "account": lab.account,
        "time": "2026-01-01T00:00:00Z",
        "region": lab.region,
        "resources": [lab.arn("codecommit", lab.repository)],
        "detail": {
            "event": "referenceUpdated",
            "repositoryName": lab.repository,
            "referenceType": "branch",
            "referenceName": lab.branch,
            "referenceFullName": f"refs/heads/{lab.branch}",
            "commitId": "0" * 40,
        },
    }
