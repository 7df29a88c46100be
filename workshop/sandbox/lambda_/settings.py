"""What is set on a function beside its code: concurrency, retries, tags, URLs."""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable
from datetime import datetime
from typing import Any

from workshop.sandbox.call import AwsError, Call
from workshop.sandbox.lambda_.configuration import now
from workshop.sandbox.lambda_.names import Reference, parse, reference
from workshop.sandbox.lambda_.pages import page
from workshop.sandbox.lambda_.shelf import Shelf
from workshop.sandbox.lambda_.state import Function

CONCURRENCY = 1000
UNRESERVED = 100
ASYNC_LIMITS = {"MaximumRetryAttempts": (0, 2), "MaximumEventAgeInSeconds": (60, 21_600)}
LETTERS = string.ascii_lowercase + string.digits


class FunctionSettings:
    """The operations on them."""

    def __init__(self, shelf: Shelf, address_of: Callable[[str], str]) -> None:
        """`address_of` says where the URL of a label ("abc.lambda-url") answers."""
        self._shelf = shelf
        self._address_of = address_of

    def account(self, call: Call) -> dict[str, Any]:
        """GetAccountSettings: AWS's default quotas, this account's use of them."""
        with self._shelf.lock:
            functions = list(self._shelf.of(call).functions.values())
        size = sum(version.code.size for function in functions for version in function.versions.values())
        return {
            "AccountLimit": {
                "TotalCodeSize": 80_530_636_800,
                "CodeSizeUnzipped": 262_144_000,
                "CodeSizeZipped": 52_428_800,
                "ConcurrentExecutions": CONCURRENCY,
                "UnreservedConcurrentExecutions": CONCURRENCY - sum(one.reserved or 0 for one in functions),
            },
            "AccountUsage": {"TotalCodeSize": size, "FunctionCount": len(functions)},
        }

    def reserve(self, call: Call) -> dict[str, Any]:
        wanted = call.params["ReservedConcurrentExecutions"]
        with self._shelf.lock:
            function = self._shelf.asked(call)
            others = sum(
                one.reserved or 0 for one in self._shelf.of(call).functions.values() if one is not function
            )
            if wanted + others > CONCURRENCY - UNRESERVED:
                raise AwsError(
                    "InvalidParameterValueException",
                    "Specified ReservedConcurrentExecutions for function decreases account's "
                    f"UnreservedConcurrentExecution below its minimum value of [{UNRESERVED}].",
                    Type="User",
                )
            function.reserved = wanted
        return {"ReservedConcurrentExecutions": wanted}

    def reserved(self, call: Call) -> dict[str, Any]:
        reserved = self._shelf.asked(call).reserved
        return {} if reserved is None else {"ReservedConcurrentExecutions": reserved}

    def release(self, call: Call) -> None:
        self._shelf.asked(call).reserved = None

    def put_async(self, call: Call, *, keep: bool) -> dict[str, Any]:
        """Put- or, with `keep`, UpdateFunctionEventInvokeConfig."""
        of = reference(call)
        with self._shelf.lock:
            function = self._shelf.function(of)
            config = dict(function.async_config.get(of.qualifier, {})) if keep else {}
            for name, (least, most) in ASYNC_LIMITS.items():
                if name in call.params and not least <= call.params[name] <= most:
                    raise AwsError(
                        "InvalidParameterValueException", f"{name} must be from {least} to {most}."
                    )
                config |= {name: call.params[name]} if name in call.params else {}
            if any(call.params.get("DestinationConfig", {}).values()):
                raise AwsError(
                    "InvalidParameterValueException",
                    "This sandbox has no destinations of asynchronous invocations.",
                )
            function.async_config[of.qualifier] = {**config, "LastModified": now()}
        return self._async(of, function)

    def get_async(self, call: Call) -> dict[str, Any]:
        of = reference(call)
        return self._async(of, self._shelf.function(of))

    def delete_async(self, call: Call) -> None:
        of = reference(call)
        self._shelf.function(of).async_config.pop(of.qualifier, None)

    def list_async(self, call: Call) -> dict[str, Any]:
        of = reference(call)
        function = self._shelf.function(of)
        configs = [
            self._async(Reference(of.account, of.region, of.name, qualifier), function)
            for qualifier in list(function.async_config)
        ]
        return page(call, "FunctionEventInvokeConfigs", configs)

    def tags(self, call: Call) -> dict[str, Any]:
        return {"Tags": dict(self._tagged(call).tags)}

    def tag(self, call: Call) -> None:
        self._tagged(call).tags.update(call.params["Tags"])

    def untag(self, call: Call) -> None:
        tags = self._tagged(call).tags
        for key in call.params["TagKeys"]:
            tags.pop(key, None)

    def create_url(self, call: Call) -> dict[str, Any]:
        of = reference(call)
        with self._shelf.lock:
            function = self._shelf.function(of)
            if of.qualifier in function.urls:
                raise AwsError(
                    "ResourceConflictException",
                    f"Failed to create function url config for [functionArn = {of.arn}]. Error message:  "
                    "FunctionUrlConfig exists for this Lambda function",
                )
            url_id = "".join(secrets.choice(LETTERS) for _ in range(32))
            function.urls[of.qualifier] = {"id": url_id, "CreationTime": _stamp(now())}
            self._set_url(function, of, call)
        return self._url(of, function)

    def update_url(self, call: Call) -> dict[str, Any]:
        of = reference(call)
        with self._shelf.lock:
            function = self._shelf.function(of)
            self._url(of, function)
            self._set_url(function, of, call)
        return self._url(of, function)

    def get_url(self, call: Call) -> dict[str, Any]:
        of = reference(call)
        return self._url(of, self._shelf.function(of))

    def delete_url(self, call: Call) -> None:
        of = reference(call)
        function = self._shelf.function(of)
        self._url(of, function)
        del function.urls[of.qualifier]

    def list_urls(self, call: Call) -> dict[str, Any]:
        of = reference(call)
        function = self._shelf.function(of)
        urls = [
            self._url(Reference(of.account, of.region, of.name, qualifier), function)
            for qualifier in list(function.urls)
        ]
        return page(call, "FunctionUrlConfigs", urls)

    def _set_url(self, function: Function, of: Reference, call: Call) -> None:
        url = function.urls[of.qualifier]
        for name in ("AuthType", "Cors", "InvokeMode"):
            if name in call.params:
                url[name] = call.params[name]
        if url.get("InvokeMode", "BUFFERED") != "BUFFERED":
            raise AwsError("InvalidParameterValueException", "This sandbox has no response streaming.")
        url["LastModifiedTime"] = _stamp(now())

    def _url(self, of: Reference, function: Function) -> dict[str, Any]:
        url = function.urls.get(of.qualifier)
        if url is None:
            raise AwsError(
                "ResourceNotFoundException", "The resource you requested does not exist.", Type="User"
            )
        shown = {name: value for name, value in url.items() if name != "id"}
        return {
            "FunctionUrl": self._address_of(f"{url['id']}.lambda-url") + "/",
            "FunctionArn": of.arn,
            "InvokeMode": "BUFFERED",
            **shown,
        }

    def _async(self, of: Reference, function: Function) -> dict[str, Any]:
        config = function.async_config.get(of.qualifier)
        if config is None:
            raise AwsError(
                "ResourceNotFoundException",
                f"The function {of.arn} doesn't have an EventInvokeConfig",
                Type="User",
            )
        return {**config, "FunctionArn": of.arn, "DestinationConfig": {"OnSuccess": {}, "OnFailure": {}}}

    def _tagged(self, call: Call) -> Function:
        return self._shelf.function(parse(call.params["Resource"], call.account, call.region))


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}"
