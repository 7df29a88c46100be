"""Choose a service role: whom the pipeline acts as."""

from workshop.lab import Lab
from workshop.step import NotYet, Question

from . import look, permission

SERVICE = "codepipeline.amazonaws.com"


def questions(lab: Lab) -> list[Question]:
    """The role that the pipeline runs under."""
    roles = (lab.deploy_role, lab.pipeline_role, lab.role, lab.build_role)
    return [Question("pipeline-role", "The pipeline's service role", options=roles)]


def do(lab: Lab) -> None:
    """Choose the prepared role."""
    lab.answers["pipeline-role"] = lab.pipeline_role
    lab.say(f"Chose {lab.pipeline_role}")


def undo(lab: Lab) -> None:
    """Forget the role that was chosen."""
    lab.answers.pop("pipeline-role", None)


def check_the_role_trusts_codepipeline(lab: Lab) -> str:
    """You have chosen a role that trusts CodePipeline."""
    chosen = lab.answers.get("pipeline-role", "")
    if not chosen:
        raise NotYet(
            "You have chosen no role yet.",
            hint=(
                "Look at whom each of them trusts.",
                f"You look for the one that trusts {SERVICE}: `aws iam get-role --role-name"
                f" {lab.pipeline_role} --query Role.AssumeRolePolicyDocument` shows it of one of them.",
            ),
        )
    trusted = look.trusted_services(look.role(lab, chosen))
    if SERVICE not in trusted:
        raise NotYet(
            f"{chosen} trusts {', '.join(trusted) or 'no service'}.",
            hint=(
                "A service can only run under a role whose trust policy names that service.",
                f"Not {chosen}, then: take the one that trusts {SERVICE}.",
            ),
        )
    return f"{chosen} trusts {SERVICE}"


def check_the_role_may_do_the_pipelines_work(lab: Lab) -> str:
    """It may fetch the source, start the build and use the bucket for artifacts."""
    arn = look.role(lab, lab.answers["pipeline-role"])["Arn"]
    needed = {
        "codecommit:UploadArchive": lab.arn("codecommit", lab.repository),
        "codebuild:StartBuild": lab.arn("codebuild", f"project/{lab.name('build')}"),
        "s3:PutObject": f"{lab.arn('s3', lab.artifacts)}/source",
    }
    refused = [
        action
        for action, resource in needed.items()
        if not permission.may(lab, arn, action, resource).allowed
    ]
    if refused:
        raise NotYet(
            f"It may not {', '.join(refused)}.",
            hint=(
                "To be trusted is one side of a role: the other is what its policies allow.",
                f"Take {lab.pipeline_role}, which was prepared with these permissions. If they have been"
                " taken from it, ask for help.",
            ),
        )
    return ", ".join(needed)
