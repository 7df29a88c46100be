"""Functions really run: in Node and Python, under their role, within their limits."""

from __future__ import annotations

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import Account
from tests.sandbox.functions import function, invoke, package

HANDLERS = {
    "ES module": ({"index.mjs": "export const handler = async (e) => e.a + 1"}, "index.handler"),
    "CommonJS": ({"index.js": "exports.handler = async (e) => e.a + 1"}, "index.handler"),
    "type: module": (
        {"index.js": "export const handler = async (e) => e.a + 1", "package.json": '{"type": "module"}'},
        "index.handler",
    ),
    "in a folder": ({"src/app.cjs": "exports.run = async (e) => e.a + 1"}, "src/app.run"),
    "nested": ({"index.js": "exports.api = { v1: { run: (e) => e.a + 1 } }"}, "index.api.v1.run"),
    "default export": ({"index.mjs": "export default { handler: (e) => e.a + 1 }"}, "index.handler"),
    "top-level await": (
        {"index.mjs": "const one = await Promise.resolve(1); export const handler = (e) => e.a + one"},
        "index.handler",
    ),
    "dependency": (
        {
            "index.js": "exports.handler = async (e) => require('plus')(e.a)",
            "node_modules/plus/index.js": "module.exports = (a) => a + 1",
        },
        "index.handler",
    ),
}


@pytest.mark.parametrize("kind", HANDLERS)
def test_a_node_handler_is_found_however_it_is_exported(account: Account, kind: str) -> None:
    files, handler = HANDLERS[kind]
    function(account, files, Handler=handler)
    outcome = invoke(account, {"a": 1})
    assert outcome.answer == 2, outcome.log


def test_callback_handlers_run_before_node_24(account: Account) -> None:
    source = "exports.handler = (e, context, done) => setTimeout(() => done(null, e.a + 1), 5)"
    function(account, {"index.js": source}, runtime="nodejs22.x")
    assert invoke(account, {"a": 1}).answer == 2


def test_callback_handlers_are_refused_from_node_24_on(account: Account) -> None:
    function(account, {"index.js": "exports.handler = (e, context, done) => done(null, 1)"})
    outcome = invoke(account)
    assert outcome.answer["errorType"] == "Runtime.CallbackHandlerDeprecated"
    assert "has removed support for callback-based function handlers" in outcome.answer["errorMessage"]


def test_a_python_function_runs_with_packages_and_the_sdk(account: Account) -> None:
    source = (
        "import boto3\nfrom lib.plus import plus\n"
        "def handler(event, context):\n"
        "    who = boto3.client('sts').get_caller_identity()['Arn']\n"
        "    return {'sum': plus(event['a']), 'who': who, 'left': context.get_remaining_time_in_millis()}\n"
    )
    files = {"app.py": source, "lib/__init__.py": "", "lib/plus.py": "def plus(a):\n    return a + 1\n"}
    function(account, files, runtime="python3.13", Timeout=20)
    answer = invoke(account, {"a": 1}).answer
    assert answer["sum"] == 2
    assert answer["who"] == f"arn:aws:sts::{account.id}:assumed-role/function-role/f"
    assert 0 < answer["left"] <= 20_000


def test_a_thrown_error_reaches_the_caller_with_its_trace(account: Account) -> None:
    function(account, {"index.mjs": "export const handler = async () => { throw new TypeError('no way') }"})
    outcome = invoke(account)
    assert outcome.error == "Unhandled"
    assert outcome.answer["errorType"] == "TypeError"
    assert outcome.answer["errorMessage"] == "no way"
    assert any("/index.mjs:1" in line for line in outcome.answer["trace"])
    assert 'ERROR\tInvoke Error \t{"errorType":"TypeError"' in outcome.log


def test_a_raised_exception_reaches_the_caller_with_its_trace(account: Account) -> None:
    function(account, {"app.py": "def handler(event, context):\n    return {}['x']\n"}, runtime="python3.12")
    outcome = invoke(account)
    assert outcome.error == "Unhandled"
    assert (outcome.answer["errorType"], outcome.answer["errorMessage"]) == ("KeyError", "'x'")
    assert '/app.py", line 2, in handler' in outcome.answer["stackTrace"][0]
    assert "[ERROR] KeyError: 'x'\nTraceback (most recent call last):" in outcome.log


