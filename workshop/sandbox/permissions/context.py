"""What a request tells about itself: the condition keys that every service has.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from werkzeug.datastructures import Headers

from workshop.sandbox.call import SOURCE_ARN, Call, Principal
from workshop.sandbox.permissions.grants import SOURCE_IDENTITY, entity_of, marks, user_name

Values = tuple[str, ...]
TAG_PARAMETERS = ("Tags", "tags", "TagSet")


def of_caller(caller: Principal) -> dict[str, Values]:
    """Who calls."""
    if caller.is_service:
        return _of_service(caller)
    found: dict[str, Values] = {
        "aws:principalarn": (caller.role or caller.arn,),
        "aws:principalaccount": (caller.account,),
        "aws:principalisawsservice": ("false",),
        "aws:principaltype": (_kind(caller),),
        "aws:userid": (caller.user_id,),
    }
    if ":user/" in caller.arn:
        found["aws:username"] = (user_name(caller),)
    if source := marks(caller).get(SOURCE_IDENTITY):
        found["aws:sourceidentity"] = (source,)
    if caller.expires:
        found["aws:multifactorauthpresent"] = ("false",)
    return found | _principal_tags(caller)


def _of_service(caller: Principal) -> dict[str, Values]:
    found: dict[str, Values] = {
        "aws:principalisawsservice": ("true",),
        "aws:principalservicename": (caller.arn,),
        "aws:sourceaccount": (caller.account,),
    }
    source = dict(caller.tags).get(SOURCE_ARN)
    return found | {"aws:sourcearn": (source,)} if source else found


def _kind(caller: Principal) -> str:
    if caller.role:
        return "AssumedRole"
    if caller.is_root:
        return "Account"
    return "FederatedUser" if ":federated-user/" in caller.arn else "User"


def _principal_tags(caller: Principal) -> dict[str, Values]:
    """The tags of the role or user; those of the session go before them."""
    tags = _tags(getattr(entity_of(caller), "tags", None) or ())
    tags |= {key.lower(): (value,) for key, value in caller.tags if not key.startswith("aws:")}
    return {f"aws:principaltag/{key}": value for key, value in tags.items()}


def always(now: float) -> dict[str, Values]:
    """What holds for every request: when it is made and how it travels.

    A loopback connection counts as secure: it never leaves the machine.
    """
    return {
        "aws:currenttime": (datetime.fromtimestamp(now, UTC).isoformat(),),
        "aws:epochtime": (str(int(now)),),
        "aws:securetransport": ("true",),
        "aws:viaawsservice": ("false",),
    }


def folded(context: Mapping[str, str | Sequence[str]]) -> dict[str, Values]:
    """Condition keys as the evaluation wants them: in lower case, each with its values."""
    return {k.lower(): (v,) if isinstance(v, str) else tuple(v) for k, v in context.items()}


def of_request(call: Call, now: float, headers: Headers) -> dict[str, Values]:
    """When, from where and for which region a call is made, and the tags it brings."""
    found = always(now) | {"aws:requestedregion": (call.region,), "aws:sourceip": (call.source_ip,)}
    if agent := headers.get("User-Agent"):
        found["aws:useragent"] = (agent,)
    if referer := headers.get("Referer"):
        found["aws:referer"] = (referer,)
    return found | _request_tags(call.params)


def _request_tags(params: Mapping[str, Any]) -> dict[str, Values]:
    tags = next((params[name] for name in TAG_PARAMETERS if params.get(name)), None)
    keys = params.get("TagKeys") or params.get("tagKeys") or ()
    brought = _tags(tags) if tags else {}
    if not brought and not keys:
        return {}
    found = {f"aws:requesttag/{key}": value for key, value in brought.items()}
    return found | {"aws:tagkeys": (*brought, *keys)}


def _tags(tags: Mapping[str, str] | Iterable[Mapping[str, str]]) -> dict[str, Values]:
    """Tags of any of AWS's spellings, their keys in lower case."""
    if isinstance(tags, Mapping):
        return {str(key).lower(): (str(value),) for key, value in tags.items()}
    found: dict[str, Values] = {}
    for tag in tags:
        if isinstance(tag, Mapping):
            lowered = {str(key).lower(): str(value) for key, value in tag.items()}
            found[lowered.get("key", "").lower()] = (lowered.get("value", ""),)
    return found
