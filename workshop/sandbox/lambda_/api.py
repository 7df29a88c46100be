"""The Lambda service: its operations, each in the room that it belongs to.

Functions, versions, policies and settings are plain state; invocations run in local processes
that speak the Lambda Runtime API (environment.py), as the function's role, in a box of their own.
"""

from __future__ import annotations

import base64
import random
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from workshop.sandbox.call import AwsError, Call
from workshop.sandbox.lambda_.dead_letters import DeadLetters
from workshop.sandbox.lambda_.download import Download
from workshop.sandbox.lambda_.execution import Event, Execution, checked, new_request_id
from workshop.sandbox.lambda_.functions import Functions
from workshop.sandbox.lambda_.later import Later
from workshop.sandbox.lambda_.launch import Launcher, expires_soon
from workshop.sandbox.lambda_.layers import Layers
from workshop.sandbox.lambda_.logs import Scribe
from workshop.sandbox.lambda_.names import Reference, parse, reference
from workshop.sandbox.lambda_.outcome import Outcome
from workshop.sandbox.lambda_.package import Packages
from workshop.sandbox.lambda_.policies import Policies
from workshop.sandbox.lambda_.pool import Pool, throttled
from workshop.sandbox.lambda_.settings import FunctionSettings
from workshop.sandbox.lambda_.shelf import Shelf
from workshop.sandbox.lambda_.state import Function, Version
from workshop.sandbox.lambda_.versions import Versions
from workshop.sandbox.snapshot.kept import Kept

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

Result = dict[str, Any]


