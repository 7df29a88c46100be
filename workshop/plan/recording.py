"""Keeps the list of what a `do` changes in AWS, while it does so or instead of doing so.

A lab is wrapped; its clients are seen through. Questions go to AWS as ever. What changes something
is written down: after AWS has done it (`Recorded`), or in place of it (`Rehearsed`), and then the
answer is made up. Price: what AWS alone knows of a thing that is only planned, nobody knows.
"""

import functools
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from workshop.lab import Lab, Refused
from workshop.plan.command import command
from workshop.plan.reply import reply
from workshop.plan.sentences import Kind, answered, kind_of, sentence

# Whatever begins otherwise may change something.
QUESTIONS = (
    *("BatchDescribe", "BatchGet", "Check", "Describe", "Filter", "Get", "Head", "List", "Lookup"),
    *("Preview", "Query", "Scan", "Search", "Select", "Simulate", "Test", "Validate"),
)
HARMLESS = {"can_paginate", "exceptions", "generate_presigned_url", "meta", "waiter_names"}
DESPITE_THEIR_NAMES = {"TestInvokeMethod", "TestInvokeAuthorizer"}


def asks_only(operation: str) -> bool:
    """Whether an operation ("GetRole") changes nothing."""
    return operation.startswith(QUESTIONS) and operation not in DESPITE_THEIR_NAMES


@dataclass(frozen=True)
class Call:
    """A call that a step is about to make."""

    client: Any
    model: Any
    params: dict[str, Any]

    def send(self) -> Any:
        """What AWS answers; refusals are botocore's errors."""
        return self.client._make_api_call(self.model.name, self.params)

    @property
    def service(self) -> str:
        return str(self.model.service_model.service_name)


@dataclass(frozen=True)
class PlannedCall:
    """One thing that is changed, or was there: a sentence, and the AWS CLI command that does it.

    `service`, `operation` and `params` are boto3's; they and `command` are empty for an answer and
    for what was there already.
    """

    kind: Kind
    sentence: str
    command: str = ""
    service: str = ""
    operation: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)


class Paused(Exception):
    """A rehearsal has come to where the `do` waits; the text says for what."""


class Unseen(TypeError):
    """A step uses something of boto3 that makes calls on its own, such as `upload_file`."""


class Client:
    """A boto3 client whose calls go through the lab."""

    def __init__(self, lab: "Recorded", client: Any) -> None:
        self._lab = lab
        self._client = client

    def __getattr__(self, name: str) -> Any:
        operation = self._client.meta.method_to_api_mapping.get(name)
        if operation is None and name not in HARMLESS:
            raise Unseen(f"{name} would not be seen: call the operations that it is made of.")
        if operation is None:
            return getattr(self._client, name)
        return functools.partial(self._lab.call, self._client, operation)

    def get_paginator(self, name: str) -> Any:
        """botocore's paginator, asking page by page through the lab."""
        paginator = self._client.get_paginator(name)
        paginator._method = getattr(self, name)
        return paginator


class Recorded(Lab):
    """A lab that does everything as ever, and keeps in `done` what it has changed."""

    def __init__(self, lab: Lab) -> None:
        vars(self).update(vars(lab))
        self.done: list[PlannedCall] = []
        self.answers: MutableMapping[str, str] = Answers(self, lab.answers)
        self._unknown: set[str] = set()

    def client(self, service: str) -> Any:
        """A client that keeps the list."""
        return Client(self, super().client(service))

    def there(self, line: str) -> None:
        """What was found there belongs on the list as well."""
        super().there(line)
        self.done.append(PlannedCall(Kind.THERE, line))

    def call(self, client: Any, operation: str, **params: Any) -> Any:
        """One call of a client."""
        call = Call(client, client.meta.service_model.operation_model(operation), params)
        if asks_only(operation):
            return self._ask(call)
        answer = self._change(call)
        self._note(call)
        return answer

    def _ask(self, call: Call) -> Any:
        try:
            return call.send()
        except Refused:
            self._unknown |= words(call.params)
            raise

    def _change(self, call: Call) -> Any:
        return call.send()

    def _note(self, call: Call) -> None:
        name = call.model.name
        kind = kind_of(name, bool(self._unknown & words(call.params)))
        told, line = sentence(name, call.params, kind), command(call.model, call.params)
        self.done.append(PlannedCall(kind, told, line, call.service, name, call.params))


class Watched(Recorded):
    """A lab that keeps in `asked` what AWS has been asked through it."""

    def __init__(self, lab: Lab) -> None:
        super().__init__(lab)
        self.asked: list[Call] = []

    def _ask(self, call: Call) -> Any:
        self.asked.append(call)
        return super()._ask(call)


class Rehearsed(Recorded):
    """A lab in which nothing is changed: `done` is what would be."""

    def __init__(self, lab: Lab) -> None:
        super().__init__(lab)
        self.answers = Answers(self, dict(lab.answers))
        self._made: dict[str, dict[str, Any]] = {}

    def say(self, line: str) -> None:
        """Nothing is said of what has not happened."""

    def there(self, line: str) -> None:
        """What is there is said in the plan."""
        self.done.append(PlannedCall(Kind.THERE, line))

    def waits(self, seconds: float, what: str) -> Iterator[None]:  # noqa: ARG002 - it waits for nothing
        """One look at what is there now; where it is not, or is only planned, the plan ends."""
        if not any(call.operation for call in self.done):
            yield
        raise Paused(what)

    def _ask(self, call: Call) -> Any:
        try:
            return super()._ask(call)
        except Refused:
            known, asked = self._made.get(call.service, {}), words(call.params)
            if not asked <= known.keys():
                raise
            given = {name: value for word in asked for name, value in known[word].items()}
            return reply(call.model, given | call.params, self.arn)

    def _change(self, call: Call) -> Any:
        answer = reply(call.model, call.params, self.arn)
        made = self._made.setdefault(call.service, {})
        for word in words(call.params) | words(answer):
            made.setdefault(word, call.params)
        return answer


class Answers(MutableMapping[str, str]):
    """The attendee's answers, with what is put into them or taken away on the lab's list."""

    def __init__(self, lab: Recorded, given: MutableMapping[str, str]) -> None:
        self._lab = lab
        self._given = given

    def __getitem__(self, key: str) -> str:
        return self._given[key]

    def __setitem__(self, key: str, value: str) -> None:
        self._note(Kind.THERE if self.get(key) == value else Kind.ANSWER, key, value)
        self._given[key] = value

    def __delitem__(self, key: str) -> None:
        self._note(Kind.REMOVE, key, self._given[key])
        del self._given[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._given)

    def __len__(self) -> int:
        return len(self._given)

    def _note(self, kind: Kind, key: str, value: str) -> None:
        told = answered(kind, key.replace("-", " "), value)
        self._lab.done.append(PlannedCall(kind, told, params={"key": key, "value": value}))


def words(value: Any) -> set[str]:
    """All strings in a request or an answer: by these things are told apart."""
    if isinstance(value, str):
        return {value}
    if isinstance(value, dict):
        return set().union(*(words(one) for one in value.values()))
    if isinstance(value, list):
        return set().union(*(words(one) for one in value))
    return set()
