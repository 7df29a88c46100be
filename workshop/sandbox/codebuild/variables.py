"""Which environment variables a build has, and where their values come from.

Source: AWS CodeBuild User Guide, "Environment variables in build environments": those of
StartBuild win over the project's, the project's over the buildspec's.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from workshop.sandbox.codebuild.buildspec import Buildspec
from workshop.sandbox.codebuild.failure import PhaseFailed, words

PLAIN, PARAMETER, SECRET = "PLAINTEXT", "PARAMETER_STORE", "SECRETS_MANAGER"
REFUSED = {PARAMETER: "DECRYPTED_VARIABLES_ERROR", SECRET: "Secrets Manager Error"}


@dataclass(frozen=True)
class Variable:
    """A variable; `value` is its text, or where to find it (`type`)."""

    name: str
    value: str
    type: str = PLAIN


def merged(spec: Buildspec, given: Iterable[Mapping[str, str]]) -> list[Variable]:
    """The buildspec's variables and, over them, those given by project and StartBuild."""
    found = {name: Variable(name, value) for name, value in spec.variables.items()}
    found |= {name: Variable(name, value, PARAMETER) for name, value in spec.parameters.items()}
    found |= {name: Variable(name, value, SECRET) for name, value in spec.secrets.items()}
    found |= {one["name"]: Variable(one["name"], one["value"], one.get("type", PLAIN)) for one in given}
    return list(found.values())


def override(base: Iterable[dict[str, Any]], over: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """environmentVariables with some of them replaced or added."""
    return list({one["name"]: one for one in [*base, *over]}.values())


def resolve(variable: Variable, ssm: Any, secrets: Any) -> str:
    """The variable's value, fetched with the build's own permissions.  PhaseFailed."""
    try:
        if variable.type == PARAMETER:
            return _parameter(variable.value, ssm)
        return _secret(variable.value, secrets) if variable.type == SECRET else variable.value
    except ClientError as error:
        raise PhaseFailed(REFUSED[variable.type], words(error)) from None


def exportable(spec: Buildspec, variables: Iterable[Variable]) -> list[str]:
    """The exported variables' names; secrets and AWS_ variables never leave a build."""
    secret = {one.name for one in variables if one.type != PLAIN}
    return [
        name
        for name in spec.exported
        if name.isidentifier() and not name.startswith("AWS_") and name not in secret
    ]


def _parameter(name: str, ssm: Any) -> str:
    answer = ssm.get_parameters(Names=[name], WithDecryption=True)
    if not answer["Parameters"]:
        raise PhaseFailed(REFUSED[PARAMETER], f"parameter does not exist: {name}")
    return str(answer["Parameters"][0]["Value"])


def _secret(reference: str, secrets: Any) -> str:
    secret, key, stage, version = secret_parts(reference)
    wanted = {"SecretId": secret}
    wanted |= {"VersionStage": stage} if stage else {}
    wanted |= {"VersionId": version} if version else {}
    text = str(secrets.get_secret_value(**wanted)["SecretString"])
    if not key:
        return text
    try:
        value = json.loads(text)[key]
    except (ValueError, KeyError, TypeError):
        raise PhaseFailed(REFUSED[SECRET], f"key {key} does not exist in secret {secret}") from None
    return value if isinstance(value, str) else json.dumps(value)


def secret_parts(reference: str) -> tuple[str, str, str, str]:
    """secret id, JSON key, version stage and version id of `secret-id:key:stage:version`."""
    parts = reference.split(":")
    length = 7 if reference.startswith("arn:") else 1
    key, stage, version = [*parts[length:], "", "", ""][:3]
    return ":".join(parts[:length]), key, stage, version
