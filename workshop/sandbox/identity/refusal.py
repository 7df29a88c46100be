"""AWS's words and codes for credentials that are missing, unknown, wrong or too old.

https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
https://docs.aws.amazon.com/IAM/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from botocore.exceptions import UnknownServiceError
from moto.core.utils import get_service_model

from workshop.sandbox.call import AwsError

FORBIDDEN: Final = 403
CBOR: Final = "smithy-rpc-v2-cbor"  # its services speak JSON as well, with the same errors
S3_WORDS: Final[Mapping[str, tuple[str, int, str]]] = MappingProxyType(
    {
        "missing": ("AccessDenied", FORBIDDEN, "Access Denied"),
        "unknown": (
            "InvalidAccessKeyId",
            FORBIDDEN,
            "The AWS Access Key Id you provided does not exist in our records.",
        ),
        "token": ("InvalidToken", 400, "The provided token is malformed or otherwise invalid."),
        "wrong": (
            "SignatureDoesNotMatch",
            FORBIDDEN,
            "The request signature we calculated does not match the signature you provided. "
            "Check your key and signing method.",
        ),
        "expired": ("ExpiredToken", 400, "The provided token has expired."),
        "skewed": (
            "RequestTimeTooSkewed",
            FORBIDDEN,
            "The difference between the request time and the current time is too large.",
        ),
        "link": ("AccessDenied", FORBIDDEN, "Request has expired"),
        "malformed": (
            "AuthorizationHeaderMalformed",
            400,
            "The authorization header that you provided is not valid.",
        ),
    }
)
INVALID_TOKEN: Final = "The security token included in the request is invalid."
WORDS: Final[Mapping[str, tuple[str, str, str]]] = MappingProxyType(
    {
        "missing": (
            "MissingAuthenticationToken",
            "MissingAuthenticationTokenException",
            "Request is missing Authentication Token",
        ),
        "unknown": ("InvalidClientTokenId", "UnrecognizedClientException", INVALID_TOKEN),
        "token": ("InvalidClientTokenId", "UnrecognizedClientException", INVALID_TOKEN),
        "wrong": (
            "SignatureDoesNotMatch",
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided. Check your "
            "AWS Secret Access Key and signing method. Consult the service documentation for details.",
        ),
        "expired": (
            "ExpiredToken",
            "ExpiredTokenException",
            "The security token included in the request is expired",
        ),
        "skewed": (
            "SignatureDoesNotMatch",
            "InvalidSignatureException",
            "Signature expired: the request was not made within 5 minutes of the current time.",
        ),
        "link": ("SignatureDoesNotMatch", "InvalidSignatureException", "Signature expired"),
        "malformed": (
            "IncompleteSignature",
            "IncompleteSignatureException",
            "Authorization header is not in the form of an AWS signature.",
        ),
    }
)


class Fault(StrEnum):
    """What may be wrong with a request's credentials."""

    MISSING = "missing"
    UNKNOWN = "unknown"
    TOKEN = "token"
    WRONG = "wrong"
    EXPIRED = "expired"
    SKEWED = "skewed"
    LINK_EXPIRED = "link"
    MALFORMED = "malformed"


def rejected(service: str, fault: Fault, detail: str = "") -> AwsError:
    """The error with which a service meets such credentials; `detail` takes the place of its message."""
    if service == "s3":
        code, status, message = S3_WORDS[fault]
        return AwsError(code, detail or message, status)
    code, json_code, message = WORDS[fault]
    protocol = _protocol(service)
    if "json" not in protocol:
        return AwsError(code, detail or message, FORBIDDEN)
    return AwsError(json_code, detail or message, 400 if protocol == "json" else FORBIDDEN)


def _protocol(service: str) -> str:
    try:
        protocol = str(get_service_model(service).protocol)
    except UnknownServiceError:
        return "json"
    return "json" if protocol == CBOR else protocol
