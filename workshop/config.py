"""How this installation is set up; the only place that reads the environment."""

from __future__ import annotations

import json
import os
import secrets
import shlex
import sys
from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict
from pydantic_settings import BaseSettings, SettingsConfigDict

HOME = Path(__file__).parent.parent
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Backend(BaseModel):
    """One way to an AWS: the local sandbox, another one, or (without `endpoint_url`) AWS itself.

    `account_credentials` is a command in the shape of AWS's credential_process; "{account}" in it is
    replaced, and it prints credentials that may set up that account. `account_removal` is a command
    that empties an account. `accounts` are those that may be handed out, one to an attendee; none
    means that an account is there as soon as somebody asks for it. `public_url` is how attendees
    reach the endpoint, where that is not as this program does.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = ""
    endpoint_url: str | None = None
    public_url: str | None = None
    account_credentials: str = ""
    account_removal: str = ""
    accounts: tuple[str, ...] = ()


class Config(BaseSettings):
    """Settings, each overridable by a variable such as WORKSHOP_PORT.

    `endpoint_url` and its companions are the way to AWS (see Backend): the local sandbox, or AWS itself
    without one. `backends` are further ways, as a JSON list, over which an event's attendees are
    spread. `alone` says whether people may join without an event.
    `proxies` is how many proxies stand in front, each of which says who asked and how; `https`
    whether browsers come by https; `hosts` the names, with commas, under which they come.
    `hooks_to_private` lets an event's news be sent to addresses of this machine and its network, and
    without https, which are refused otherwise.
    `oidc_issuer`, `oidc_client_id` and `oidc_client_secret` let facilitators in by OpenID Connect;
    `oidc_allowed` says whom besides those that owners have let in: addresses, @domains and claims
    (groups=facilitators), with commas.
    `graceful_seconds` is how long a web process that is asked to end may take over its last answers.
    `metrics_token` is what Prometheus shows at /metrics; `worker_port` where a worker answers it, if it does.
    `log_format` "auto" is lines of text where everything is on one machine (`local`), else JSON.
    """

    model_config = SettingsConfigDict(env_prefix="WORKSHOP_", frozen=True, extra="ignore")

    state: Path = Path("var")
    host: str = "127.0.0.1"
    port: int = 8000
    web_workers: int = 1
    sandbox_port: int = 4566
    database_url: str = ""
    secret: str = ""
    region: str = "eu-west-1"
    prefix: str = "pg23"
    title: str = "Serverless CI/CD with AWS"
    endpoint_url: str | None = None
    public_url: str | None = None
    account_credentials: str = ""
    account_removal: str = ""
    backends: tuple[Backend, ...] = ()
    alone: bool = True
    first_account: int = 424200000001
    local: bool = True
    https: bool | None = None
    proxies: int = 0
    hosts: str = ""
    hooks_to_private: bool = False
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = ""
    oidc_allowed: str = ""
    graceful_seconds: int = 30
    metrics_token: str = ""
    worker_port: int = 0
    log_format: Literal["auto", "text", "json"] = "auto"
    isolation: str = "auto"
    course: Path = HOME / "steps"
    sample_app: Path = HOME / "sample_app"

    @property
    def database(self) -> str:
        """The database's URL: SQLite in the state folder unless another is named."""
        return self.database_url or f"sqlite:///{self.state.resolve() / 'workshop.db'}"

    @property
    def ways(self) -> dict[str, Backend]:
        """Every way to an AWS by its name; that of these settings themselves is ""."""
        own = Backend(
            endpoint_url=self.endpoint_url,
            public_url=self.public_url,
            account_credentials=self.account_credentials,
            account_removal=self.account_removal,
        )
        return {one.name: one for one in (own, *self.backends)}

    @cached_property
    def secret_key(self) -> str:
        """Signs cookies and forms; kept in the state folder unless given."""
        return self.secret or _kept_secret(self.state / "web.key")

    @cached_property
    def metrics_key(self) -> str:
        """What has to be shown at /metrics; kept in the state folder unless given."""
        return self.metrics_token or _kept_secret(self.state / "metrics.key")

    def against_sandbox(self) -> Config:
        """The same settings, with the sandbox of this state folder as the AWS."""
        python, state = shlex.quote(sys.executable), shlex.quote(str(self.state.resolve()))
        erase = f"workshop sandbox erase --account {{account}} --state {state} --port {self.sandbox_port}"
        return self.model_copy(
            update={
                "endpoint_url": f"http://127.0.0.1:{self.sandbox_port}",
                "account_credentials": f"{python} -m workshop.sandbox.identity.root {{account}} {state}",
                "account_removal": f"{python} -m {erase}",
                "local": True,
            }
        )

    def environment(self) -> dict[str, str]:
        """The variables that give another process these settings."""
        given = {
            f"WORKSHOP_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
            for name, value in self.model_dump(mode="json").items()
            if value is not None
        }
        return os.environ | given


def _kept_secret(file: Path) -> str:
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return file.read_text()
    with os.fdopen(descriptor, "w") as out:
        out.write(secret := secrets.token_urlsafe(32))
    return secret
