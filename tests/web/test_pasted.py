"""Whatever people paste: they are told what it is, and nothing of it is kept."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable

import pytest

from tests.web.conftest import Attending
from tests.web.test_terminal import texts
from workshop.config import Config
from workshop.guide import Guide
from workshop.lab import Lab
from workshop.pasted import judge, read, secret

KEY, SECRET, TOKEN = "ASIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "IQoJb3JpZ2luX2VjE=="
TRIPLE = {"AccessKeyId": KEY, "SecretAccessKey": SECRET, "SessionToken": TOKEN}


@pytest.mark.parametrize(
    "text",
    [
        f"export AWS_ACCESS_KEY_ID='{KEY}'\nexport AWS_SECRET_ACCESS_KEY='{SECRET}'\n"
        f"export AWS_SESSION_TOKEN='{TOKEN}'",
        f'$env:AWS_ACCESS_KEY_ID = "{KEY}"\n$env:AWS_SECRET_ACCESS_KEY = "{SECRET}"\n'
        f'$env:AWS_SESSION_TOKEN = "{TOKEN}"',
        f"set AWS_ACCESS_KEY_ID={KEY}\r\nset AWS_SECRET_ACCESS_KEY={SECRET}\r\nset AWS_SESSION_TOKEN={TOKEN}",
        f"[pg23]\naws_access_key_id = {KEY}\naws_secret_access_key={SECRET}\naws_session_token = {TOKEN}\n",
        json.dumps({"Credentials": TRIPLE}, indent=4),
        json.dumps({"Version": 1, **TRIPLE}),
    ],
)
def test_credentials_are_read_in_every_dress(text: str) -> None:
    found = read(text)
    assert (found.access_key, found.secret_key, found.token) == (KEY, SECRET, TOKEN)
    assert secret(text)
    assert SECRET not in repr(found)


@pytest.mark.parametrize(
    "text",
    [
        "arn:aws:sts::424200000007:assumed-role/pg23meetuprole/paulf",
        '{"UserId": "AROAIOSFODNN7EXAMPLE:paulf", "Account": "424200000007"}',
        "s3:PutObject",
        "my region is eu-west-1",
    ],
)
def test_answers_are_no_secrets(text: str) -> None:
    assert not secret(text)


@pytest.fixture
def lab(paul: Attending, guide: Guide) -> Lab:
    return guide.lab_of(paul.enrolled)


def exports(lab: Lab, **others: str) -> str:
    given = lab.credentials()
    values = {
        "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
        "AWS_SESSION_TOKEN": given["SessionToken"],
    } | others
    return "\n".join(f"export {name}='{value}'" for name, value in values.items() if value)


def test_the_wrong_thing_is_called_by_its_name(lab: Lab) -> None:
    console = f"https://{lab.region}.console.aws.amazon.com/codesuite/codepipeline/pipelines"
    cases = {
        "": "nothing here",
        "hello": "no AWS credentials",
        console: "address of the AWS console",
        "https://example.com/x": "an address",
        "https://my.awsapps.com/start": "address of the AWS console",
        "4242-0000-0007": "account number",
        f"arn:aws:iam::{lab.account}:role/pg23meetuprole": "an ARN",
        "arn:aws:iam::999999999999:role/x": "account 999999999999",
        f"AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE\nAWS_SECRET_ACCESS_KEY={SECRET}": "long-term",
        "AKIAIOSFODNN7EXAMPLE": "long-term",
        f"AWS_ACCESS_KEY_ID={KEY}\nAWS_SECRET_ACCESS_KEY={SECRET}": "lacks the session token",
        KEY: "lacks the secret access key and the session token",
    }
    for text, words in cases.items():
        verdict = judge(text, lab)
        assert not verdict.good
        assert words in verdict.words, text


def test_ones_own_credentials_are_good(lab: Lab) -> None:
    assert judge(exports(lab, AWS_ENDPOINT_URL=lab.endpoint_url or ""), lab).good


def test_another_region_is_named(lab: Lab) -> None:
    assert "eu-north-1" in judge(exports(lab, AWS_REGION="eu-north-1"), lab).words


def test_a_secret_that_does_not_fit_is_told_from_unknown_keys(lab: Lab) -> None:
    assert "does not fit" in judge(exports(lab, AWS_SECRET_ACCESS_KEY=SECRET), lab).words
    assert "does not know them" in judge(exports(lab, AWS_ACCESS_KEY_ID=KEY), lab).words


def test_another_attendees_credentials_are_of_another_account(
    lab: Lab, join: Callable[[str], Attending], guide: Guide
) -> None:
    other = guide.lab_of(join("annab").enrolled)
    assert f"account {other.account}" in judge(exports(other), lab).words


def test_a_missing_endpoint_would_lead_to_another_aws(lab: Lab) -> None:
    assert "AWS_ENDPOINT_URL is missing" in judge(exports(lab), lab).words
    assert "another AWS" in judge(exports(lab, AWS_ENDPOINT_URL="http://localhost:1"), lab).words


def test_what_the_terminal_page_offers_is_found_good_there(paul: Attending) -> None:
    copied = texts(paul.visitor.text("/terminal"))["shell"]
    page = paul.visitor.post("/terminal/pasted", pasted=copied).get_data(as_text=True)
    assert "These are yours, and AWS accepts them" in page


def test_nothing_that_is_pasted_is_kept_logged_or_shown(
    paul: Attending, config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    text = f"AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE\nAWS_SECRET_ACCESS_KEY={SECRET}"
    page = paul.visitor.press("/terminal/pasted", pasted=text).get_data(as_text=True)
    assert "long-term access keys" in page
    kept = b"".join(file.read_bytes() for file in config.state.rglob("*") if file.is_file())
    assert SECRET not in page + caplog.text
    assert SECRET.encode() not in kept


def test_keys_in_the_place_of_an_answer_are_refused_and_not_kept(paul: Attending, guide: Guide) -> None:
    answer = paul.visitor.press("/steps/answer/check", colour=f"AWS_SECRET_ACCESS_KEY={SECRET}")
    assert answer.status_code == 422
    assert "credentials, not an answer" in answer.get_data(as_text=True)
    assert SECRET not in dict(guide.progress.answers(paul.enrolled.id)).values()