NODE, PYTHON = "nodejs24.x", "python3.13"
BROKEN = {
    "no such file": (NODE, {"other.js": ""}, "Runtime.ImportModuleError", "Cannot find module"),
    "no such export": (
        NODE,
        {"index.js": "exports.other = 1"},
        "Runtime.HandlerNotFound",
        "index.handler is undefined or not exported",
    ),
    "syntax": (NODE, {"index.js": "exports.handler = ("}, "Runtime.UserCodeSyntaxError", "SyntaxError: "),
    "throws while loading": (NODE, {"index.js": "throw new RangeError('at once')"}, "RangeError", "at once"),
    "no such module": (
        PYTHON,
        {"other.py": ""},
        "Runtime.ImportModuleError",
        "Unable to import module 'app': No module named 'app'",
    ),
    "no such function": (
        PYTHON,
        {"app.py": ""},
        "Runtime.HandlerNotFound",
        "Handler 'handler' missing on module 'app'",
    ),
    "python syntax": (PYTHON, {"app.py": "def ("}, "Runtime.UserCodeSyntaxError", "Syntax error in module"),
}


@pytest.mark.parametrize("trouble", BROKEN)
def test_code_that_cannot_be_loaded_says_why(account: Account, trouble: str) -> None:
    runtime, files, kind, text = BROKEN[trouble]
    function(account, files, runtime=runtime)
    outcome = invoke(account)
    assert outcome.error == "Unhandled"
    assert outcome.answer["errorType"] == kind
    assert text in outcome.answer["errorMessage"]
    assert f"Status: error\tError Type: {kind}" in outcome.log


def test_a_function_is_ended_at_its_timeout_and_the_next_event_gets_a_new_process(account: Account) -> None:
    source = (
        "let runs = 0;\n"
        "const sleep = (millis) => new Promise((done) => setTimeout(done, millis));\n"
        "export const handler = async (e) => { runs++; if (e.hang) await sleep(60000); return runs }"
    )
    function(account, {"index.mjs": source}, Timeout=1)
    hung = invoke(account, {"hang": True})
    assert hung.answer["errorType"] == "Sandbox.Timedout"
    assert hung.answer["errorMessage"].endswith("Error: Task timed out after 1.00 seconds")
    assert "Duration: 1000.00 ms" in hung.log
    assert "Status: timeout" in hung.log
    assert invoke(account).answer == 1


def test_a_crash_is_an_exit_error(account: Account) -> None:
    function(account, {"index.mjs": "export const handler = async () => process.exit(3)"})
    outcome = invoke(account)
    assert outcome.answer["errorType"] == "Runtime.ExitError"
    assert outcome.answer["errorMessage"].endswith("Error: Runtime exited with error: exit status 3")


def test_a_function_that_takes_too_much_memory_is_killed(account: Account) -> None:
    source = (
        "const held = [];\n"
        "const sleep = (millis) => new Promise((done) => setTimeout(done, millis));\n"
        "export const handler = async () => { for (;;) { held.push(Buffer.alloc(2e7, 1)); await sleep(5) } }"
    )
    function(account, {"index.mjs": source}, Timeout=20)
    outcome = invoke(account)
    assert outcome.answer["errorMessage"].endswith("Runtime exited with error: signal: killed")
    assert "Max Memory Used: 128 MB" in outcome.log


def test_a_promise_that_never_settles_is_an_error(account: Account) -> None:
    function(account, {"index.mjs": "export const handler = () => new Promise(() => {})"})
    assert invoke(account).answer["errorType"] == "Runtime.NodeJsExit"


def test_an_unhandled_rejection_ends_the_invocation(account: Account) -> None:
    source = (
        "export const handler = async () => { Promise.reject(new Error('lost')); "
        "await new Promise((r) => setTimeout(r, 1000)) }"
    )
    function(account, {"index.mjs": source})
    assert invoke(account).answer["errorType"] == "Runtime.UnhandledPromiseRejection"


def test_an_environment_stays_warm_until_the_function_changes(account: Account) -> None:
    source = "let runs = 0; export const handler = async () => ({ runs: ++runs, colour: process.env.COLOUR })"
    function(account, {"index.mjs": source})
    assert [invoke(account).answer["runs"] for _ in range(3)] == [1, 2, 3]
    account.client("lambda").update_function_configuration(
        FunctionName="f", Environment={"Variables": {"COLOUR": "blue"}}
    )
    assert invoke(account).answer == {"runs": 1, "colour": "blue"}


def test_new_code_runs_at_once(account: Account) -> None:
    function(account, {"index.mjs": "export const handler = async () => 'old'"})
    invoke(account)
    code = package({"index.mjs": "export const handler = async () => 'new'"})
    account.client("lambda").update_function_code(FunctionName="f", ZipFile=code)
    assert invoke(account).answer == "new"


