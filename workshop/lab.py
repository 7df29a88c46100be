"""An attendee's lab: the names of their things, and AWS under the role they assume.

The only place of the workshop that makes boto3 clients. Where an endpoint is configured the very
same calls go there; nothing else differs.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any, TypeVar

import boto3
import botocore.session
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from workshop.links import link
from workshop.moment import one_moment, remember
from workshop.patience import patiently
from workshop.speaker import Keys, Speaker, Voice, who_speaks
from workshop.visit import NoAnswer, Reply, visit
from workshop.watch.meter import count

__all__ = [
    "REFUSALS",
    "Attendee",
    "Aws",
    "Keys",
    "Lab",
    "NoAnswer",
    "Refused",
    "code_of",
    "one_moment",
    "refusal",
]

Answer = TypeVar("Answer")
Refused = ClientError
REFUSALS = (ClientError, BotoCoreError)

SESSION_SECONDS = 3600
SPARE = timedelta(minutes=5)
SESSIONS_KEPT = 2048


@dataclass(frozen=True)
class Attendee:
    """Who works here: `handle` by the course's convention, in which account, region and event."""

    handle: str
    account: str
    region: str
    prefix: str


class Session:
    """AWS under one set of keys."""

    def __init__(self, aws: "Aws", keys: Keys) -> None:
        self.keys = keys
        self._aws = aws

    def client(self, service: str) -> Any:
        """A boto3 client of `service` ("codepipeline"); threads may share it."""
        return Voice(self._aws.shared(service), self.keys)

    def fresh(self) -> bool:
        """Whether the keys will last a while yet."""
        expires = self.keys.expires
        return expires is None or expires - datetime.now(UTC) > SPARE


class Clients:
    """boto3 clients of one region at one endpoint: each is made when it is first asked for, and shared."""

    def __init__(self, region: str, endpoint_url: str | None) -> None:
        self._endpoint_url = endpoint_url
        signed = botocore.session.get_session()
        signed._credentials = Speaker()
        self._boto = boto3.session.Session(botocore_session=signed, region_name=region)
        self._made: dict[str, Any] = {}
        self._lock = threading.Lock()

    def client(self, service: str) -> Any:
        """The one client of a service. Making one is not safe in threads, using it is: hence the lock."""
        if service not in self._made:
            with self._lock:
                if service not in self._made:
                    self._made[service] = self._make(service)
        return self._made[service]

    @cached_property
    def asker(self) -> Any:
        """A client of STS that signs nothing, and does not wait for long."""
        quick = Config(
            signature_version=UNSIGNED,
            connect_timeout=2,
            read_timeout=3,
            retries={"total_max_attempts": 1},
        )
        with self._lock:
            return self._boto.client("sts", endpoint_url=self._endpoint_url, config=quick)

    def _make(self, service: str) -> Any:
        client = self._boto.client(service, endpoint_url=self._endpoint_url, config=self._config())
        remember(client, who_speaks)
        count(client)
        return client

    def _config(self) -> Config:
        common: dict[str, Any] = {"connect_timeout": 5, "read_timeout": 60, "max_pool_connections": 32}
        if not self._endpoint_url:
            return Config(retries={"mode": "adaptive", "max_attempts": 6}, **common)
        return Config(
            retries={"mode": "standard", "total_max_attempts": 2},
            s3={"addressing_style": "path"},
            inject_host_prefix=False,
            **common,
        )


clients_of = lru_cache(maxsize=16)(Clients)  # a client takes a tenth of a second to make, and megabytes


class Aws:
    """The way to AWS: its endpoint, and the sessions assumed through it."""

    def __init__(self, region: str, endpoint_url: str | None = None, public_url: str | None = None) -> None:
        self.region = region
        self.endpoint_url = endpoint_url
        self.public_url = public_url or endpoint_url
        self._clients = clients_of(region, endpoint_url)
        self._lock = threading.Lock()
        self._assumed: OrderedDict[tuple[str, str, str], Session] = OrderedDict()

    def session(self, keys: Keys) -> Session:
        """A session under keys that are already there."""
        return Session(self, keys)

    def assumed(self, keys: Keys, role_arn: str, name: str) -> Session:
        """The session `name` under a role, tagged with it; assumed again before it expires."""
        key = (keys.access_key, role_arn, name)
        with self._lock:
            known = self._assumed.get(key)
        if known and known.fresh():
            return known
        made = Session(self, self._assume(keys, role_arn, name))
        with self._lock:
            self._assumed[key] = made
            while len(self._assumed) > SESSIONS_KEPT:
                self._assumed.popitem(last=False)
        return made

    def _assume(self, keys: Keys, role_arn: str, name: str) -> Keys:
        answer = (
            self.session(keys)
            .client("sts")
            .assume_role(
                RoleArn=role_arn,
                RoleSessionName=name,
                DurationSeconds=SESSION_SECONDS,
                Tags=[{"Key": "handle", "Value": name}],
            )["Credentials"]
        )
        return Keys(
            answer["AccessKeyId"],
            answer["SecretAccessKey"],
            answer["SessionToken"],
            answer["Expiration"],
        )

    def shared(self, service: str) -> Any:
        """The client of a service that all share."""
        return self._clients.client(service)

    def silent(self) -> str:
        """What keeps it from answering, or ""; to be refused, as whoever does not sign, is an answer."""
        try:
            self._clients.asker.get_caller_identity()
        except ClientError as error:
            status = error.response["ResponseMetadata"]["HTTPStatusCode"]
            return "" if status < 500 else f"{status} {code_of(error)}"
        except BotoCoreError as error:
            return f"{type(error).__name__}: {error}"
        return ""


