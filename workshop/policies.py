"""Who may do what in an attendee's account, as IAM policy documents.

Every name begins with the attendee's handle, which is a tag on their session: so the same policy
keeps attendees apart where they share an account. One thing it cannot do there: whoever may write
policies for a role that runs code may do what they write. Sharing an account with strangers needs a
guard above the account (a service control policy).
"""

from typing import Any

from workshop.lab import Lab

Policy = dict[str, Any]

OWN = "${aws:PrincipalTag/handle}"
SAM = "transform/Serverless-2016-10-31"


def document(*statements: Policy) -> Policy:
    """Statements as one policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(actions: str, *resources: str, **condition: Any) -> Policy:
    """Allow "service:A service:B" on resources, with conditions as StringEquals={...}."""
    statement: Policy = {"Effect": "Allow", "Action": actions.split(), "Resource": list(resources)}
    return {**statement, "Condition": condition} if condition else statement


def trust(*services: str) -> Policy:
    """The trust policy of a role that AWS services run under."""
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": list(services)},
        "Action": "sts:AssumeRole",
    }
    return document(statement)


def trust_tagged(user_arn: str) -> Policy:
    """The trust policy of the attendee's role: the workshop's user assumes it and tags it."""
    return document(
        {
            "Effect": "Allow",
            "Principal": {"AWS": user_arn},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
        }
    )


def may_assume(role_arn: str) -> Policy:
    """What the workshop's own user may do: become an attendee, and nothing else."""
    return document(allow("sts:AssumeRole sts:TagSession", role_arn))


def attendee(lab: Lab) -> Policy:
    """What an attendee may do: what the course needs, on things that carry their handle."""
    own = f"{OWN}-{lab.prefix}-*"
    return document(*_own_things(lab, own), *_own_roles(lab, own), *_shared_things(lab), _lists())


def _own_things(lab: Lab, own: str) -> list[Policy]:
    return [
        allow("codepipeline:*", lab.arn("codepipeline", own)),
        allow(
            "codebuild:*",
            lab.arn("codebuild", f"project/{own}"),
            lab.arn("codebuild", f"report-group/{own}"),
        ),
        allow("cloudformation:*", lab.arn("cloudformation", f"stack/{own}")),
        allow("cloudformation:CreateChangeSet", f"arn:aws:cloudformation:{lab.region}:aws:{SAM}"),
        allow("lambda:*", lab.arn("lambda", f"function:{own}")),
        allow(
            "logs:*",
            lab.arn("logs", f"log-group:/aws/codebuild/{own}"),
            lab.arn("logs", f"log-group:/aws/lambda/{own}"),
        ),
        allow(
            "events:*",
            lab.arn("events", "rule/codepipeline-*"),
            lab.arn("events", f"rule/{own}"),
        ),
    ]


def _own_roles(lab: Lab, own: str) -> list[Policy]:
    roles = _roles(lab, own)
    policies = [
        lab.arn("iam", f"policy/service-role/CodeBuildBasePolicy-{own}"),
        lab.arn("iam", f"policy/service-role/start-pipeline-execution-{lab.region}-{own}"),
        lab.arn("iam", f"policy/{own}"),
    ]
    attachable = [*policies, "arn:aws:iam::aws:policy/AmazonS3FullAccess"]
    return [
        allow(
            "iam:CreateRole iam:DeleteRole iam:TagRole iam:UpdateRole iam:UpdateAssumeRolePolicy"
            " iam:PutRolePolicy iam:DeleteRolePolicy",
            *roles,
        ),
        allow(
            "iam:GetRole iam:ListRolePolicies iam:GetRolePolicy iam:ListAttachedRolePolicies"
            " iam:SimulatePrincipalPolicy iam:GetContextKeysForPrincipalPolicy",
            *roles,
            lab.arn("iam", f"role/{lab.prefix}*"),
            lab.arn("iam", f"role/{own}"),
        ),
        allow(
            "iam:CreatePolicy iam:DeletePolicy iam:CreatePolicyVersion iam:DeletePolicyVersion"
            " iam:SetDefaultPolicyVersion iam:ListEntitiesForPolicy",
            *policies,
        ),
        allow("iam:GetPolicy iam:GetPolicyVersion iam:ListPolicyVersions", *attachable),
        allow(
            "iam:AttachRolePolicy iam:DetachRolePolicy",
            *roles,
            ArnLike={"iam:PolicyARN": attachable},
        ),
        allow(
            "iam:PassRole",
            *roles,
            lab.arn("iam", f"role/{lab.pipeline_role}"),
            lab.arn("iam", f"role/{lab.deploy_role}"),
            StringEquals={
                "iam:PassedToService": [
                    "codepipeline.amazonaws.com",
                    "codebuild.amazonaws.com",
                    "events.amazonaws.com",
                    "cloudformation.amazonaws.com",
                ]
            },
        ),
    ]


def _roles(lab: Lab, own: str) -> list[str]:
    """The attendee's own roles, with the path of the console's and without."""
    names = [f"codebuild-{own}", f"cwe-role-{lab.region}-{own}"]
    return [lab.arn("iam", f"role/{path}{name}") for path in ("service-role/", "") for name in names]


