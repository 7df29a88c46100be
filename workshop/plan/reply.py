"""Makes up what AWS would have answered to a call that is only planned.

Taken from the output's model: what the request says is repeated, ARNs follow AWS's naming rules,
ids are fresh, and what nobody knows stays empty.
"""

import json
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

Given = Mapping[str, Any]
Arn = Callable[[str, str], str]

DEEPEST = 6
SHA_DIGITS = 40
# How an ARN names its resource, where that is not "kind/name" (AWS: Service Authorization Reference).
NAMED_BY_COLON = {"lambda", "logs"}
NAMED_ALONE = {"codepipeline", "codecommit", "s3", "sns", "sqs"}


def reply(model: Any, given: Given, arn: Arn) -> dict[str, Any]:
    """An answer in the shape of the operation's output, as boto3 would show it.

    `given` is what was asked for, and what is known of it; `arn(service, resource)` writes an ARN.
    """
    if model.output_shape is None:
        return {}
    known = _flat(given)
    service = model.service_model.service_name
    found: dict[str, Any] = _Maker(service, arn).structure(model.output_shape, known, "", 0)
    return found | {"ResponseMetadata": {"HTTPStatusCode": 200, "HTTPHeaders": {}, "RetryAttempts": 0}}


def _flat(given: Given) -> dict[str, Any]:
    """What is given by its name in small letters; what stands deeper gives way."""
    flat: dict[str, Any] = {}
    for value in given.values():
        if isinstance(value, dict):
            flat |= _flat(value)
    return flat | {name.lower(): value for name, value in given.items()}


class _Maker:
    """Fills one reply."""

    def __init__(self, service: str, arn: Arn) -> None:
        self._service = service
        self._arn = arn

    def structure(self, shape: Any, known: dict[str, Any], kind: str, depth: int) -> dict[str, Any]:
        if depth > DEEPEST:
            return {}
        return {
            name: self._member(member, name, known, kind, depth + 1) for name, member in shape.members.items()
        }

    def _member(self, shape: Any, name: str, known: dict[str, Any], kind: str, depth: int) -> Any:
        given = known.get(name.lower())
        if shape.type_name == "structure":
            inner = known | _flat(given) if isinstance(given, dict) else known
            return self.structure(shape, inner, name, depth)
        if given is not None:
            return _parsed(name, given)
        return self._unknown(shape, name, known, kind)

    def _unknown(self, shape: Any, name: str, known: dict[str, Any], kind: str) -> Any:
        if shape.type_name == "string":
            return self._word(shape, name, known, kind)
        if shape.type_name == "timestamp":
            return datetime.now(UTC)
        empty = {"list": [], "map": {}, "blob": b"", "boolean": False}
        return empty.get(shape.type_name, 0)

    def _word(self, shape: Any, name: str, known: dict[str, Any], kind: str) -> str:
        small = name.lower()
        if small.endswith("arn"):
            return self._arn(self._service, self._resource(small.removesuffix("arn") or kind.lower(), known))
        if small == "commitid":
            return (uuid.uuid4().hex * 2)[:SHA_DIGITS]
        if small.endswith("id"):
            return str(uuid.uuid4())
        return str(shape.enum[0]) if getattr(shape, "enum", None) else ""

    def _resource(self, kind: str, known: dict[str, Any]) -> str:
        name = str(known.get(f"{kind}name") or known.get("name") or "")
        if self._service in NAMED_ALONE:
            return name
        if self._service in NAMED_BY_COLON:
            return f"{kind}:{name}"
        return f"{kind}{known.get('path') or '/'}{name}"


def _parsed(name: str, given: Any) -> Any:
    """IAM takes policies as text and boto3 shows them as what they say."""
    return json.loads(given) if name.endswith("PolicyDocument") and isinstance(given, str) else given
