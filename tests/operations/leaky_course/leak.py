"""Says secrets in every way that a library or a hurried author might."""

import json
import logging
import warnings
from typing import Any

from workshop.lab import Lab
from workshop.vault import Vault

log = logging.getLogger("leaky")


def do(lab: Lab) -> None:
    _say_it_all(lab)
    raise RuntimeError(f"could not sign in with {lab.credentials()!r}")


def check_it_leaks(lab: Lab) -> str:
    """It leaks."""
    _say_it_all(lab)
    given = lab.credentials()
    raise KeyError(given["SecretAccessKey"], given["SessionToken"])


def _say_it_all(lab: Lab) -> None:
    given = lab.credentials()
    named: dict[str, Any] = {f"AWS_{name}": str(value) for name, value in given.items()}
    log.warning("this is line one of what leaks: %s", json.dumps(named))
    log.warning("bare: %s %s", given["SecretAccessKey"], given["SessionToken"])
    log.warning("with values %(secret)r", {"secret": given["SecretAccessKey"]})
    log.error("signed", extra={"subject": {"token": given["SessionToken"]}})
    warnings.warn(f"key {given['SecretAccessKey']}", stacklevel=1)
    try:
        raise ValueError(given["SecretAccessKey"]) from PermissionError(given["AccessKeyId"])
    except ValueError:
        log.exception("caught %s", Vault.__name__)
