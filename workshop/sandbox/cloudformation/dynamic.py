"""Dynamic references: ``{{resolve:ssm:…}}`` and ``{{resolve:secretsmanager:…}}`` in properties."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from .template import TemplateError

REFERENCE = re.compile(r"\{\{resolve:(ssm|ssm-secure|secretsmanager):([^}]+)\}\}")


def with_stored_values(value: Any, client: Callable[[str], Any]) -> Any:
    """`value` with every dynamic reference read, as the stack's role or caller."""
    if isinstance(value, dict):
        return {key: with_stored_values(item, client) for key, item in value.items()}
    if isinstance(value, list):
        return [with_stored_values(item, client) for item in value]
    if isinstance(value, str) and "{{resolve:" in value:
        return REFERENCE.sub(lambda match: _read(match.group(1), match.group(2), client), value)
    return value


def _read(service: str, reference: str, client: Callable[[str], Any]) -> str:
    if service == "secretsmanager":
        return _secret(reference, client)
    found: str = client("ssm").get_parameter(Name=reference, WithDecryption=service == "ssm-secure")[
        "Parameter"
    ]["Value"]
    return found


def _secret(reference: str, client: Callable[[str], Any]) -> str:
    """``id:SecretString:key:stage:version``; the id may be an ARN, which has colons itself."""
    arn = re.match(r"arn:[^:]*:secretsmanager:[^:]*:[^:]*:secret:[^:]+", reference)
    secret = arn.group(0) if arn else reference.split(":")[0]
    parts = reference[len(secret) + 1 :].split(":")
    wanted = {
        "VersionStage": parts[2] if len(parts) > 2 else "",
        "VersionId": parts[3] if len(parts) > 3 else "",
    }
    given = {key: item for key, item in wanted.items() if item}
    text: str = client("secretsmanager").get_secret_value(SecretId=secret, **given)["SecretString"]
    key = parts[1] if len(parts) > 1 else ""
    if not key:
        return text
    try:
        return str(json.loads(text)[key])
    except (KeyError, ValueError, TypeError):
        raise TemplateError(
            f"Could not find a value associated with JSONKey in SecretString ({key})"
        ) from None
