"""Deep links into the AWS console, to the very object."""

from urllib.parse import quote

CODE = "https://{r}.console.aws.amazon.com/codesuite"
HOME = "https://{r}.console.aws.amazon.com"
IAM = "https://us-east-1.console.aws.amazon.com/iam/home?region={r}#"
SWITCH = "https://signin.aws.amazon.com/switchrole"

# What a page may link to; {0}, {1} are the names given with it, URL-encoded.
LINKS = {
    "switch-role": SWITCH + "?account={a}&roleName={0}&displayName={1}",
    "home": HOME + "/console/home?region={r}",
    "pipelines": CODE + "/codepipeline/pipelines?region={r}",
    "new-pipeline": CODE + "/codepipeline/pipeline/new?region={r}",
    "pipeline": CODE + "/codepipeline/pipelines/{0}/view?region={r}",
    "edit-pipeline": CODE + "/codepipeline/pipelines/{0}/edit?region={r}",
    "execution": CODE + "/codepipeline/pipelines/{0}/executions/{1}/timeline?region={r}",
    "project": CODE + "/codebuild/{a}/projects/{0}/history?region={r}",
    "new-project": CODE + "/codebuild/project/new?region={r}",
    "build-log": CODE + "/codebuild/{a}/projects/{0}/build/{1}/log?region={r}",
    "repository": CODE + "/codecommit/repositories/{0}/browse/refs/heads/{1}?region={r}",
    "commit": CODE + "/codecommit/repositories/{0}/commit/{1}?region={r}",
    "stacks": HOME + "/cloudformation/home?region={r}#/stacks?filteringText={0}",
    "stack": HOME + "/cloudformation/home?region={r}#/stacks/stackinfo?stackId={0}",
    "function": HOME + "/lambda/home?region={r}#/functions/{0}?tab=code",
    "rules": HOME + "/events/home?region={r}#/rules",
    "role": IAM + "/roles/details/{0}?section=permissions",
    "bucket": HOME + "/s3/buckets/{0}?region={r}",
}


def link(account: str, region: str, thing: str, *names: str) -> str:
    """The console's address of a thing; KeyError for a thing that is not in the table."""
    return LINKS[thing].format(*(quote(name, safe="") for name in names), a=account, r=region)