def _shared_things(lab: Lab) -> list[Policy]:
    packages, artifacts = lab.arn("s3", lab.packages), lab.arn("s3", lab.artifacts)
    return [
        allow(
            "codecommit:Get* codecommit:List* codecommit:BatchGet* codecommit:BatchDescribe*"
            " codecommit:Describe* codecommit:GitPull codecommit:GitPush codecommit:PutFile"
            " codecommit:DeleteFile codecommit:CreateCommit codecommit:CreateBranch"
            " codecommit:DeleteBranch codecommit:Merge* codecommit:CreatePullRequest"
            " codecommit:UpdatePullRequest*",
            lab.arn("codecommit", lab.repository),
        ),
        allow("s3:Get* s3:List*", packages, f"{packages}/*", artifacts, f"{artifacts}/*"),
        allow("s3:PutBucketPolicy s3:DeleteBucketPolicy", packages),
        allow(
            "apigateway:GET",
            f"arn:aws:apigateway:{lab.region}::/apis*",
            f"arn:aws:apigateway:{lab.region}::/restapis*",
        ),
    ]


def _lists() -> Policy:
    return allow(
        "codepipeline:ListPipelines codepipeline:ListActionTypes codebuild:List*"
        " codecommit:ListRepositories cloudformation:ListStacks cloudformation:ValidateTemplate"
        " events:ListRules events:ListRuleNamesByTarget events:TestEventPattern iam:ListRoles"
        " iam:ListPolicies lambda:ListFunctions s3:ListAllMyBuckets s3:GetBucketLocation"
        " logs:DescribeLogGroups cloudwatch:Get* cloudwatch:List*",
        "*",
    )


def pipeline(lab: Lab) -> Policy:
    """The pipeline's role: the console's default policy, for every action that the course uses."""
    artifacts = lab.arn("s3", lab.artifacts)
    here = {"StringEquals": {"aws:ResourceAccount": lab.account}}
    return document(
        allow("s3:GetBucketVersioning s3:GetBucketAcl s3:GetBucketLocation", artifacts, **here),
        allow(
            "s3:PutObject s3:PutObjectAcl s3:GetObject s3:GetObjectVersion s3:PutObjectTagging"
            " s3:GetObjectTagging s3:GetObjectVersionTagging",
            f"{artifacts}/*",
            **here,
        ),
        allow(
            "codecommit:CancelUploadArchive codecommit:GetBranch codecommit:GetCommit"
            " codecommit:GetRepository codecommit:GetUploadArchiveStatus codecommit:UploadArchive",
            lab.arn("codecommit", lab.repository),
        ),
        allow(
            "codebuild:StartBuild codebuild:BatchGetBuilds codebuild:StartBuildBatch"
            " codebuild:BatchGetBuildBatches",
            lab.arn("codebuild", f"project/*-{lab.prefix}-*"),
        ),
        *_deploying(lab),
    )


def _deploying(lab: Lab) -> list[Policy]:
    return [
        allow(
            "cloudformation:CreateStack cloudformation:UpdateStack cloudformation:DeleteStack"
            " cloudformation:DescribeStacks cloudformation:DescribeStackResources"
            " cloudformation:DescribeStackEvents cloudformation:GetTemplate"
            " cloudformation:DescribeChangeSet cloudformation:CreateChangeSet"
            " cloudformation:DeleteChangeSet cloudformation:ExecuteChangeSet",
            lab.arn("cloudformation", f"stack/*-{lab.prefix}-*"),
        ),
        allow("cloudformation:CreateChangeSet", f"arn:aws:cloudformation:{lab.region}:aws:{SAM}"),
        allow("cloudformation:ValidateTemplate", "*"),
        allow(
            "iam:PassRole",
            lab.arn("iam", f"role/{lab.deploy_role}"),
            StringEquals={"iam:PassedToService": ["cloudformation.amazonaws.com"]},
        ),
    ]


def deploy(lab: Lab) -> Policy:
    """CloudFormation's role: what a SAM stack of the course is made of, and no more."""
    theirs = f"*-{lab.prefix}-*"
    roles = lab.arn("iam", f"role/{theirs}")
    basic = "arn:aws:iam::aws:policy/service-role/AWSLambda*"
    return document(
        allow(
            "iam:CreateRole iam:DeleteRole iam:GetRole iam:TagRole iam:UntagRole iam:UpdateRole"
            " iam:UpdateAssumeRolePolicy iam:PutRolePolicy iam:DeleteRolePolicy iam:GetRolePolicy"
            " iam:ListRolePolicies iam:ListAttachedRolePolicies",
            roles,
        ),
        allow("iam:AttachRolePolicy iam:DetachRolePolicy", roles, ArnLike={"iam:PolicyARN": basic}),
        allow("iam:PassRole", roles, StringEquals={"iam:PassedToService": "lambda.amazonaws.com"}),
        allow("lambda:*", lab.arn("lambda", f"function:{theirs}")),
        allow(
            "logs:CreateLogGroup logs:DeleteLogGroup logs:DescribeLogGroups"
            " logs:PutRetentionPolicy logs:TagResource",
            lab.arn("logs", f"log-group:/aws/lambda/{theirs}"),
        ),
        allow(
            "apigateway:GET apigateway:POST apigateway:PUT apigateway:PATCH apigateway:DELETE"
            " apigateway:TagResource",
            *(
                f"arn:aws:apigateway:{lab.region}::{path}"
                for path in ("/apis", "/apis/*", "/restapis", "/restapis/*", "/tags/*")
            ),
        ),
        allow("s3:GetObject s3:GetObjectVersion", f"{lab.arn('s3', lab.packages)}/*"),
        allow("cloudformation:CreateChangeSet", f"arn:aws:cloudformation:{lab.region}:aws:{SAM}"),
    )
