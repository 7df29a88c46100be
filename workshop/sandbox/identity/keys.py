"""Finds the secret behind an access key, and whom it stands for."""

from __future__ import annotations

import base64
import binascii

from moto.iam.models import iam_backends

from workshop.sandbox.call import Credentials, Principal
from workshop.sandbox.identity.sessions import ROOT, Sessions, root_principal

# How AWS writes an account into its key ids, as moto's generator does: half of the number,
# counted from this one, and the odd one in the second half of the alphabet.
FIRST = 549755813888
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
ACCOUNT_PART = slice(4, 12)
ODD_PART = 12
KEY_LENGTH = 20


def account_of(access_key: str) -> str | None:
    """The account that an access key id names, None if it is no such id.

    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetAccessKeyInfo.html
    """
    if access_key.startswith(ROOT):
        return access_key.removeprefix(ROOT)
    if len(access_key) != KEY_LENGTH or not access_key.startswith(("AKIA", "ASIA")):
        return None
    try:
        number = int.from_bytes(base64.b32decode(access_key[ACCOUNT_PART]), "big") - FIRST
    except (binascii.Error, ValueError):
        return None
    odd = ALPHABET.find(access_key[ODD_PART]) >= len(ALPHABET) // 2
    return f"{number * 2 + odd:012d}" if number >= 0 else None


def long_term(access_key: str, sessions: Sessions) -> Credentials | None:
    """The root's or an IAM user's key pair; None if there is none or it was made inactive."""
    account = account_of(access_key)
    if account is None:
        return None
    if access_key.startswith(ROOT):
        return Credentials(access_key, sessions.secret(access_key), None, root_principal(account))
    if account not in iam_backends:
        return None
    iam = iam_backends[account]["aws"]
    key = iam.access_keys.get(access_key)
    user = iam.users.get(str(key.user_name)) if key else None
    if key is None or user is None or key.status != "Active":
        return None
    return Credentials(access_key, key.secret_access_key, None, Principal(account, user.arn, user.id))
