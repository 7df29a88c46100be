"""Prints the credentials of an account's root user: `… -m workshop.sandbox.identity.root 424200000001 var`.

It is what `workshop sandbox credentials --format process` prints, as botocore's credential_process wants it,
in a fifth of the time: every account that is prepared waits for it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from workshop.sandbox.identity.sessions import Sessions, load_key


def told(account: str, state: Path) -> str:
    """The credentials as JSON, made from the secret in the sandbox's state folder."""
    root = Sessions(load_key(state)).root(account)
    return json.dumps({"Version": 1, "AccessKeyId": root.access_key, "SecretAccessKey": root.secret_key})


if __name__ == "__main__":
    print(told(sys.argv[1], Path(sys.argv[2])))
