"""A pipeline with a small build, and one run of it a round."""

import json

from steps import blueprint, define_the_build, make, run
from workshop.lab import Lab
from workshop.step import NotYet

from .alone import alone

BUILD = {"version": 0.2, "phases": {"build": {"commands": ["echo built > built.txt"]}}}


def do(lab: Lab) -> None:
    with alone(lab) as number:
        _project(lab)
        codepipeline = lab.client("codepipeline")
        try:
            codepipeline.get_pipeline(name=lab.name("pipeline"))
        except codepipeline.exceptions.PipelineNotFoundException:
            codepipeline.create_pipeline(pipeline=blueprint.pipeline(lab))
            lab.say("Created the pipeline")
        run.wait_until_over(lab)
        token = f"round-{number}-of-the-rough-course"  # AWS starts one run for a token, however often asked
        codepipeline.start_pipeline_execution(name=lab.name("pipeline"), clientRequestToken=token)
        run.wait_until_over(lab)


def _project(lab: Lab) -> None:
    codebuild = lab.client("codebuild")
    role = (lab.build_role, define_the_build.SERVICE, lab.build_policy)
    make.service_role(lab, *role, blueprint.build_policy(lab))
    if codebuild.batch_get_projects(names=[lab.name("build")])["projects"]:
        return
    project = blueprint.project(lab)
    project["source"]["buildspec"] = json.dumps(BUILD)
    lab.patiently(lambda: codebuild.create_project(**project), *make.NOT_KNOWN_YET)
    lab.say("Created the project")


def check_the_newest_run(lab: Lab) -> str:
    """The newest run is over, and a run has succeeded."""
    known = run.runs(lab)
    if not known or known[0].under_way:
        raise NotYet("It is under way.")
    return f"{len(known)} runs, the newest {known[0].status}"
