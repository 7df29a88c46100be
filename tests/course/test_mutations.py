"""What an attendee may break turns the right phase red, and AWS's words say what it was."""

import json

import pytest

from steps import (
    blueprint,
    commit_a_change,
    define_the_build,
    fix_the_build,
    look,
    run,
    verify_the_deployment,
)
from tests.conftest import Account
from tests.course.hints import gap
from workshop.lab import Lab


def commit(lab: Lab, path: str, content: str | None) -> None:
    """One file changed, or taken away."""
    change = (
        {"deleteFiles": [{"filePath": path}]}
        if content is None
        else {"putFiles": [{"filePath": path, "fileContent": content.encode()}]}
    )
    lab.client("codecommit").create_commit(
        repositoryName=lab.repository,
        branchName=lab.branch,
        parentCommitId=look.tip(lab),
        commitMessage=f"Change {path}",
        **change,
    )


def deliver(lab: Lab, **settings: str | None) -> list[run.Acted]:
    """Make the complete pipeline, its change-set action with these settings, and let it run once."""
    create = blueprint.create_change_set(lab)
    for key, value in settings.items():
        create["configuration"].pop(key)
        if value:
            create["configuration"][key] = value
    execute = blueprint.execute_change_set(lab, lab.name("changes"), 2)
    declared = blueprint.pipeline(lab)
    declared["stages"].append({"name": "Deploy", "actions": [create, execute]})
    lab.client("codepipeline").create_pipeline(pipeline=declared)
    run.wait_until_over(lab)
    return run.acted(lab)


def ready(lab: Lab) -> None:
    """A build project that may write its package."""
    define_the_build.do(lab)
    fix_the_build.do(lab)


def replaced(lab: Lab, path: str, old: str, new: str) -> str:
    """The file's text with one thing changed."""
    text = look.file(lab, look.tip(lab), path)
    assert old in text
    return text.replace(old, new)


def red(happened: list[run.Acted]) -> run.Acted:
    """The one action that failed."""
    (failed,) = [one for one in happened if one.status == "Failed"]
    return failed


@pytest.mark.parametrize(
    ("path", "old", "new", "words"),
    [
        ("buildspec.yml", "phases:", "phases: [", ["DOWNLOAD_SOURCE", "YAML_FILE_ERROR"]),
        ("buildspec.yml", "- npm test", '- npm: "test"', ["YAML_FILE_ERROR", "Expected Commands[0]"]),
        ("buildspec.yml", "npm ci", "npm cj", ["INSTALL", "COMMAND_EXECUTION_ERROR", "npm cj"]),
        ("buildspec.yml", "    - outputtemplate.yml", "    - other", ["no matching artifact paths found"]),
        ("greeting.txt", "Hello, serverless world!", "", ["PRE_BUILD", "npm test", "exit status 1"]),
        ("src/app.js", "const app", "const const app", ["PRE_BUILD", "npm test"]),
        ("template.yaml", "Resources:", "Resources: [", ["BUILD", "aws cloudformation package"]),
    ],
)
def test_broken_source_fails_its_phase_of_the_build(
    lab: Lab, path: str, old: str, new: str, words: list[str]
) -> None:
    ready(lab)
    commit(lab, path, replaced(lab, path, old, new))
    failed = red(deliver(lab))
    assert failed.stage == "Build"
    assert [word for word in words if word not in failed.error] == []


def test_without_a_buildspec_the_build_says_which_file_it_misses(lab: Lab) -> None:
    ready(lab)
    commit(lab, "buildspec.yml", None)
    failed = red(deliver(lab))
    assert failed.stage == "Build"
    assert "buildspec.yml: no such file or directory" in failed.error


def test_an_unknown_type_fails_the_deployment(lab: Lab) -> None:
    ready(lab)
    more = "  Extra:\n    Type: AWS::Nope::Thing\n\nOutputs:"
    commit(lab, "template.yaml", replaced(lab, "template.yaml", "Outputs:", more))
    failed = red(deliver(lab))
    assert (failed.stage, failed.action) == ("Deploy", "CreateChangeSet")
    assert "AWS::Nope::Thing" in failed.error


def test_without_capabilities_cloudformation_names_them(lab: Lab) -> None:
    ready(lab)
    failed = red(deliver(lab, Capabilities=None))
    assert failed.action == "CreateChangeSet"
    assert "Requires capabilities : [CAPABILITY_IAM]" in failed.error


def test_a_deny_on_the_bucket_wins_and_the_check_says_so(lab: Lab) -> None:
    ready(lab)
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"{lab.arn('s3', lab.packages)}/*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [deny]})
    lab.client("s3").put_bucket_policy(Bucket=lab.packages, Policy=policy)
    assert "explicitly denied" in gap(fix_the_build.check_the_role_may_write, lab).saw
    assert "aws cloudformation package" in red(deliver(lab)).error


def test_a_role_that_may_not_make_functions_rolls_the_stack_back(lab: Lab, account: Account) -> None:
    ready(lab)
    account.client("iam").put_role_policy(
        RoleName=lab.deploy_role,
        PolicyName="no-functions",
        PolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Deny", "Action": "lambda:CreateFunction", "Resource": "*"}],
            }
        ),
    )
    failed = red(deliver(lab))
    assert (failed.stage, failed.action) == ("Deploy", "ExecuteChangeSet")
    assert look.stack(lab)["StackStatus"] == "ROLLBACK_COMPLETE"


def test_a_pipeline_role_that_may_not_read_the_repository_fails_in_source(lab: Lab, account: Account) -> None:
    ready(lab)
    account.client("iam").put_role_policy(
        RoleName=lab.pipeline_role,
        PolicyName="no-source",
        PolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Deny", "Action": "codecommit:*", "Resource": "*"}],
            }
        ),
    )
    failed = red(deliver(lab))
    assert failed.stage == "Source"
    assert "Could not access the CodeCommit repository pg23repo" in failed.error


def test_a_page_that_breaks_when_it_runs_shows_up_where_it_is_looked_at(lab: Lab) -> None:
    ready(lab)
    broken = "throw new Error('out of order');\n"
    commit(lab, "test/lambda.test.js", None)
    commit(lab, "src/lambda.js", broken)
    assert all(one.succeeded for one in deliver(lab))
    assert "answered 500" in gap(verify_the_deployment.check_the_page_answers, lab).saw


def test_a_commit_that_keeps_the_greeting_is_not_the_change(lab: Lab) -> None:
    commit(lab, "README.md", "Something else\n")
    assert "still says" in gap(commit_a_change.check_the_greeting_is_new, lab).saw
