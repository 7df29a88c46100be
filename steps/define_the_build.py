"""Define the build: a CodeBuild project with a role of its own."""

import re
from typing import Any

from workshop.lab import Lab
from workshop.step import NotYet, holds

from . import blueprint, look, make

# Managed images with a Node.js that is maintained (AWS: "Docker images provided by CodeBuild").
CURRENT = re.compile(
    r"aws/codebuild/(standard:[78]\.0|amazonlinux2?-x86_64-standard:[56]\.0"
    r"|amazonlinux2?-aarch64-standard:[34]\.0)"
)
SERVICE = "codebuild.amazonaws.com"
UPDATE = "`aws codebuild update-project --cli-input-json file://project.json`"


def do(lab: Lab) -> None:
    """Make the role and the project that the console would make."""
    make.service_role(lab, lab.build_role, SERVICE, lab.build_policy, blueprint.build_policy(lab))
    wanted = blueprint.project(lab)
    codebuild = lab.client("codebuild")
    found = codebuild.batch_get_projects(names=[wanted["name"]])["projects"]
    if not found:
        lab.patiently(lambda: codebuild.create_project(**wanted), *make.NOT_KNOWN_YET)
        lab.say(f"Created the project {wanted['name']}")
    elif not _as_wanted(lab):
        lab.patiently(lambda: codebuild.update_project(**_mended(found[0], wanted)), *make.NOT_KNOWN_YET)
        lab.say(f"Brought the project {wanted['name']} up to date")
    else:
        lab.there(f"The project {wanted['name']} is there")


def undo(lab: Lab) -> None:
    """Delete the project, and its role with all that the role was allowed."""
    codebuild, name = lab.client("codebuild"), lab.name("build")
    if codebuild.batch_get_projects(names=[name])["projects"]:
        codebuild.delete_project(name=name)
        lab.say(f"Deleted the project {name}")
    make.drop_service_role(lab, lab.build_role, lab.build_policy)


def _as_wanted(lab: Lab) -> bool:
    return holds(
        lab,
        check_the_project_takes_part_in_a_pipeline,
        check_its_image_has_a_current_node,
        check_the_buildspec_comes_with_the_source,
        check_no_cache_and_no_network,
        check_the_build_knows_the_bucket,
        check_the_build_has_a_role_of_its_own,
    )


