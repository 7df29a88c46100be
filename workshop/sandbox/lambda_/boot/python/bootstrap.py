"""Runs one Python function: loads its handler, then asks the Runtime API for events and answers them.

It runs alone in the function's box, with nothing but the standard library.
"""

from __future__ import annotations

import importlib
import json
import logging
import os
import socket
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence

ROOT = "/2018-06-01/runtime"
HERE = __file__.rpartition("/")[0]

Handler = Callable[[object, object], object]


class Fault(Exception):
    """What is wrong with the function before its own code runs."""

    def __init__(self, kind: str, message: str, trace: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.kind = "Runtime." + kind
        self.message = message
        self.trace = list(trace)


class RuntimeApi:
    """A client of the Lambda Runtime API over a unix socket, HTTP/1.1."""

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)
        self._reader = self._socket.makefile("rb")

    def next(self) -> tuple[dict[str, str], bytes]:
        """The next event: its headers and its payload."""
        return self._request("GET", "/invocation/next")

    def respond(self, request_id: str, body: bytes) -> None:
        """Hand over the handler's result."""
        self._request("POST", f"/invocation/{request_id}/response", body)

    def fail(self, request_id: str, error: Mapping[str, object]) -> None:
        """Say that the handler failed."""
        self._error(f"/invocation/{request_id}/error", error)

    def fail_init(self, error: Mapping[str, object]) -> None:
        """Say that the code could not be loaded."""
        self._error("/init/error", error)

    def _error(self, path: str, error: Mapping[str, object]) -> None:
        self._request("POST", path, json.dumps(error).encode(), str(error["errorType"]))

    def _request(
        self, method: str, path: str, body: bytes = b"", error_type: str = ""
    ) -> tuple[dict[str, str], bytes]:
        head = f"{method} {ROOT}{path} HTTP/1.1\r\nHost: runtime\r\nContent-Length: {len(body)}\r\n"
        if error_type:
            head += f"Lambda-Runtime-Function-Error-Type: {error_type}\r\n"
        self._socket.sendall(head.encode() + b"\r\n" + body)
        if not self._reader.readline():
            sys.exit(0)  # the other side is gone: nobody asks any more
        headers = {}
        while (line := self._reader.readline()) not in (b"\r\n", b""):
            name, _, value = line.decode("latin1").partition(":")
            headers[name.lower()] = value.strip()
        return headers, self._reader.read(int(headers.get("content-length", 0)))


class Context:
    """What a handler is told about its invocation."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._deadline = int(headers["lambda-runtime-deadline-ms"])
        self.aws_request_id = headers["lambda-runtime-aws-request-id"]
        self.invoked_function_arn = headers["lambda-runtime-invoked-function-arn"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = None
        client = headers.get("lambda-runtime-client-context")
        self.client_context = json.loads(client) if client else None

    def get_remaining_time_in_millis(self) -> int:
        """How long the function may still run."""
        return max(self._deadline - int(time.time() * 1000), 0)

    def log(self, message: object) -> None:
        """Write into the function's log."""
        sys.stdout.write(str(message))


class RequestFilter(logging.Filter):
    """Puts the current request id into every log record."""

    request_id = ""

    def filter(self, record: logging.LogRecord) -> bool:
        """Take every record."""
        record.aws_request_id = RequestFilter.request_id
        return True


class LineHandler(logging.Handler):
    """Writes a record as one line on the pipe: its own line ends travel as carriage returns."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record."""
        sys.stdout.write(self.format(record).replace("\n", "\r") + "\n")


def set_up_logging() -> None:
    """Give the root logger the form that records have in CloudWatch Logs."""
    logging.Formatter.converter = time.gmtime
    handler = LineHandler()
    form = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s"
    handler.setFormatter(logging.Formatter(form, "%Y-%m-%dT%H:%M:%S"))
    handler.addFilter(RequestFilter())
    logging.getLogger().addHandler(handler)


def load_handler(name: str) -> Handler:
    """The function that a handler name such as "package/module.function" means; Fault."""
    module_name, dot, function_name = name.rpartition(".")
    if not dot:
        raise Fault(
            "MalformedHandlerName", f"Bad handler '{name}': not enough values to unpack (expected 2, got 1)"
        )
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise Fault("ImportModuleError", f"Unable to import module '{module_name}': {error}") from error
    except SyntaxError as error:
        trace = f'  File "{error.filename}" Line {error.lineno}\n    {error.text}'
        message = f"Syntax error in module '{module_name}': {error}"
        raise Fault("UserCodeSyntaxError", message, [trace]) from error
    handler: Handler | None = getattr(module, function_name, None)
    if handler is None:
        raise Fault("HandlerNotFound", f"Handler '{function_name}' missing on module '{module_name}'")
    return handler


def described(error: Exception, request_id: str = "") -> dict[str, object]:
    """An error in the shape that the caller gets; the runtime's own frames are left out."""
    if isinstance(error, Fault):
        kind, message, trace = error.kind, error.message, error.trace
    else:
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if not frame.filename.startswith((HERE, "<frozen importlib"))]
        kind, message, trace = type(error).__name__, str(error), traceback.format_list(own)
    return {"errorMessage": message, "errorType": kind, "requestId": request_id, "stackTrace": trace}


def log_error(report: Mapping[str, object]) -> None:
    """Write an error and where it happened as one record."""
    trace = report["stackTrace"]
    lines = [f"[ERROR] {report['errorType']}: {report['errorMessage']}", "Traceback (most recent call last):"]
    for entry in trace if isinstance(trace, list) else []:
        lines += [indented(line) for line in entry.splitlines()]
    sys.stdout.write("\r".join(lines).replace("\n", "\r") + "\n")


def indented(line: str) -> str:
    """As on AWS, where an ordinary space at the beginning of a line would be lost."""
    text = line.lstrip(" ")
    return "\N{NO-BREAK SPACE}" * (len(line) - len(text)) + text


def marshalled(value: object) -> object:
    """The values beyond JSON that AWS's runtime takes: decimals, as numbers."""
    kind = type(value).__name__
    if kind == "Decimal":
        return float(str(value))
    raise Fault("MarshalError", f"Unable to marshal response: Object of type {kind} is not JSON serializable")


def answer(api: RuntimeApi, handler: Handler) -> None:
    """Take one event and answer it."""
    headers, body = api.next()
    context = Context(headers)
    RequestFilter.request_id = context.aws_request_id
    os.environ["_X_AMZN_TRACE_ID"] = headers.get("lambda-runtime-trace-id", "")
    try:
        result = json.dumps(handler(json.loads(body), context), default=marshalled).encode()
    except Exception as problem:
        report = described(problem, context.aws_request_id)
        log_error(report)
        api.fail(context.aws_request_id, report)
    else:
        api.respond(context.aws_request_id, result)


def main() -> None:
    """Load the handler, then answer events for ever."""
    api = RuntimeApi(os.environ.pop("_LAMBDA_RUNTIME_SOCKET"))
    sys.stdout = open(1, "w", 1, "utf-8", "backslashreplace", closefd=False)  # noqa: SIM115
    sys.path[:1] = [os.environ["LAMBDA_TASK_ROOT"], *os.environ.pop("_LAMBDA_PYTHON_PATH").split(":")]
    set_up_logging()
    try:
        handler = load_handler(os.environ["_HANDLER"])
    except Exception as problem:
        report = described(problem)
        log_error(report)
        api.fail_init(report)
        sys.exit(1)
    while True:
        answer(api, handler)


if __name__ == "__main__":
    main()