class Lab:
    """What a step is given: names, clients, a voice, the attendee's answers, and a way to look."""

    def __init__(
        self,
        attendee: Attendee,
        aws: Aws,
        keys: Keys,
        say: Callable[[str], None] | None = None,
        answers: MutableMapping[str, str] | None = None,
    ) -> None:
        """`keys` are those of the user who may assume the attendee's role in this account."""
        self.attendee = attendee
        self.handle = attendee.handle
        self.account = attendee.account
        self.region = attendee.region
        self.prefix = attendee.prefix
        self.branch = "master"
        self.role = f"{attendee.prefix}meetuprole"
        self.repository = f"{attendee.prefix}repo"
        self.packages = f"{attendee.prefix}-packages-{attendee.account}"
        self.artifacts = f"codepipeline-{attendee.region}-{attendee.account}"
        self.pipeline_role = f"{attendee.prefix}-codepipeline-role"
        self.deploy_role = f"{attendee.prefix}-cfn-role"
        self.build_role = f"codebuild-{self.name('build')}-service-role"
        self.build_policy = f"CodeBuildBasePolicy-{self.name('build')}-{self.region}"
        self.rule_role = f"cwe-role-{self.region}-{self.name('pipeline')}"
        self.rule_policy = f"start-pipeline-execution-{self.region}-{self.name('pipeline')}"
        self.answers = {} if answers is None else answers
        self.endpoint_url = aws.public_url
        host = self.endpoint_url or f"https://git-codecommit.{self.region}.amazonaws.com"
        self.git_url = f"{host}/v1/repos/{self.repository}"
        self._aws = aws
        self._keys = keys
        self._say = say

    def name(self, thing: str) -> str:
        """The attendee's own name for a thing: "pipeline" is `paulf-pg23-pipeline`."""
        return f"{self.handle}-{self.prefix}-{thing}"

    def arn(self, service: str, resource: str) -> str:
        """An ARN in this account; IAM's have no region, S3's neither region nor account."""
        region = "" if service in ("iam", "sts") else self.region
        if service == "s3":
            return f"arn:aws:s3:::{resource}"
        return f"arn:aws:{service}:{region}:{self.account}:{resource}"

    def client(self, service: str) -> Any:
        """A boto3 client, as assumed-role/<role>/<handle>. Refusals are botocore's own errors."""
        return self._session().client(service)

    def credentials(self) -> dict[str, Any]:
        """For the CLI: AccessKeyId, SecretAccessKey, SessionToken, Expiration (a datetime)."""
        keys = self._session().keys
        return {
            "AccessKeyId": keys.access_key,
            "SecretAccessKey": keys.secret_key,
            "SessionToken": keys.token,
            "Expiration": keys.expires,
        }

    def caller(self, keys: Keys) -> str:
        """The ARN of whoever holds these keys, as AWS says. Refusals are botocore's own errors."""
        return str(self._aws.session(keys).client("sts").get_caller_identity()["Arn"])

    def say(self, line: str) -> None:
        """One line of progress that people read: "Created the project paulf-pg23-build"."""
        if self._say:
            self._say(line)

    def there(self, line: str) -> None:
        """One line about what a `do` has found there already: "The role … is there"."""
        self.say(line)

    def waits(self, seconds: float, what: str) -> Iterator[None]:  # noqa: ARG002 - for those who plan
        """A turn per look at something that is under way, until time is up: the one way to wait.

        A plan of what a step would do ends here, because how the wait ends nobody knows before.

        `what` says what for, as a plan reads it: "an event to start the pipeline".
        """
        last = time.monotonic() + seconds
        while time.monotonic() < last:
            yield
            time.sleep(self.pace)

    def patiently(self, attempt: Callable[[], Answer], *codes: str) -> Answer:
        """Try until AWS no longer refuses with `codes`: what is new is not known everywhere at once."""
        return patiently(attempt, codes, seconds=60 if self.real else 0)

    def fetch(self, url: str) -> Reply:
        """GET the attendee's application. Raises `NoAnswer` where nothing answers."""
        return visit(url, self._aws.endpoint_url, self._aws.public_url)

    @property
    def real(self) -> bool:
        """Whether this is AWS itself, with its console."""
        return self._aws.endpoint_url is None

    @property
    def pace(self) -> float:
        """Seconds between two looks at something that is under way (AWS throttles faster ones)."""
        return 5.0 if self.real else 0.3

    def console(self, thing: str, *names: str) -> str | None:
        """A deep link into the AWS console ("pipeline", name), or None where there is none."""
        return link(self.account, self.region, thing, *names) if self.real else None

    def _session(self) -> Session:
        role = self.arn("iam", f"role/{self.role}")
        return self._aws.assumed(self._keys, role, self.handle)


def code_of(error: ClientError) -> str:
    """AWS's own code of a refusal: "NoSuchEntity"."""
    return str(error.response.get("Error", {}).get("Code", "Unknown"))


def refusal(error: ClientError | BotoCoreError) -> tuple[str, str, str]:
    """What AWS said when it refused or did not answer: its code, its message, what to do."""
    if not isinstance(error, ClientError):
        return (
            type(error).__name__,
            str(error),
            "AWS did not answer. Nothing is lost: look again in a moment.",
        )
    code = code_of(error)
    message = str(error.response.get("Error", {}).get("Message") or error)
    if "Denied" in code or "Unauthorized" in code:
        return code, message, "Your role may not read this, so we could not tell. Ask for help."
    return code, message, "AWS refused the question, so we could not tell. Look again in a moment."
