"""Layers: packages that functions share."""

from __future__ import annotations

from typing import Any

from workshop.sandbox.call import AwsError, Call
from workshop.sandbox.lambda_.configuration import now, stamp
from workshop.sandbox.lambda_.download import Download
from workshop.sandbox.lambda_.functions import Functions
from workshop.sandbox.lambda_.package import sha256_base64
from workshop.sandbox.lambda_.pages import page
from workshop.sandbox.lambda_.shelf import Shelf
from workshop.sandbox.lambda_.state import LayerVersion

DETAILS = ("Description", "CompatibleRuntimes", "LicenseInfo", "CompatibleArchitectures")


class Layers:
    """The operations on layers."""

    def __init__(self, shelf: Shelf, functions: Functions, download: Download) -> None:
        self._shelf = shelf
        self._functions = functions
        self._download = download

    def publish(self, call: Call) -> dict[str, Any]:
        name = _name(call)
        code = self._functions.code(call, call.params["Content"])
        with self._shelf.lock:
            state = self._shelf.of(call)
            number = state.layer_counts[name] = state.layer_counts.get(name, 0) + 1
            details = tuple((key, call.params[key]) for key in DETAILS if key in call.params)
            arn = call.arn(f"layer:{name}:{number}")
            version = LayerVersion(name, number, arn, code, now(), details)
            state.layers.setdefault(name, {})[number] = version
        return self._with_content(version)

    def get(self, call: Call) -> dict[str, Any]:
        return self._with_content(self._version(call, _name(call), call.params["VersionNumber"]))

    def get_by_arn(self, call: Call) -> dict[str, Any]:
        _, _, _, _, _, *kind = call.params["Arn"].split(":")
        if len(kind) != 3 or kind[0] != "layer" or not kind[2].isdigit():
            raise AwsError(
                "InvalidParameterValueException", f"Invalid Layer ARN: {call.params['Arn']}", Type="User"
            )
        return self._with_content(self._version(call, kind[1], int(kind[2])))

    def list_versions(self, call: Call) -> dict[str, Any]:
        versions = self._shelf.of(call).layers.get(_name(call), {})
        return page(
            call, "LayerVersions", [_described(versions[number]) for number in sorted(versions)[::-1]]
        )

    def list(self, call: Call) -> dict[str, Any]:
        layers = self._shelf.of(call).layers
        shown = [
            {
                "LayerName": name,
                "LayerArn": call.arn(f"layer:{name}"),
                "LatestMatchingVersion": _described(versions[max(versions)]),
            }
            for name, versions in sorted(layers.items())
            if versions
        ]
        return page(call, "Layers", shown)

    def delete(self, call: Call) -> None:
        with self._shelf.lock:
            self._shelf.of(call).layers.get(_name(call), {}).pop(call.params["VersionNumber"], None)

    def _version(self, call: Call, name: str, number: int) -> LayerVersion:
        version = self._shelf.of(call).layers.get(name, {}).get(number)
        if version is None:
            raise AwsError(
                "ResourceNotFoundException", "The resource you requested does not exist.", Type="User"
            )
        return version

    def _with_content(self, version: LayerVersion) -> dict[str, Any]:
        content = {
            "Location": self._download.link(version.code),
            "CodeSha256": sha256_base64(version.code),
            "CodeSize": version.code.size,
        }
        return {**_described(version), "LayerArn": version.arn.rpartition(":")[0], "Content": content}


def _described(version: LayerVersion) -> dict[str, Any]:
    return {
        "LayerVersionArn": version.arn,
        "Version": version.number,
        "CreatedDate": stamp(version.created),
        **dict(version.details),
    }


def _name(call: Call) -> str:
    name: str = call.params["LayerName"]
    return name.rsplit(":", 1)[-1]