def test_events_at_the_same_time_get_environments_of_their_own(account: Account) -> None:
    source = (
        "import { randomUUID } from 'node:crypto'; const me = randomUUID();\n"
        "export const handler = async () => { await new Promise((r) => setTimeout(r, 600)); return me }"
    )
    function(account, {"index.mjs": source}, Timeout=10)
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: invoke(account).answer, range(3)))
    assert len(set(answers)) == 3


def test_a_function_sees_what_lambda_promises_and_nothing_of_the_server(account: Account) -> None:
    function(
        account, {"index.mjs": "export const handler = async (e, c) => ({ env: process.env, c })"}, Timeout=7
    )
    answer = invoke(account).answer
    env = answer["env"]
    assert env["_HANDLER"] == "index.handler"
    assert env["AWS_EXECUTION_ENV"] == "AWS_Lambda_nodejs24.x"
    assert (env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"], env["TZ"]) == ("128", ":UTC")
    assert env["AWS_ACCESS_KEY_ID"].startswith("ASIA")
    assert not [name for name in env if name.startswith(("PYTEST", "VIRTUAL_ENV", "_LAMBDA"))]
    assert answer["c"]["invokedFunctionArn"].endswith(":function:f")


def test_the_log_has_lambdas_lines_around_the_functions(account: Account) -> None:
    function(account, {"index.mjs": "export const handler = async () => console.log('one\\ntwo', {a: 1})"})
    invoke(account)
    events = _events(account, "/aws/lambda/f", 5)
    assert events[0].startswith("INIT_START Runtime Version: nodejs:24")
    assert re.fullmatch(r"START RequestId: [0-9a-f-]{36} Version: \$LATEST\n", events[1])
    assert re.fullmatch(r"[0-9-]{10}T[0-9:.]{12}Z\t[0-9a-f-]{36}\tINFO\tone\ntwo \{ a: 1 \}\n", events[2])
    assert events[3].startswith("END RequestId: ")
    assert re.search(
        r"\tBilled Duration: \d+ ms\tMemory Size: 128 MB\tMax Memory Used: \d+ MB\tInit Dur", events[4]
    )


def test_a_role_without_logs_costs_the_log_and_not_the_function(account: Account) -> None:
    role = account.role("silent", "lambda.amazonaws.com")
    function(account, {"index.mjs": "export const handler = async () => 1"}, Role=role)
    assert invoke(account).answer == 1
    time.sleep(0.6)
    assert account.client("logs").describe_log_groups()["logGroups"] == []


def test_an_asynchronous_event_is_accepted_and_runs(account: Account) -> None:
    function(account, {"index.mjs": "export const handler = async (e) => console.log('got', e.n)"})
    accepted = account.client("lambda").invoke(FunctionName="f", InvocationType="Event", Payload=b'{"n": 7}')
    assert accepted["StatusCode"] == 202
    assert any("got 7" in message for message in _events(account, "/aws/lambda/f", 5))


def test_an_event_that_always_fails_ends_in_the_dead_letter_queue(account: Account) -> None:
    sqs = account.client("sqs")
    url = sqs.create_queue(QueueName="dead")["QueueUrl"]
    send = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}
    role = account.role("r", "lambda.amazonaws.com", {"Version": "2012-10-17", "Statement": [send]})
    dead = {"TargetArn": f"arn:aws:sqs:eu-west-1:{account.id}:dead"}
    source = "export const handler = async () => { throw new Error('never') }"
    function(account, {"index.mjs": source}, Role=role, DeadLetterConfig=dead)
    client = account.client("lambda")
    client.put_function_event_invoke_config(FunctionName="f", MaximumRetryAttempts=0)
    client.invoke(FunctionName="f", InvocationType="Event", Payload=b'{"n": 7}')
    message = _received(sqs, url)
    assert json.loads(message["Body"]) == {"n": 7}
    assert message["MessageAttributes"]["ErrorMessage"]["StringValue"] == "never"


def test_a_dry_run_runs_nothing(account: Account) -> None:
    function(account, {"index.mjs": "export const handler = async () => 1"})
    assert account.client("lambda").invoke(FunctionName="f", InvocationType="DryRun")["StatusCode"] == 204
    assert account.client("logs").describe_log_groups()["logGroups"] == []


