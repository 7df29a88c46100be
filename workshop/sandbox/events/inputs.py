"""What a target is given of an event: all of it, a part, a constant, or a template filled in.

Source: EventBridge user guide, "Input transformation".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_STEP = re.compile(r"\.([A-Za-z0-9_\-]+)|\[(\d+)\]|\['([^']+)'\]")
_PLACE = re.compile(r"<([A-Za-z0-9_.\-]+)>")
MISSING = object()


def text_for(target: Mapping[str, Any], event: Mapping[str, Any], rule_arn: str, ingested: str) -> str:
    """The text that a target gets; `ingested` is when the bus took the event in (ISO 8601)."""
    if "Input" in target:
        return str(target["Input"])
    if "InputPath" in target:
        part = at(event, target["InputPath"])
        return json.dumps(None if part is MISSING else part)
    if "InputTransformer" in target:
        return _transformed(target["InputTransformer"], event, rule_arn, ingested)
    return json.dumps(event)


def at(event: Any, path: str) -> Any:
    """The value at a JSONPath such as $.detail.items[0]; MISSING if there is none."""
    for name, index, quoted in _STEP.findall(path.removeprefix("$")):
        try:
            event = event[int(index)] if index else event[name or quoted]
        except (KeyError, IndexError, TypeError):
            return MISSING
    return event


def _transformed(
    transformer: Mapping[str, Any], event: Mapping[str, Any], rule_arn: str, ingested: str
) -> str:
    paths = transformer.get("InputPathsMap", {})
    values = {name: at(event, path) for name, path in paths.items()}
    without_detail = {key: value for key, value in event.items() if key != "detail"}
    values |= {
        "aws.events.rule-arn": rule_arn,
        "aws.events.rule-name": rule_arn.rpartition("/")[2],
        "aws.events.event.ingestion-time": ingested,
        "aws.events.event": without_detail,
        "aws.events.event.json": event,
    }
    return _filled(transformer["InputTemplate"], values)


def _filled(template: str, values: Mapping[str, Any]) -> str:
    """Placeholders within quotes become plain text, those outside become JSON."""
    written: list[str] = []
    quoted, position = False, 0
    for match in _PLACE.finditer(template):
        before = template[position : match.start()]
        quoted ^= _turns(before)
        value = values.get(match[1], MISSING)
        known = match[1] in values
        written += [before, _shown(value, quoted) if known else match[0]]
        position = match.end()
    return "".join([*written, template[position:]])


def _turns(text: str) -> bool:
    """Whether a text opens or closes a JSON string on balance."""
    return len(re.findall(r'(?<!\\)"', text)) % 2 == 1


def _shown(value: Any, quoted: bool) -> str:
    if value is MISSING:
        return "" if quoted else "null"
    if not quoted:
        return json.dumps(value)
    text = value if isinstance(value, str) else json.dumps(value)
    return json.dumps(text)[1:-1]
