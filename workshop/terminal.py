"""Credentials for a terminal of the attendee's own: the same ones in each shell's words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from workshop.lab import SPARE, Lab
from workshop.language.tongue import gettext

HELPER = "!aws codecommit credential-helper $@"
# The CLI's helper answers for hosts of Amazon only, unless told otherwise.
HELPER_ANYWHERE = "!aws codecommit --endpoint-url {endpoint} credential-helper --ignore-host-check $@"


@dataclass(frozen=True)
class Way:
    """One way to use the credentials: `text` to copy, and where it goes."""

    key: str
    title: str
    advice: str
    text: str
    more: str = ""
    more_advice: str = ""


@dataclass(frozen=True)
class Credentials:
    """Everything the page shows."""

    expires: datetime | None
    ways: tuple[Way, ...]

    @property
    def renewed(self) -> datetime | None:
        """From when on there are new ones."""
        return self.expires - SPARE if self.expires else None


def still_good(expires: str) -> bool:
    """Whether credentials that expire then (ISO 8601, as the page says) need no renewal yet."""
    try:
        return datetime.fromisoformat(expires) - datetime.now(UTC) > SPARE
    except (ValueError, TypeError):
        return False


def credentials(lab: Lab) -> Credentials:
    """The credentials of the attendee's session. AWS's refusals are botocore's own errors."""
    given = lab.credentials()
    variables = {
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"] or "",
        "AWS_DEFAULT_REGION": lab.region,
        "AWS_REGION": lab.region,
    }
    if lab.endpoint_url:
        variables["AWS_ENDPOINT_URL"] = lab.endpoint_url
    ways = (_shell(variables), _powershell(variables), _profile(lab, variables), _git(lab))
    return Credentials(given["Expiration"], ways)


def _shell(variables: dict[str, str]) -> Way:
    lines = [f"export {name}='{value}'" for name, value in variables.items()]
    return Way(
        "shell", "bash, zsh", gettext("Paste it into your shell; it holds in that window."), "\n".join(lines)
    )


def _powershell(variables: dict[str, str]) -> Way:
    lines = [f"$env:{name} = '{value}'" for name, value in variables.items()]
    return Way(
        "powershell",
        "PowerShell",
        gettext("Paste it into PowerShell; it holds in that window."),
        "\n".join(lines),
    )


def _profile(lab: Lab, variables: dict[str, str]) -> Way:
    settings = [f"[profile {lab.prefix}]", f"region = {lab.region}"]
    if "AWS_ENDPOINT_URL" in variables:
        settings.append(f"endpoint_url = {variables['AWS_ENDPOINT_URL']}")
    keys = [
        f"[{lab.prefix}]",
        f"aws_access_key_id = {variables['AWS_ACCESS_KEY_ID']}",
        f"aws_secret_access_key = {variables['AWS_SECRET_ACCESS_KEY']}",
        f"aws_session_token = {variables['AWS_SESSION_TOKEN']}",
    ]
    return Way(
        "profile",
        gettext("Profile"),
        gettext(
            "Add to ~/.aws/credentials, and use it with --profile %(name)s in every window.", name=lab.prefix
        ),
        "\n".join(keys),
        "\n".join(settings),
        gettext("And once to ~/.aws/config:"),
    )


def _git(lab: Lab) -> Way:
    helper = HELPER_ANYWHERE.format(endpoint=lab.endpoint_url) if lab.endpoint_url else HELPER
    lines = [
        # An empty helper first: what your machine keeps for other hosts is not asked.
        "git clone -c credential.helper= \\",
        f"  -c credential.helper='{helper}' \\",
        "  -c credential.UseHttpPath=true \\",
        f"  {lab.git_url}",
    ]
    return Way(
        "git",
        "git",
        gettext("In a shell that has the credentials. The AWS CLI answers git's question for a password."),
        "\n".join(lines),
    )
