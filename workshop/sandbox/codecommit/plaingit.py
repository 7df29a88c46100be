"""`git` where a machine has none: dulwich's command line, answering CodeCommit's question for a password.

dulwich reads git's settings but asks no credential helper.  The password is computed here, as
the AWS CLI's helper does, from the credentials that boto3 finds.
"""

from __future__ import annotations

import hashlib
import re
import sys
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import dulwich.client
from botocore.session import Session
from dulwich.cli import main as dulwich_main

from workshop.sandbox.codecommit.signature import sign

REPOSITORY = re.compile(r"/v1/repos/[^/]+")


def answer(url: str, _asked: str, attempt: int) -> dict[str, str] | None:
    """User name and password for a repository's URL; None if there are none to try."""
    path = REPOSITORY.match(urlsplit(url).path)
    session = Session()
    credentials = session.get_credentials()
    region = session.get_config_variable("region")
    if not (path and credentials and region) or attempt > 1:
        return None
    host, time = urlsplit(url).netloc, datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    digest = hashlib.sha256(f"GIT\n{path[0]}\n\nhost:{host}\n\nhost\n".encode()).hexdigest()
    token = f"%{credentials.token}" if credentials.token else ""
    return {
        "username": credentials.access_key + token,
        "password": f"{time}Z{sign(credentials.secret_key, time, region, digest)}",
    }


def main() -> None:
    """Run dulwich's command line with these answers."""
    plain = dulwich.client.default_urllib3_manager

    def answering(*arguments: Any, **options: Any) -> Any:
        return plain(*arguments, **{**options, "auth_callback": answer})

    setattr(dulwich.client, plain.__name__, answering)
    sys.exit(dulwich_main())


if __name__ == "__main__":
    main()