def _mended(found: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """What is wanted, with the attendee's other variables kept."""
    others = [
        variable
        for variable in found["environment"].get("environmentVariables", [])
        if variable["name"] != "PACKAGE_BUCKET"
    ]
    environment = dict(wanted["environment"])
    environment["environmentVariables"] = [*environment["environmentVariables"], *others]
    return {**wanted, "environment": environment, "vpcConfig": {}}


def check_the_project_takes_part_in_a_pipeline(lab: Lab) -> str:
    """Your build project is there, its source and artifacts handed over by the pipeline."""
    if not look.project_if_any(lab):
        raise NotYet(f"There is no build project {lab.name('build')}.", hint=_making(lab))
    project = look.project(lab)
    kinds = {"source": project["source"]["type"], "artifacts": project["artifacts"]["type"]}
    other = [f"{part} is {kind}" for part, kind in kinds.items() if kind != "CODEPIPELINE"]
    if other:
        raise NotYet(
            f"{project['name']}: its {' and its '.join(other)}.",
            hint=(
                "Who fetches the source and keeps the package: the project by itself, or the pipeline?",
                f"Both have to be CODEPIPELINE: `aws codebuild update-project --name {project['name']}"
                " --source type=CODEPIPELINE,buildspec=buildspec.yml --artifacts type=CODEPIPELINE`.",
            ),
        )
    return f"{project['name']}: source and artifacts CODEPIPELINE"


def check_its_image_has_a_current_node(lab: Lab) -> str:
    """It runs in a managed image with a current Node.js."""
    image = look.project(lab)["environment"]["image"]
    if not CURRENT.match(image):
        raise NotYet(
            f"Its image is {image}.",
            hint=(
                "Which Node.js a build finds comes with its image, and old images stay as they are.",
                f"Choose a managed image that AWS maintains, {blueprint.IMAGE} for one.",
                f"Write {blueprint.IMAGE} into project.json: {UPDATE}.",
            ),
        )
    return str(image)


def check_the_buildspec_comes_with_the_source(lab: Lab) -> str:
    """It follows the buildspec of the source."""
    buildspec = look.project(lab)["source"].get("buildspec") or "buildspec.yml"
    if "\n" in buildspec or buildspec != "buildspec.yml":
        raise NotYet(
            f"Its buildspec is {buildspec.splitlines()[0][:60]}.",
            hint=(
                "Where should the build's instructions be, so that they change along with the code?",
                "Have it use the buildspec file of the source, buildspec.yml, and none of its own.",
                f"`aws codebuild update-project --name {lab.name('build')} --source"
                " type=CODEPIPELINE,buildspec=buildspec.yml` does that.",
            ),
        )
    return "buildspec.yml in the source"


def check_no_cache_and_no_network(lab: Lab) -> str:
    """It keeps no cache and stands in no VPC."""
    project = look.project(lab)
    cache = project.get("cache", {}).get("type", "NO_CACHE")
    network = project.get("vpcConfig", {}).get("vpcId")
    if cache != "NO_CACHE":
        raise NotYet(f"Its cache is {cache}.", hint=_without_cache(lab))
    if network:
        raise NotYet(f"It stands in {network}.", hint=_without_network(lab, network))
    return "No cache, no VPC"


def _making(lab: Lab) -> tuple[str, ...]:
    return (
        "A project needs a role to run under: which of the two has to be there first?",
        f"Has it another name? `aws codebuild list-projects` lists yours; it should be {lab.name('build')}.",
        f"First its role, {lab.build_role}, then the project: `aws codebuild create-project"
        " --cli-input-json file://project.json`.",
    )


def _without_cache(lab: Lab) -> tuple[str, ...]:
    return (
        "A cache carries something from one build into the next; here each should begin from nothing.",
        f"`aws codebuild update-project --name {lab.name('build')} --cache type=NO_CACHE` turns it off.",
    )


def _without_network(lab: Lab, network: str) -> tuple[str, ...]:
    return (
        "What does the build need out of your own network? In a VPC it needs a NAT gateway to reach npm.",
        f"Take it out of {network}: `aws codebuild update-project --name {lab.name('build')} --vpc-config"
        " '{}'`.",
    )


def check_the_build_knows_the_bucket(lab: Lab) -> str:
    """It knows the bucket for packages, as the variable PACKAGE_BUCKET."""
    variables = look.project(lab)["environment"].get("environmentVariables", [])
    values = {variable["name"]: variable["value"] for variable in variables}
    if values.get("PACKAGE_BUCKET") != lab.packages:
        known = ", ".join(f"{name}={value}" for name, value in values.items())
        raise NotYet(
            f"Its variables are {known}." if known else "It has no variables.",
            hint=(
                "The buildspec puts the package into a bucket that it knows by a variable: which one?",
                f"Add PACKAGE_BUCKET with the value {lab.packages}.",
                f"Under environmentVariables in project.json, then: {UPDATE}.",
            ),
        )
    return f"PACKAGE_BUCKET={lab.packages}"


def check_the_build_has_a_role_of_its_own(lab: Lab) -> str:
    """It runs under a role of its own, which trusts CodeBuild."""
    name = look.build_role(lab)
    trusted = look.trusted_services(look.role(lab, name))
    if SERVICE not in trusted:
        raise NotYet(
            f"{name} trusts {', '.join(trusted) or 'no service'}.",
            hint=(
                "Whom a role trusts decides who may take it on: CodeBuild is not among them.",
                f"Its trust policy has to name {SERVICE}: `aws iam update-assume-role-policy --role-name"
                f" {name} --policy-document file://trust.json`.",
            ),
        )
    return f"{name} trusts {SERVICE}"