def test_a_payload_that_is_no_json_is_refused(account: Account) -> None:
    function(account, {"index.mjs": "export const handler = async () => 1"})
    with pytest.raises(ClientError, match="Could not parse payload into json"):
        account.client("lambda").invoke(FunctionName="f", Payload=b"{nope")


def test_payloads_have_limits(account: Account) -> None:
    function(account, {"index.mjs": "export const handler = async () => 'x'.repeat(7e6)"}, Timeout=20)
    client = account.client("lambda")
    with pytest.raises(ClientError, match="payload is too large for the Event invocation type"):
        client.invoke(FunctionName="f", InvocationType="Event", Payload=json.dumps("x" * 300_000).encode())
    assert invoke(account).answer["errorType"] == "Function.ResponseSizeTooLarge"


def test_no_reserved_concurrency_means_throttled(account: Account) -> None:
    function(account, {"index.mjs": "export const handler = async () => 1"})
    client = account.client("lambda")
    client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)
    with pytest.raises(client.exceptions.TooManyRequestsException) as refused:
        client.invoke(FunctionName="f")
    assert refused.value.response["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"


def test_what_a_function_does_is_done_as_its_role(account: Account) -> None:
    account.client("s3").create_bucket(
        Bucket=f"b-{account.id}", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    source = (
        "import boto3\ndef handler(event, context):\n"
        f"    boto3.client('s3').put_object(Bucket='b-{account.id}', Key='k', Body=b'x')\n"
    )
    function(account, {"app.py": source}, runtime="python3.13", Timeout=20)
    refused = invoke(account).answer
    assert refused["errorType"] == "AccessDenied"
    assert (
        "assumed-role/function-role/f is not authorized to perform: s3:PutObject" in refused["errorMessage"]
    )


def test_a_function_reaches_nothing_but_the_endpoint_and_cannot_change_its_code(
    account: Account, tmp_path: Path
) -> None:
    if account.server.sandbox.isolation.kind != "bubblewrap":
        pytest.skip("plain processes are not isolated")
    (tmp_path / "secret").write_text("of this machine")
    source = (
        "import net from 'node:net'; import fs from 'node:fs';\n"
        "const tried = (port) => new Promise((done) => net.connect(port, '127.0.0.1')\n"
        "  .on('connect', () => done('open')).on('error', (e) => done(e.code)));\n"
        "const write = (to) => { try { fs.writeFileSync(to, 'x') } catch (e) { return e.code } };\n"
        "export const handler = async (e) => [await tried(22), await tried(e.port),\n"
        "  write('/var/task/x'), write('/tmp/x') ?? 'written', fs.existsSync(e.secret)]"
    )
    function(account, {"index.mjs": source})
    port = account.server.sandbox.settings.port
    answer = invoke(account, {"port": port, "secret": str(tmp_path / "secret")}).answer
    assert answer == ["ECONNREFUSED", "open", "EROFS", "written", False]


def test_a_flood_of_output_neither_stalls_the_function_nor_the_log(account: Account) -> None:
    loop = "for (let i = 0; i < 300; i++) console.log('x'.repeat(100000))"
    source = f"export const handler = async () => {{ {loop}; return 1 }}"
    function(account, {"index.mjs": source}, Timeout=20)
    outcome = invoke(account)
    assert outcome.answer == 1
    assert "REPORT RequestId" in outcome.log


def _received(sqs: Any, url: str) -> dict[str, Any]:
    """The queue's next message, once there is one."""
    until = time.monotonic() + 15
    while time.monotonic() < until:
        found = sqs.receive_message(QueueUrl=url, MessageAttributeNames=["All"]).get("Messages")
        if found:
            message: dict[str, Any] = found[0]
            return message
        time.sleep(0.1)
    raise TimeoutError


def _events(account: Account, group: str, at_least: int) -> list[str]:
    """The log's messages, once there are so many."""
    logs = account.client("logs")
    until = time.monotonic() + 15
    found: list[str] = []
    while time.monotonic() < until:
        try:
            found = [event["message"] for event in _all(logs, group)]
        except logs.exceptions.ResourceNotFoundException:
            found = []
        if len(found) >= at_least:
            break
        time.sleep(0.1)
    return found


def _all(logs: Any, group: str) -> list[dict[str, Any]]:
    streams = logs.describe_log_streams(logGroupName=group)["logStreams"]
    names = [stream["logStreamName"] for stream in streams]
    return [
        event
        for name in names
        for event in logs.get_log_events(logGroupName=group, logStreamName=name, startFromHead=True)["events"]
    ]
