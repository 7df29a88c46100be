"""Functions: created, changed, shown and deleted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from workshop.sandbox.call import AwsError, Call
from workshop.sandbox.lambda_.configuration import described, invalid, new_revision, now, settings
from workshop.sandbox.lambda_.download import Download
from workshop.sandbox.lambda_.names import LATEST, PATTERN, malformed, reference
from workshop.sandbox.lambda_.package import LARGEST_UPLOAD, Packages
from workshop.sandbox.lambda_.pages import page
from workshop.sandbox.lambda_.pool import Pool
from workshop.sandbox.lambda_.shelf import Shelf
from workshop.sandbox.lambda_.state import Code, Function, Layer, Version

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

CREATING = {
    "State": "Pending",
    "StateReason": "The function is being created.",
    "StateReasonCode": "Creating",
}
UPDATING = {
    "LastUpdateStatus": "InProgress",
    "LastUpdateStatusReason": "The function is being created.",
    "LastUpdateStatusReasonCode": "Creating",
}


class Functions:
    """The operations on a function's code and configuration."""

    def __init__(
        self, sandbox: Sandbox, shelf: Shelf, packages: Packages, pool: Pool, download: Download
    ) -> None:
        self._sandbox = sandbox
        self._shelf = shelf
        self._packages = packages
        self._pool = pool
        self._download = download

    def create(self, call: Call) -> dict[str, Any]:
        """CreateFunction.  As in AWS it answers `Pending`; the next look finds the function active."""
        of = reference(call)
        if of.qualifier or of.account != call.account:
            raise malformed("functionName", call.params["FunctionName"], PATTERN)
        fields = settings(call.params)
        for member in ("Runtime", "Handler"):
            if member not in call.params:
                raise invalid(f"{member} is mandatory for functions created with deployment packages.")
        self._check_role(call, fields["role"])
        code = self.code(call, call.params["Code"])
        fields.setdefault("log_group", f"/aws/lambda/{of.name}")
        layers = self._layers(call)
        version = Version(
            name=of.name, number=LATEST, arn=of.arn, code=code, modified=now(), revision=new_revision(),
            layers=layers, **fields,
        )  # fmt: skip
        self._packages.folder(code)
        with self._shelf.lock:
            functions = self._shelf.of(call).functions
            if of.name in functions:
                raise AwsError("ResourceConflictException", f"Function already exist: {of.name}", Type="User")
            function = functions[of.name] = Function(of.name, {LATEST: version})
            function.tags = dict(call.params.get("Tags", {}))
            if call.params.get("Publish"):
                version = publish(function)
        return {**_without_update(described(version)), **CREATING}

    def update_code(self, call: Call) -> dict[str, Any]:
        function = self._shelf.asked(call)
        _check_revision(call, function.latest)
        code = self.code(call, call.params)
        fields: dict[str, Any] = {"code": code}
        if call.params.get("Architectures"):
            fields["architecture"] = call.params["Architectures"][0]
        if call.params.get("DryRun"):
            return described(replace(function.latest, **fields))
        self._packages.folder(code)
        return self._changed(function, fields, publishing=bool(call.params.get("Publish")))

    def update_configuration(self, call: Call) -> dict[str, Any]:
        function = self._shelf.asked(call)
        _check_revision(call, function.latest)
        fields = settings(call.params)
        if "role" in fields:
            self._check_role(call, fields["role"])
        if "Layers" in call.params:
            fields["layers"] = self._layers(call)
        return self._changed(function, fields)

    def delete(self, call: Call) -> None:
        of = reference(call)
        with self._shelf.lock:
            function = self._shelf.function(of)
            if of.qualifier is None:
                del self._shelf.state(of.account, of.region).functions[of.name]
            elif of.qualifier == LATEST:
                raise invalid("$LATEST version cannot be deleted without deleting the function.")
            elif any(of.qualifier in (one.version, *one.weights) for one in function.aliases.values()):
                raise AwsError(
                    "ResourceConflictException",
                    f"Version {of.qualifier} of function {of.name} is used by an alias.",
                )
            else:
                function.versions.pop(of.qualifier, None)
        self._pool.retire(function.latest.arn)

    def get(self, call: Call) -> dict[str, Any]:
        function = self._shelf.asked(call)
        version = self._asked_version(call)
        location = self._download.link(version.code)
        shown = {
            "Configuration": _shown(call, version),
            "Code": {"RepositoryType": "S3", "Location": location},
        }
        if function.tags:
            shown["Tags"] = dict(function.tags)
        if function.reserved is not None:
            shown["Concurrency"] = {"ReservedConcurrentExecutions": function.reserved}
        return shown

    def get_configuration(self, call: Call) -> dict[str, Any]:
        return _shown(call, self._asked_version(call))

    def list(self, call: Call) -> dict[str, Any]:
        with self._shelf.lock:
            functions = sorted(self._shelf.of(call).functions.values(), key=lambda one: one.name)
            every = call.params.get("FunctionVersion") == "ALL"
            versions = [
                version
                for function in functions
                for version in (function.versions.values() if every else [function.latest])
            ]
        return page(call, "Functions", [_without_update(described(version)) for version in versions])

    def _asked_version(self, call: Call) -> Version:
        return self._shelf.version(reference(call))

    def _changed(
        self, function: Function, fields: Mapping[str, Any], *, publishing: bool = False
    ) -> dict[str, Any]:
        with self._shelf.lock:
            version = replace(function.latest, **fields, modified=now(), revision=new_revision())
            function.versions[LATEST] = version
            shown = publish(function) if publishing else version
        self._pool.retire(version.arn)
        return {**described(shown), **UPDATING}

    def _check_role(self, call: Call, role: str) -> None:
        if role.split(":")[4] != call.account:
            raise AwsError("AccessDeniedException", "Cross-account pass role is not allowed.", 403)
        try:
            self._sandbox.clients.assume(role, "check", "lambda.amazonaws.com", region=call.region)
        except AwsError as refusal:
            raise invalid("The role defined for the function cannot be assumed by Lambda.") from refusal

    def code(self, call: Call, params: Mapping[str, Any]) -> Code:
        """The package that a call brings or points to, kept."""
        if "ImageUri" in params:
            raise invalid("This sandbox runs functions from zip files, not from container images.")
        if "ZipFile" in params:
            content = params["ZipFile"]
            if len(content) > LARGEST_UPLOAD:
                raise AwsError(
                    "RequestEntityTooLargeException",
                    f"Request must be smaller than 70167211 bytes for the {call.operation} operation",
                    413,
                )
            return self._packages.keep(call.account, content)
        if "S3Bucket" not in params or "S3Key" not in params:
            raise invalid("Please provide a source for function code.")
        return self._packages.keep(call.account, self._from_s3(call, params))

    def _from_s3(self, call: Call, params: Mapping[str, Any]) -> bytes:
        """The package out of S3, read as the caller."""
        place = {"Bucket": params["S3Bucket"], "Key": params["S3Key"]}
        if "S3ObjectVersion" in params:
            place["VersionId"] = params["S3ObjectVersion"]
        try:
            got = self._sandbox.clients.client("s3", call.caller, call.region).get_object(**place)
            content: bytes = got["Body"].read()
        except ClientError as refusal:
            raise _s3_refusal(refusal, place) from refusal
        return content

    def _layers(self, call: Call) -> tuple[Layer, ...]:
        return tuple(self._layer(arn) for arn in call.params.get("Layers", []))

    def _layer(self, arn: str) -> Layer:
        parts = arn.split(":")
        if len(parts) != 8 or not parts[7].isdigit():
            raise malformed(
                "layers", arn, "arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\\d{12}:layer:[a-zA-Z0-9-_]+:[0-9]+"
            )
        version = self._shelf.state(parts[4], parts[3]).layers.get(parts[6], {}).get(int(parts[7]))
        if version is None:
            raise invalid(f"Layer version {arn} does not exist.")
        return Layer(arn, version.code)


