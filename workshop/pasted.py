"""Looks over what somebody copied, and says when it is not the credentials that they need.

It is read, judged and forgotten: nothing of it is stored, logged, or put into the answer. Long-term
keys are recognised by their prefix and never sent anywhere (IAM User Guide, "IAM identifiers":
AKIA is an access key, ASIA temporary credentials).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from workshop.lab import REFUSALS, Keys, Lab, refusal
from workshop.language.tongue import enumerated, gettext, marked

KEY_ID = re.compile(r"\b(A[KS]IA[A-Z0-9]{12,124})\b")
NAMES = {
    "access_key": r"aws_access_key_id|AccessKeyId",
    "secret_key": r"aws_secret_access_key|SecretAccessKey",
    "token": r"aws_session_token|aws_security_token|SessionToken",
    "region": r"aws_default_region|aws_region|region",
    "endpoint": r"aws_endpoint_url|endpoint_url",
}
# export A='b', $env:A = "b", set A=b, a = b, "A": "b"
VALUE = r"""(?im)(?<![\w])["']?(?:{names})["']?\s*[=:]\s*["']?([^\s"',;]+)"""
CONSOLE = re.compile(r"(console|signin)\.(aws\.amazon|amazonaws)\.com|awsapps\.com")
ARN = re.compile(r"arn:aws[\w-]*:(?:iam|sts)::(\d{12}):(\S+)")
EXPIRED = ("ExpiredToken", "ExpiredTokenException", "RequestExpired")
UNKNOWN = ("InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId")


@dataclass(frozen=True)
class Copied:
    """What was found in a text; "" for what was not."""

    access_key: str = ""
    secret_key: str = ""
    token: str = ""
    region: str = ""
    endpoint: str = ""

    def __repr__(self) -> str:
        """Without what it holds: a traceback may show it."""
        return "Copied(…)"


@dataclass(frozen=True)
class Verdict:
    """What it is, in words, and what to do; `good` if these are the credentials that are needed."""

    good: bool
    words: str
    advice: str = ""


def read(text: str) -> Copied:
    """The credentials in a text: exports, PowerShell, a profile, or JSON as `aws` prints it."""
    found = {key: re.search(VALUE.format(names=names), text) for key, names in NAMES.items()}
    values = {key: match[1] for key, match in found.items() if match}
    if "access_key" not in values and (bare := KEY_ID.search(text)):
        values["access_key"] = bare[1]
    return Copied(**values)


def secret(text: str) -> bool:
    """Whether a text holds what must not be kept: a secret key or a session token, or a key's ID."""
    copied = read(text)
    return bool(copied.secret_key or copied.token or KEY_ID.search(text))


def judge(text: str, lab: Lab) -> Verdict:
    """What the text is, for this attendee. AWS is asked only about temporary credentials."""
    copied = read(text)
    wrong = (
        _no_keys(text, copied, lab) or _long_term(copied) or _incomplete(copied) or _elsewhere(copied, lab)
    )
    return wrong or _asked(copied, lab)


def _no_keys(text: str, copied: Copied, lab: Lab) -> Verdict | None:
    if not text.strip():
        return Verdict(False, gettext("There is nothing here."), gettext("Paste what you have copied."))
    if copied.access_key or copied.secret_key or copied.token:
        return None
    if CONSOLE.search(text) or urlsplit(text.strip()).scheme in ("http", "https"):
        console = gettext("That is the address of the AWS console, not credentials.")
        return Verdict(
            False,
            console if CONSOLE.search(text) else gettext("That is an address, not credentials."),
            gettext(
                "An address opens a page in a browser. A terminal needs the access key, the secret key"
                " and the session token: copy them from “Credentials for the AWS CLI”."
            ),
        )
    if arn := ARN.search(text):
        return Verdict(False, *_of_arn(arn[1], arn[2], lab))
    if re.fullmatch(r"\d{4}-?\d{4}-?\d{4}", text.strip()):
        return Verdict(False, gettext("That is an account number, not credentials."), gettext(TAKE))
    return Verdict(False, gettext("There are no AWS credentials in it."), gettext(TAKE))


TAKE = marked("Take the whole text that “Credentials for the AWS CLI” offers, with its Copy button.")


def _of_arn(account: str, resource: str, lab: Lab) -> tuple[str, str]:
    if account != lab.account:
        words = gettext(
            "That is an ARN in the account %(account)s; yours is %(mine)s.", account=account, mine=lab.account
        )
        return words, gettext(TAKE)
    words = gettext("That is the name of %(what)s (an ARN), not its credentials.", what=resource[:80])
    return words, gettext(TAKE)


def _long_term(copied: Copied) -> Verdict | None:
    if copied.access_key.startswith("AKIA"):
        return Verdict(
            False,
            gettext(
                "Those are long-term access keys of a user (AKIA…). They have not been used or kept here."
            ),
            gettext(
                "They do not expire, so do not paste them anywhere, and if they are from your work, consider"
                " changing them. This workshop needs the temporary ones of your role (ASIA…)."
            ),
        )
    if copied.access_key and not copied.access_key.startswith("ASIA"):
        return Verdict(
            False, gettext("The access key is not one of AWS's temporary ones (ASIA…)."), gettext(TAKE)
        )
    return None


def _incomplete(copied: Copied) -> Verdict | None:
    parts = {
        gettext("the access key ID"): copied.access_key,
        gettext("the secret access key"): copied.secret_key,
        gettext("the session token"): copied.token,
    }
    missing = [name for name, value in parts.items() if not value]
    if not missing:
        return None
    words = gettext("It lacks %(parts)s.", parts=enumerated(missing))
    if copied.access_key and copied.secret_key:
        words = f"{words} " + gettext("Temporary keys do not work without their token.")
    return Verdict(False, words, gettext(TAKE))


def _elsewhere(copied: Copied, lab: Lab) -> Verdict | None:
    if copied.region and copied.region != lab.region:
        return Verdict(
            False,
            gettext(
                "The region is %(region)s; everything of yours is in %(mine)s.",
                region=copied.region[:40],
                mine=lab.region,
            ),
            gettext("Set AWS_REGION and AWS_DEFAULT_REGION to %(region)s.", region=lab.region),
        )
    return None


def _asked(copied: Copied, lab: Lab) -> Verdict:
    """What AWS says of them, by sts:GetCallerIdentity, which needs no permission."""
    try:
        who = lab.caller(Keys(copied.access_key, copied.secret_key, copied.token))
    except REFUSALS as error:
        return _refused(*refusal(error)[:2])
    mine = lab.arn("sts", f"assumed-role/{lab.role}/{lab.handle}")
    if who != mine:
        return _another(who, mine)
    if lab.endpoint_url and copied.endpoint.rstrip("/") != lab.endpoint_url.rstrip("/"):
        missing = gettext(
            "They are yours and they work, but AWS_ENDPOINT_URL is missing: your calls would go to"
            " another AWS."
        )
        other = gettext(
            "They are yours and they work, but AWS_ENDPOINT_URL is %(url)s: your calls would go to"
            " another AWS.",
            url=copied.endpoint[:80],
        )
        advice = gettext("Set AWS_ENDPOINT_URL to %(url)s.", url=lab.endpoint_url)
        return Verdict(False, other if copied.endpoint else missing, advice)
    return Verdict(True, gettext("These are yours, and AWS accepts them: %(who)s", who=who))


def _another(who: str, mine: str) -> Verdict:
    account, resource = who.split(":")[4], who.rpartition(":")[2]
    if account != mine.split(":")[4]:
        words = gettext(
            "They work, but in the account %(account)s; yours is %(mine)s.",
            account=account,
            mine=mine.split(":")[4],
        )
        return Verdict(False, words, gettext(TAKE))
    if resource.rpartition("/")[0] == mine.rpartition(":")[2].rpartition("/")[0]:
        whose = resource.rpartition("/")[2]
        words = gettext("They are of another attendee's session, %(whose)s.", whose=whose)
        return Verdict(False, words, gettext(TAKE))
    words = gettext(
        "They work, but they are of %(who)s, not of %(mine)s.", who=resource, mine=mine.rpartition(":")[2]
    )
    return Verdict(False, words, gettext(TAKE))


def _refused(code: str, message: str) -> Verdict:
    if code in EXPIRED:
        words = gettext("They have expired: %(code)s.", code=code)
        return Verdict(False, words, gettext("Take new ones; these last an hour."))
    if code in UNKNOWN:
        words = gettext("AWS does not know them (%(code)s).", code=code)
        return Verdict(False, words, gettext("Are they of this account?") + " " + gettext(TAKE))
    if code.startswith("Signature") or code in ("InvalidSignatureException", "IncompleteSignature"):
        words = gettext("The secret key does not fit the access key (%(code)s).", code=code)
        return Verdict(False, words, gettext(TAKE))
    words = gettext("AWS did not accept them: %(why)s", why=f"{code}: {message[:300]}")
    return Verdict(False, words, gettext("Try again in a moment."))


class SecretPasted(Exception):
    """Somebody pasted credentials where an answer is wanted, and answers are kept."""


def harmless(given: dict[str, str]) -> dict[str, str]:
    """What may be kept of a form. Raises SecretPasted."""
    if any(secret(value) for key, value in given.items() if key != "csrf_token"):
        raise SecretPasted
    return given
