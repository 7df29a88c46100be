"""What is taken out of the log, and what stays readable in it."""

from __future__ import annotations

import base64
import random

import pytest

from workshop.operations.redaction import HIDDEN, Redaction

CHANCE = random.Random(4242)
redact = Redaction(["hunter2!", "x"])


def drawn(size: int) -> str:
    return base64.urlsafe_b64encode(CHANCE.randbytes(size)).decode().rstrip("=")


@pytest.mark.parametrize("size", [20, 24, 32, 64, 300])
def test_words_drawn_by_chance_are_hidden_wherever_they_stand(size: int) -> None:
    for _ in range(300):
        secret = drawn(size)
        for place in ("{}", "it said '{}', then ended", "x={}&y=1", '{{"a": "{}"}}', "<{}>"):
            assert secret not in redact(place.format(secret))


def test_secret_keys_of_aws_are_hidden() -> None:
    for _ in range(300):
        secret = base64.b64encode(CHANCE.randbytes(30)).decode()
        assert secret not in redact(f"key {secret}.")


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("AKIAIOSFODNN7EXAMPLE and ASIAIOSFODNN7EXAMPLE", f"AKIA{HIDDEN} and ASIA{HIDDEN}"),
        ("postgresql://workshop:secret@db/x", f"postgresql://workshop:{HIDDEN}@db/x"),
        ("password=short next", f"password={HIDDEN} next"),
        ('{"Password": "short", "name": "Ada"}', f'{{"Password": "{HIDDEN}", "name": "Ada"}}'),
        ("Authorization: Bearer abc def", f"Authorization: {HIDDEN}"),
        ("{'Cookie': 'a=b; c=d', 'Host': 'here'}", f"{{'Cookie': {HIDDEN}, 'Host': 'here'}}"),
        ("GET /go-on/abc?x=1 failed", f"GET /go-on/{HIDDEN}?x=1 failed"),
        ("POST /e/K7QMPD", f"POST /e/{HIDDEN}"),
        ("/staff/set-up/abc and /staff/welcome/abc", f"/staff/set-up/{HIDDEN} and /staff/welcome/{HIDDEN}"),
        ("GET /staff/oidc/back?code=abc&state=def", f"GET /staff/oidc/back?code={HIDDEN}&state={HIDDEN}"),
        ("ticket: abc", f"ticket: {HIDDEN}"),
        ("hash $argon2id$v=19$m=65536,t=3,p=4$abc$def", f"hash {HIDDEN}"),
        ("the word hunter2! is known", f"the word {HIDDEN} is known"),
        ("a\n-----BEGIN PRIVATE KEY-----\nabc\n-----END PRIVATE KEY-----\nb", f"a\n{HIDDEN}\nb"),
    ],
)
def test_secrets_are_known_by_name_and_place(said: str, kept: str) -> None:
    assert redact(said) == kept


@pytest.mark.parametrize(
    "said",
    [
        "arn:aws:iam::424200000001:role/CodeBuildBasePolicy-paulf-pg23-build-eu-west-1",
        "arn:aws:sts::424200000001:assumed-role/AWSCodePipelineServiceRole-eu-west-1/paulf",
        "commit 8f14e45fceea167a5a36dedd4bea2543f0a1b2c3 of paulf-pg23-repo",
        "reference 1f2e3d4c: GET /steps/<slug>/check",
        "worker host-4242-9f8e7d6c is gone, its jobs are taken over",
        "job 2f0c1d5e-7b1a-4c55-9a80-0d6f3c1b2a49 took 12.5 s",
        'File "/usr/lib/python3/dist-packages/botocore/client.py", line 1023, in _make_api_call',
        "EntityTemporarilyUnmodifiableException: The role cannot be changed",
        "sqlalchemy.exc.OperationalError: (psycopg.OperationalError) connection failed",
        "s3://pg23-packages-424200000001/paulf-pg23-pipeline/BuildArtif/a1b2c3d",
        "2026-11-28T07:31:21.123+00:00",
        "(Background on this error at: https://sqlalche.me/e/20/e3q8)",
    ],
)
def test_what_helps_to_find_a_mistake_stays(said: str) -> None:
    assert redact(said) == said


def test_values_too_short_to_be_secrets_are_not_taken_out_of_words() -> None:
    assert redact("exact") == "exact"
