"""Within one look AWS is asked each question once, so that all claims judge the same moment.

It hooks into botocore's own events (`before-call` may answer in AWS's place, `after-call` sees the
answer), so nothing that asks has to know of it. Price: answers are copied, and what streams is not
remembered.
"""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

READS = ("BatchGet", "Describe", "Filter", "Get", "List", "Simulate", "Test")

_answers: ContextVar[dict[tuple[Any, ...], Any] | None] = ContextVar("answers", default=None)


@contextmanager
def one_moment() -> Iterator[None]:
    """Remember what AWS answers until this ends; only questions, never changes.

    A moment within a moment is the same one.
    """
    if _answers.get() is not None:
        yield
        return
    token = _answers.set({})
    try:
        yield
    finally:
        _answers.reset(token)


def remember(client: Any, whose: Callable[[], str]) -> None:
    """Let a boto3 client take part; `whose` tells apart who makes the call."""

    def before(model: Any, params: dict[str, Any], context: dict[str, Any], **_: Any) -> Any:
        answers = _answers.get()
        if answers is None or not model.name.startswith(READS) or model.has_streaming_output:
            return None
        context["question"] = _question(whose(), model, params)
        return copy.deepcopy(answers.get(context["question"]))

    def after(http_response: Any, parsed: Any, context: dict[str, Any], **_: Any) -> None:
        answers = _answers.get()
        if answers is not None and "question" in context:
            answer = (Status(http_response.status_code), copy.deepcopy(parsed))
            answers.setdefault(context["question"], answer)

    client.meta.events.register("before-call.*.*", before)
    # First, because botocore's own handlers change the answer, and will change a remembered one too.
    client.meta.events.register_first("after-call.*.*", after)


class Status:
    """As much of an HTTP response as botocore looks at when it has the answer already."""

    def __init__(self, status_code: int) -> None:
        self.status_code = status_code


def _question(whose: str, model: Any, params: dict[str, Any]) -> tuple[Any, ...]:
    asked = (params.get("url_path"), params.get("query_string"), params.get("body"))
    return (whose, model.service_model.service_name, model.name, repr(asked))
