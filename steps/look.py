"""Lookups that several steps share; each says what is missing, once, for every step that needs it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from workshop.lab import Lab, Refused, code_of
from workshop.step import NotYet

Declared = dict[str, Any]

OLDEST = 500


@dataclass(frozen=True)
class Placed:
    """An action with the stage it stands in, counted from 0."""

    stage: str
    place: int
    declared: Declared

    @property
    def name(self) -> str:
        return str(self.declared["name"])

    @property
    def order(self) -> int:
        return int(self.declared.get("runOrder", 1))

    @property
    def settings(self) -> dict[str, str]:
        return dict(self.declared.get("configuration", {}))

    @property
    def inputs(self) -> list[str]:
        return [artifact["name"] for artifact in self.declared.get("inputArtifacts", [])]

    @property
    def outputs(self) -> list[str]:
        return [artifact["name"] for artifact in self.declared.get("outputArtifacts", [])]

    def is_a(self, category: str, provider: str = "") -> bool:
        """Whether it is of this kind ("Build", "CodeBuild")."""
        kind = self.declared["actionTypeId"]
        return kind["category"] == category and provider in ("", kind["provider"])


def project(lab: Lab) -> Declared:
    """The attendee's build project, as BatchGetProjects shows it."""
    name = lab.name("build")
    found = lab.client("codebuild").batch_get_projects(names=[name])["projects"]
    if not found:
        raise NotYet(
            f"There is no build project {name}.",
            hint=(
                "Make it in “Define the build”.",
                f"Has it another name? `aws codebuild list-projects` lists yours; it should be {name}.",
            ),
        )
    return dict(found[0])


def project_if_any(lab: Lab) -> Declared | None:
    """The attendee's build project, or None where there is none."""
    try:
        return project(lab)
    except NotYet:
        return None


def build_role(lab: Lab) -> str:
    """The name of the role the build runs under."""
    arn = project(lab).get("serviceRole")
    if not arn:
        raise NotYet(
            f"{lab.name('build')} has no service role.",
            hint=(
                "A build may do only what its role may do, so it needs one.",
                f"Give it {lab.build_role}: `aws codebuild update-project --name {lab.name('build')}"
                f" --service-role {lab.arn('iam', f'role/service-role/{lab.build_role}')}`.",
            ),
        )
    return str(arn).rsplit("/", 1)[-1]


def role(lab: Lab, name: str) -> Declared:
    """A role as GetRole shows it."""
    iam = lab.client("iam")
    try:
        return dict(iam.get_role(RoleName=name)["Role"])
    except iam.exceptions.NoSuchEntityException:
        raise NotYet(
            f"There is no role {name}.",
            hint=(
                "Is the name spelled right? `aws iam list-roles --query 'Roles[].RoleName'` lists all.",
                _whence(lab, name),
            ),
        ) from None


def _whence(lab: Lab, name: str) -> str:
    """Who makes a role that is missing."""
    made = {lab.build_role: "Define the build", lab.rule_role: "Review and create"}
    if name in made:
        return f"{name} is made in “{made[name]}”: do that step again."
    if name in (lab.pipeline_role, lab.deploy_role, lab.role):
        return f"{name} was prepared for you and has been deleted: ask for help."
    return f"Make {name} again, or name another role where {name} is named."


def trusted_services(declared: Declared) -> list[str]:
    """The services that a role trusts: "codebuild.amazonaws.com"."""
    document = declared["AssumeRolePolicyDocument"]
    services: list[str] = []
    for statement in _listed(document.get("Statement", [])):
        principal = statement.get("Principal", {})
        if statement.get("Effect") == "Allow" and isinstance(principal, dict):
            services += _listed(principal.get("Service", []))
    return services


def policies_on(lab: Lab, name: str) -> list[str]:
    """The names of all policies on a role, attached and inline."""
    iam = lab.client("iam")
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    inline = iam.list_role_policies(RoleName=name)["PolicyNames"]
    return [policy["PolicyName"] for policy in attached] + list(inline)


def pipeline(lab: Lab) -> Declared:
    """The attendee's pipeline as GetPipeline shows it."""
    name = lab.name("pipeline")
    codepipeline = lab.client("codepipeline")
    try:
        return dict(codepipeline.get_pipeline(name=name)["pipeline"])
    except codepipeline.exceptions.PipelineNotFoundException:
        raise no_pipeline(lab) from None


def no_pipeline(lab: Lab) -> NotYet:
    """What to say where the pipeline is missing."""
    name = lab.name("pipeline")
    return NotYet(
        f"There is no pipeline {name}.",
        hint=(
            "Create it in “Review and create”.",
            f"Has it another name? `aws codepipeline list-pipelines` lists yours; it should be {name}.",
        ),
    )


def release(lab: Lab) -> str:
    """How to start a run on the command line, as the end of a hint."""
    return f"`aws codepipeline start-pipeline-execution --name {lab.name('pipeline')}`"


def pipeline_if_any(lab: Lab) -> Declared | None:
    """The attendee's pipeline, or None where there is none."""
    try:
        return pipeline(lab)
    except NotYet:
        return None


def actions(declared: Declared) -> list[Placed]:
    """All actions of a pipeline, stage by stage."""
    return [
        Placed(stage["name"], place, action)
        for place, stage in enumerate(declared["stages"])
        for action in stage["actions"]
    ]