def publish(function: Function, description: str | None = None) -> Version:
    """A new version of what `$LATEST` is now, or the newest one if nothing has changed since."""
    newest = function.versions.get(str(function.published))
    if newest and _same(newest, function.latest):
        return newest
    function.published += 1
    latest = function.latest
    version = replace(
        latest,
        number=str(function.published),
        arn=f"{latest.arn}:{function.published}",
        revision=new_revision(),
        description=latest.description if description is None else description,
    )
    function.versions[version.number] = version
    return version


def _same(one: Version, other: Version) -> bool:
    def content(version: Version) -> Version:
        return replace(version, number="", arn="", revision="", description="", modified=now().min)

    return content(one) == content(other)


def _shown(call: Call, version: Version) -> dict[str, Any]:
    """With the ARN as it was asked for: with the qualifier, if there was one."""
    of = reference(call)
    return {**described(version), "FunctionArn": replace(of, account=version.arn.split(":")[4]).arn}


def _without_update(shown: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in shown.items() if not name.startswith("LastUpdate")}


def _check_revision(call: Call, latest: Version) -> None:
    if call.params.get("RevisionId") not in (None, latest.revision):
        raise AwsError(
            "PreconditionFailedException",
            "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias "
            "API to retrieve the latest Revision Id",
        )


def _s3_refusal(refusal: ClientError, place: Mapping[str, str]) -> AwsError:
    code, message = refusal.response["Error"]["Code"], refusal.response["Error"]["Message"]
    if code in ("AccessDenied", "403"):
        return AwsError(
            "AccessDeniedException",
            "Your access has been denied by S3, please make sure your request credentials have permission to "
            f"GetObject for {place['Bucket']}/{place['Key']}. S3 Error Code: {code}. "
            f"S3 Error Message: {message}",
            403,
            Type="User",
        )
    return invalid(f"Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {message}")