class Lambda:
    """AWS Lambda.  Event source mappings, images, streaming and provisioned concurrency are not here."""

    name: ClassVar[str] = "lambda"
    complete: ClassVar[bool] = True

    def __init__(self, sandbox: Sandbox) -> None:
        self._snapshot = sandbox.snapshot
        self.shelf = Shelf()
        self.packages = Packages(sandbox.settings.state / "lambda")
        self.download = Download(sandbox)
        self._scribe = Scribe()
        self._launcher = Launcher(sandbox, self.packages, self._scribe)
        self._pool = Pool(
            self._launcher.launch, expires_soon, sandbox.memory, sandbox.settings.environments_per_account
        )
        self._execution = Execution(self._pool, sandbox.gate)
        self._later = Later(self._execution, self._current, DeadLetters(sandbox).send)
        self._functions = Functions(sandbox, self.shelf, self.packages, self._pool, self.download)
        self._versions = Versions(self.shelf)
        self._policies = Policies(self.shelf)
        self._layers = Layers(self.shelf, self._functions, self.download)
        self._settings = FunctionSettings(self.shelf, sandbox.settings.address_of)

    @property
    def kept(self) -> Kept:
        """What of it is saved; deployment packages are on disk anyway."""
        return Kept(self.shelf.states, lambda _: [self.shelf.lock])

    @property
    def load(self) -> Result:
        """How many execution environments are warm and at work."""
        return {"environments": self._pool.load}

    def start(self) -> None:
        """Begin to write logs, to keep environments warm and to work off asynchronous events.

        Packages that nothing uses any more are deleted first, unless what did may be looked for yet.
        """
        if "refused" not in self._snapshot.told:
            self.packages.sweep(self.shelf.codes())
        self._launcher.prepare()
        for part in (self._scribe, self._pool, self._later):
            part.start()

    def stop(self) -> None:
        """End every function's process; their last lines are still written."""
        for part in (self._later, self._pool, self._scribe):
            part.stop()

    def halt(self, account: str) -> dict[str, int]:
        """End an account's processes, and drop events that wait for their turn."""
        return {"environments": self._pool.halt(account), "events for functions": self._later.halt(account)}

    def forget(self, account: str) -> None:
        """Delete the packages that only functions of this account have used."""
        self.packages.sweep(self.shelf.codes() | self._pool.codes(), account)

    def run(self, arn: str, payload: bytes) -> Outcome:
        """Run a function for a service that has made sure that it may; AwsError if it cannot run."""
        of = parse(arn, "", "")
        return self._execution.run(self._event(of, payload))[0]

    def function_of_url(self, url_id: str) -> tuple[Reference, dict[str, Any]] | None:
        """The function that a function URL belongs to, and how the URL is set up."""
        with self.shelf.lock:
            for (account, region), state in self.shelf.states.items():
                for function in state.functions.values():
                    for qualifier, url in function.urls.items():
                        if url["id"] == url_id:
                            return Reference(account, region, function.name, qualifier), url
        return None

    def invoke(self, call: Call) -> Result:
        """Invoke: at once, later (`Event`) or not at all (`DryRun`)."""
        kind = call.params.get("InvocationType", "RequestResponse")
        of = reference(call)
        if kind == "DryRun":
            self.shelf.version(of)
            return {"StatusCode": 204, "Payload": b""}
        payload = checked(_bytes(call.params.get("Payload", b"")), kind)
        event = self._event(of, payload, _client_context(call.params))
        if kind == "Event":
            return self._invoke_later(of, event)
        outcome, tail = self._execution.run(event, tail=call.params.get("LogType") == "Tail")
        answer: Result = {
            "StatusCode": 200,
            "ExecutedVersion": event.version.number,
            "Payload": outcome.payload,
        }
        if outcome.failed:
            answer["FunctionError"] = "Unhandled"
        if call.params.get("LogType") == "Tail":
            answer["LogResult"] = base64.b64encode(tail).decode()
        return answer

    def invoke_async(self, call: Call) -> Result:
        """The old form of an asynchronous invocation."""
        of = reference(call)
        self._invoke_later(of, self._event(of, checked(_bytes(call.params["InvokeArgs"]), "Event")))
        return {"Status": 202}

    def _invoke_later(self, of: Reference, event: Event) -> Result:
        config = self.shelf.function(of).async_config.get(of.qualifier, {})
        self._later.put(
            event,
            config.get("MaximumRetryAttempts", 2),
            config.get("MaximumEventAgeInSeconds", 21_600),
        )
        return {"StatusCode": 202, "Payload": b""}

    def _event(self, of: Reference, payload: bytes, client_context: str | None = None) -> Event:
        with self.shelf.lock:
            function = self.shelf.function(of)
            version = self._routed(function, of)
        if function.reserved == 0:
            raise throttled("ReservedFunctionConcurrentInvocationLimitExceeded")
        return Event(version, payload, new_request_id(), of.arn, function.reserved, client_context)

    def _routed(self, function: Function, of: Reference) -> Version:
        """The version that runs: of an alias with weights, one by chance."""
        alias = function.aliases.get(of.qualifier or "")
        if alias is None or not alias.weights:
            return self.shelf.version(of)
        chance = random.random()
        for number, weight in alias.weights.items():
            chance -= weight
            if chance < 0:
                return function.versions[number]
        return function.versions[alias.version]

    def _current(self, event: Event) -> Event | None:
        """A waiting event with the function as it is now; None if it is gone."""
        try:
            of = parse(event.invoked_arn, "", "")
            version = self.shelf.version(of)
            reserved = self.shelf.function(of).reserved
        except AwsError:
            return None
        return Event(
            version, event.payload, event.request_id, event.invoked_arn, reserved, event.client_context
        )

    def create_function(self, call: Call) -> Result:
        return self._functions.create(call)

    def update_function_code(self, call: Call) -> Result:
        return self._functions.update_code(call)

    def update_function_configuration(self, call: Call) -> Result:
        return self._functions.update_configuration(call)

    def delete_function(self, call: Call) -> None:
        self._functions.delete(call)

    def get_function(self, call: Call) -> Result:
        return self._functions.get(call)

    def get_function_configuration(self, call: Call) -> Result:
        return self._functions.get_configuration(call)

    def list_functions(self, call: Call) -> Result:
        return self._functions.list(call)

    def get_function_code_signing_config(self, call: Call) -> Result:
        return {"CodeSigningConfigArn": "", "FunctionName": self.shelf.asked(call).name}

    def get_runtime_management_config(self, call: Call) -> Result:
        return {"UpdateRuntimeOn": "Auto", "FunctionArn": self.shelf.version(reference(call)).arn}

    def get_function_recursion_config(self, call: Call) -> Result:
        return {"RecursiveLoop": self.shelf.asked(call).recursion}

    def publish_version(self, call: Call) -> Result:
        return self._versions.publish(call)

    def list_versions_by_function(self, call: Call) -> Result:
        return self._versions.list(call)

    def create_alias(self, call: Call) -> Result:
        return self._versions.create_alias(call)

    def update_alias(self, call: Call) -> Result:
        return self._versions.update_alias(call)

    def get_alias(self, call: Call) -> Result:
        return self._versions.get_alias(call)

    def delete_alias(self, call: Call) -> None:
        self._versions.delete_alias(call)

    def list_aliases(self, call: Call) -> Result:
        return self._versions.list_aliases(call)

    def add_permission(self, call: Call) -> Result:
        return self._policies.add(call)

    def remove_permission(self, call: Call) -> None:
        self._policies.remove(call)

    def get_policy(self, call: Call) -> Result:
        return self._policies.get(call)

    def publish_layer_version(self, call: Call) -> Result:
        return self._layers.publish(call)

    def get_layer_version(self, call: Call) -> Result:
        return self._layers.get(call)

    def get_layer_version_by_arn(self, call: Call) -> Result:
        return self._layers.get_by_arn(call)

    def list_layer_versions(self, call: Call) -> Result:
        return self._layers.list_versions(call)

    def list_layers(self, call: Call) -> Result:
        return self._layers.list(call)

    def delete_layer_version(self, call: Call) -> None:
        self._layers.delete(call)

    def get_account_settings(self, call: Call) -> Result:
        return self._settings.account(call)

    def put_function_concurrency(self, call: Call) -> Result:
        return self._settings.reserve(call)

    def get_function_concurrency(self, call: Call) -> Result:
        return self._settings.reserved(call)

    def delete_function_concurrency(self, call: Call) -> None:
        self._settings.release(call)

    def put_function_event_invoke_config(self, call: Call) -> Result:
        return self._settings.put_async(call, keep=False)

    def update_function_event_invoke_config(self, call: Call) -> Result:
        return self._settings.put_async(call, keep=True)

    def get_function_event_invoke_config(self, call: Call) -> Result:
        return self._settings.get_async(call)

    def delete_function_event_invoke_config(self, call: Call) -> None:
        self._settings.delete_async(call)

    def list_function_event_invoke_configs(self, call: Call) -> Result:
        return self._settings.list_async(call)

    def list_tags(self, call: Call) -> Result:
        return self._settings.tags(call)

    def tag_resource(self, call: Call) -> None:
        self._settings.tag(call)

    def untag_resource(self, call: Call) -> None:
        self._settings.untag(call)

    def create_function_url_config(self, call: Call) -> Result:
        return self._settings.create_url(call)

    def update_function_url_config(self, call: Call) -> Result:
        return self._settings.update_url(call)

    def get_function_url_config(self, call: Call) -> Result:
        return self._settings.get_url(call)

    def delete_function_url_config(self, call: Call) -> None:
        self._settings.delete_url(call)

    def list_function_url_configs(self, call: Call) -> Result:
        return self._settings.list_urls(call)


def _bytes(payload: Any) -> bytes:
    """A payload as bytes; a blob may come as a stream."""
    if isinstance(payload, str):
        return payload.encode()
    return payload if isinstance(payload, bytes) else bytes(payload.read())


def _client_context(params: Mapping[str, Any]) -> str | None:
    """The client context as JSON text; the wire has it in base64."""
    context = params.get("ClientContext")
    return base64.b64decode(context).decode() if context else None
