"""Writes a call to AWS as the command of the AWS CLI that does the same, ready to be copied.

Version 1 and version 2 of the CLI take blobs differently, except from a file: so a blob is piped in
and read as `fileb:///dev/stdin`. What looks like a file or an address is taken for one by version 1,
and some members have the names of options of the CLI itself: such calls are given as JSON as a whole.
"""

import base64
import json
import shlex
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from botocore import xform_name

Params = Mapping[str, Any]

OTHERWISE = {"s3": "s3api", "codedeploy": "deploy", "config": "configservice"}
# Options of the CLI itself (`aws help`); a member of the same name is spelled in some other way there.
TAKEN = {"ca-bundle", "color", "debug", "endpoint", "endpoint-url", "output", "profile", "query", "region"}
TAKEN |= {"version"}
FETCHED = ("file://", "fileb://", "http://", "https://")
WIDE = 100
BREAK = " \\\n  "


class Unsayable(ValueError):
    """No single command says this to both versions of the CLI: bytes deep within a structure."""


def command(model: Any, params: Params) -> str:
    """The command for one call; `model` is botocore's OperationModel. Raises Unsayable."""
    service = model.service_model.service_name
    start = f"aws {OTHERWISE.get(service, service)} {xform_name(model.name, '-')}"
    options = list(_options(params)) if _plain(params) else [_as_json(params)]
    if model.has_streaming_output:
        options.append("/dev/stdout")
    blobs = [value for value in params.values() if isinstance(value, bytes | bytearray)]
    return "".join(f"{_piped(bytes(blob))} | " for blob in blobs) + _laid_out(start, options)


def _laid_out(start: str, options: list[str]) -> str:
    line = " ".join([start, *options])
    return line if len(line) <= WIDE and "\n" not in line else BREAK.join([start, *options])


def _plain(params: Params) -> bool:
    """Whether each member can be an option of its own."""
    if sum(isinstance(value, bytes | bytearray) for value in params.values()) > 1:
        raise Unsayable("two blobs")
    fetched = any(isinstance(value, str) and value.startswith(FETCHED) for value in params.values())
    return not fetched and not any(xform_name(name, "-") in TAKEN for name in params)


def _options(params: Params) -> Iterator[str]:
    for name, value in params.items():
        option = f"--{xform_name(name, '-')}"
        if isinstance(value, bool):
            yield option if value else option.replace("--", "--no-", 1)
        elif isinstance(value, bytes | bytearray):
            yield f"{option} fileb:///dev/stdin"
        else:
            yield _valued(option, value)


def _valued(option: str, value: Any) -> str:
    if isinstance(value, list) and value and all(_a_word(one) for one in value):
        return " ".join([option, *(shlex.quote(str(one)) for one in value)])
    text = _text(value)
    # What begins with a dash would be taken for an option of its own.
    return f"{option}={shlex.quote(text)}" if text.startswith("-") else f"{option} {shlex.quote(text)}"


def _a_word(value: Any) -> bool:
    """Whether the CLI takes it for nothing else: an option, JSON, or the name of a file."""
    return isinstance(value, str) and not value.startswith(("-", "[", "{", *FETCHED))


def _text(value: Any) -> str:
    if isinstance(value, str):
        return _document(value)
    if isinstance(value, datetime):
        return value.isoformat()
    return _json(value)


def _document(text: str) -> str:
    """A policy or a pattern laid out to be read, which AWS reads the same; other text as it is."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return _json(value) if isinstance(value, dict) else text


def _json(value: Any, margin: str = "") -> str:
    """JSON in as few lines as can be read well."""
    line = json.dumps(value, ensure_ascii=False, default=_leaf)
    if len(margin) + len(line) <= WIDE or not isinstance(value, dict | list) or not value:
        return line
    deeper = f"{margin}  "
    if isinstance(value, list):
        parts, (opening, closing) = [_json(one, deeper) for one in value], "[]"
    else:
        parts = [f"{json.dumps(name)}: {_json(one, deeper)}" for name, one in value.items()]
        opening, closing = "{}"
    inside = f",\n{deeper}".join(parts)
    return f"{opening}\n{deeper}{inside}\n{margin}{closing}"


def _as_json(params: Params) -> str:
    return f"--cli-input-json {shlex.quote(_json(dict(params)))}"


def _leaf(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise Unsayable(f"{type(value).__name__} within a structure")


def _piped(blob: bytes) -> str:
    try:
        text = blob.decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        return f"printf %s {base64.b64encode(blob).decode()} | base64 --decode"
    if text.endswith("\n"):
        return f"printf '%s\\n' {shlex.quote(text[:-1])}"
    return f"printf %s {shlex.quote(text)}"
