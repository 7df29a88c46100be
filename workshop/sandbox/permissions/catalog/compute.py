"""Permissions of Lambda and of the services that run it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from workshop.sandbox.call import Call
from workshop.sandbox.permissions.catalog.entry import Catalog, Pass


def _qualified(call: Call) -> Call:
    """The call with its function's name as the ARN has it: whole or partial, and with the qualifier."""
    name = str(call.params.get("FunctionName", ""))
    qualifier = call.params.get("Qualifier")
    if ":function:" in name and not name.startswith("arn:"):
        account, _, rest = name.partition(":function:")
        name = f"arn:aws:lambda:{call.region}:{account.rpartition(':')[2]}:function:{rest}"
    if qualifier and not name.endswith(f":{qualifier}"):
        name = f"{name}:{qualifier}"
    return replace(call, params={**call.params, "FunctionName": name}) if name else call


FUNCTION_ROLE: Final = (Pass("Role", "lambda.amazonaws.com"),)
LAMBDA: Final = Catalog(
    "lambda",
    named_by=(
        "function:{FunctionName}",
        "layer:{LayerName}:{VersionNumber}",
        "layer:{LayerName}",
        "event-source-mapping:{UUID}",
        "code-signing-config:{CodeSigningConfigArn}",
        "{Resource}",
    ),
    actions={
        "Invoke": ("InvokeFunction",),
        "InvokeWithResponseStream": ("InvokeFunction",),
        "InvokeAsync": ("InvokeFunction",),
        "ListLayerVersions": ("ListLayerVersions",),
        "GetLayerVersionByArn": ("GetLayerVersion",),
    },
    resources={
        "ListFunctions": (),
        "ListEventSourceMappings": (),
        "CreateEventSourceMapping": (),
        "GetLayerVersionByArn": ("{Arn}",),
        "AddPermission": ("function:{FunctionName}",),
    },
    keys={
        "lambda:FunctionArn": "FunctionName",
        "lambda:Principal": "Principal",
        "lambda:Layer": "Layers",
        "lambda:FunctionUrlAuthType": "FunctionUrlAuthType",
    },
    passes={"CreateFunction": FUNCTION_ROLE, "UpdateFunctionConfiguration": FUNCTION_ROLE},
    prepare=_qualified,
)

STATES: Final = Catalog(
    "states",
    named_by=("{stateMachineArn}", "{executionArn}", "{activityArn}", "{resourceArn}"),
    resources={
        "CreateStateMachine": ("stateMachine:{name}",),
        "CreateActivity": ("activity:{name}",),
    },
    passes={
        "CreateStateMachine": (Pass("roleArn", "states.amazonaws.com"),),
        "UpdateStateMachine": (Pass("roleArn", "states.amazonaws.com"),),
    },
)

EC2: Final = Catalog(
    "ec2",
    passes={"RunInstances": (Pass("IamInstanceProfile.Arn", "ec2.amazonaws.com"),)},
)

CODEDEPLOY: Final = Catalog(
    "codedeploy",
    resources={
        "CreateApplication": ("application:{applicationName}",),
        "GetApplication": ("application:{applicationName}",),
        "DeleteApplication": ("application:{applicationName}",),
        "CreateDeployment": ("deploymentgroup:{applicationName}/{deploymentGroupName}",),
        "GetDeploymentGroup": ("deploymentgroup:{applicationName}/{deploymentGroupName}",),
        "CreateDeploymentGroup": ("deploymentgroup:{applicationName}/{deploymentGroupName}",),
    },
    passes={
        "CreateDeploymentGroup": (Pass("serviceRoleArn", "codedeploy.amazonaws.com"),),
        "UpdateDeploymentGroup": (Pass("serviceRoleArn", "codedeploy.amazonaws.com"),),
    },
)