def build_action(lab: Lab, declared: Declared) -> Placed:
    """The action that runs the attendee's own project."""
    builds = [action for action in actions(declared) if action.is_a("Build", "CodeBuild")]
    own = [action for action in builds if action.settings.get("ProjectName") == lab.name("build")]
    if own:
        return own[0]
    others = ", ".join(action.settings.get("ProjectName", "?") for action in builds)
    raise NotYet(
        f"The pipeline builds {others}." if others else "The pipeline has no CodeBuild action.",
        hint=(
            "Which project does its stage Build run, and is that yours?",
            f"Its action Build has to run the project {lab.name('build')}: set ProjectName, and save.",
        ),
    )


def mode_actions(declared: Declared, mode: str) -> list[Placed]:
    """The CloudFormation actions of this mode."""
    return [
        action
        for action in actions(declared)
        if action.is_a("Deploy", "CloudFormation") and action.settings.get("ActionMode") == mode
    ]


def tip(lab: Lab) -> str:
    """The newest commit of the branch."""
    try:
        answer = lab.client("codecommit").get_branch(repositoryName=lab.repository, branchName=lab.branch)
    except Refused as error:
        raise _unreadable(lab, error) from None
    return str(answer["branch"]["commitId"])


def _unreadable(lab: Lab, error: Exception) -> Exception:
    code = code_of(error)
    if code == "RepositoryDoesNotExistException":
        return NotYet(
            f"There is no repository {lab.repository}.",
            hint=(
                "Ask for help: it is prepared.",
                f"`aws codecommit list-repositories` lists those in {lab.region}: if {lab.repository} is"
                " not there, it has been deleted.",
            ),
        )
    if code == "BranchDoesNotExistException":
        return NotYet(
            f"{lab.repository} has no branch {lab.branch}.",
            hint=(
                f"Push the branch {lab.branch} again.",
                f"In your clone: `git push origin {lab.branch}`. Without one: `aws codecommit create-branch"
                f" --repository-name {lab.repository} --branch-name {lab.branch} --commit-id` and a commit.",
            ),
        )
    return error


def commit(lab: Lab, sha: str) -> Declared:
    """A commit as GetCommit shows it."""
    answer = lab.client("codecommit").get_commit(repositoryName=lab.repository, commitId=sha)
    return dict(answer["commit"])


def first_commit(lab: Lab, sha: str) -> str:
    """The commit that everything began with, by way of first parents."""
    for _ in range(OLDEST):
        parents = commit(lab, sha)["parents"]
        if not parents:
            return sha
        sha = parents[0]
    return sha


def file(lab: Lab, sha: str, path: str) -> str:
    """The text of a file at a commit."""
    codecommit = lab.client("codecommit")
    try:
        answer = codecommit.get_file(repositoryName=lab.repository, commitSpecifier=sha, filePath=path)
    except codecommit.exceptions.FileDoesNotExistException:
        raise NotYet(f"{path} is not in {lab.repository} at {sha[:7]}.", hint=put_back(lab, path)) from None
    return str(answer["fileContent"].decode("utf-8", "replace"))


def put_back(lab: Lab, path: str) -> tuple[str, ...]:
    """How to get a file back that was there at first."""
    return (
        f"Put {path} back and commit.",
        f"The history has it: `git log -- {path}` in your clone names the commit that took it away.",
        f"`git checkout COMMIT~1 -- {path}` with that commit, then commit and push to {lab.branch}.",
    )


def greeting(lab: Lab, sha: str) -> str:
    """The page's greeting at a commit: the first line of greeting.txt."""
    return file(lab, sha, "greeting.txt").split("\n")[0].strip()


def stack(lab: Lab) -> Declared:
    """The attendee's stack as DescribeStacks shows it."""
    name = lab.name("stack")
    try:
        return dict(lab.client("cloudformation").describe_stacks(StackName=name)["Stacks"][0])
    except Refused as error:
        if code_of(error) != "ValidationError":
            raise
        raise NotYet(
            f"There is no stack {name}.",
            hint=(
                "The pipeline's Deploy stage makes it when it runs.",
                f"Let a run go through all stages: {release(lab)}.",
            ),
        ) from None


def stack_if_any(lab: Lab) -> Declared | None:
    """The attendee's stack, or None where there is none."""
    try:
        return stack(lab)
    except NotYet:
        return None


def resources(lab: Lab) -> list[Declared]:
    """What the stack consists of, as DescribeStackResources shows it."""
    answer = lab.client("cloudformation").describe_stack_resources(StackName=lab.name("stack"))
    return list(answer["StackResources"])


def url(lab: Lab) -> str:
    """Where the application answers: the endpoint of the API in the stack."""
    stack(lab)
    for resource in resources(lab):
        if resource["ResourceType"] == "AWS::ApiGatewayV2::Api":
            api = lab.client("apigatewayv2").get_api(ApiId=resource["PhysicalResourceId"])
            return str(api["ApiEndpoint"])
    outputs = stack(lab).get("Outputs", [])
    for output in outputs:
        if str(output["OutputValue"]).startswith("http"):
            return str(output["OutputValue"])
    raise NotYet(
        f"{lab.name('stack')} has no API and no output with a URL.",
        hint=(
            "Has template.yaml still its HttpApi event and its output Url?",
            f"`aws cloudformation describe-stack-resources --stack-name {lab.name('stack')}"
            " --query 'StackResources[].ResourceType'` should name AWS::ApiGatewayV2::Api.",
            "Put the event HttpApi back under the function's Events, commit, and let the run go through.",
        ),
    )


def _listed(value: Any) -> list[Any]:
    """IAM writes one thing without a list around it."""
    return list(value) if isinstance(value, Iterable) and not isinstance(value, str | dict) else [value]
