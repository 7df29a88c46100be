"""What AWS holds of an attendee's runs, shown: log, changes, artifacts, durations, permissions."""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.web.conftest import Visitor, app_for, configured
from workshop.config import HOME
from workshop.insight.runs import Run, history
from workshop.lab import Lab
from workshop.step import State

DEPLOYED = "rerun-the-pipeline-again"


@dataclass
class Walked:
    """Somebody who has walked the course as far as a deployed application."""

    visitor: Visitor
    lab: Lab
    runs: tuple[Run, ...]
    guide: Any

    def see(self, path: str, language: str = "en") -> str:
        """A page's text, with entities resolved where words are compared."""
        answer = self.visitor.get(path, headers={"Accept-Language": language})
        assert answer.status_code == 200, path
        return answer.get_data(as_text=True)

    @property
    def failed(self) -> Run:
        return next(run for run in self.runs if run.status == "Failed")

    @property
    def newest(self) -> Run:
        return self.runs[0]


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory, sandbox: Any) -> Walked:
    config = configured(tmp_path_factory.mktemp("walked"), sandbox).model_copy(
        update={"course": HOME / "steps"}
    )
    app = app_for(config)
    visitor, guide = Visitor(app), app.extensions["guide"]
    visitor.join()
    lab = guide.lab_of(guide.progress.by_handle("paulf"))
    steps = guide.course.steps
    for step in steps[: steps.index(guide.course.step(DEPLOYED)) + 1]:
        if step.do:
            step.do(lab)
    return Walked(visitor, lab, history(lab), guide)


def links(page: str) -> list[str]:
    return [html.unescape(found) for found in re.findall(r'href="(/[^"]*)"', page)]


def test_every_run_stands_in_the_history_with_what_it_took(walked: Walked) -> None:
    page = walked.see("/pipeline/runs")
    for run in walked.runs:
        assert f"/pipeline/runs/{run.id}" in links(page)
    assert page.count('class="bar ') == len(walked.runs)
    assert f"{walked.failed.short}: Failed" in page


def test_the_panel_leads_to_the_failing_line_in_the_whole_log(walked: Walked) -> None:
    build = walked.failed.act("Build").build
    run = walked.see(f"/pipeline/runs/{walked.failed.id}")
    where = next(link for link in links(run) if link.endswith("/log#fault"))
    page = walked.see(where)
    assert build in html.unescape(page)
    fault = re.search(r'<b id="fault">([^<]*)</b>', page)
    assert fault
    assert "AccessDenied" in fault[1]
    assert 'id="phase-INSTALL"' in page


def test_a_change_set_is_a_table_of_changes(walked: Walked) -> None:
    page = walked.see(f"/pipeline/runs/{walked.newest.id}/changes/CreateChangeSet")
    assert "EXECUTE_COMPLETE" in page
    row = re.search(r"<tr>(?:(?!</tr>).)*AWS::Lambda::Function.*?</tr>", page, re.DOTALL)
    assert row
    assert "Add" in row[0]
    assert "CREATE_COMPLETE" in page


def test_where_the_change_set_is_gone_the_stacks_events_tell(walked: Walked) -> None:
    arn = walked.newest.act("CreateChangeSet").external
    walked.lab.client("cloudformation").delete_change_set(
        ChangeSetName=arn, StackName=walked.lab.name("stack")
    )
    page = walked.see(f"/pipeline/runs/{walked.newest.id}/changes/ExecuteChangeSet")
    assert "no longer keeps the change set" in page
    assert "AWS::Lambda::Function" in page


def test_an_artifacts_files_are_listed_and_opened(walked: Walked) -> None:
    page = walked.see(f"/pipeline/runs/{walked.newest.id}/artifacts/BuildArtifact")
    file = next(link for link in links(page) if "outputtemplate.yml" in link)
    assert "AWS::Serverless" in walked.see(file)


def test_a_file_of_theirs_is_shown_as_text_never_as_a_page(walked: Walked) -> None:
    page = walked.see(f"/pipeline/runs/{walked.newest.id}/artifacts/SourceArtifact?file=src/page.js")
    assert "&lt;h1&gt;${escape(greeting)}&lt;/h1&gt;" in page
    assert "<h1>${" not in page


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/pipeline/runs/nowhere", "there is no nowhere"),
        ("/pipeline/runs/{run}/changes/Nothing", "has no action Nothing"),
        ("/pipeline/runs/{run}/artifacts/Nothing", "has handed on no Nothing"),
        ("/pipeline/runs/{run}/artifacts/SourceArtifact?file=../x", "There is no ../x"),
        ("/pipeline/builds/{build}0/log", "There is no build"),
    ],
)
def test_what_is_not_there_is_said(walked: Walked, path: str, words: str) -> None:
    build = walked.failed.act("Build").build
    answer = walked.visitor.get(path.format(run=walked.newest.id, build=build))
    assert answer.status_code == 404
    assert words in html.unescape(answer.get_data(as_text=True))


def test_what_aws_refuses_is_told_in_its_words(walked: Walked) -> None:
    answer = walked.visitor.get("/pipeline/builds/annab-pg23-build:1/log")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 403
    assert "AccessDenied" in page
    assert "codebuild:BatchGetBuilds" in page


def ask(walked: Walked, action: str = "s3:PutObject", resource: str = "", language: str = "en") -> str:
    lab = walked.lab
    role = lab.client("codebuild").batch_get_projects(names=[lab.name("build")])["projects"][0]["serviceRole"]
    question = {"who": role, "action": action, "resource": resource or f"arn:aws:s3:::{lab.packages}/x"}
    return html.unescape(walked.see(f"/permission?{urlencode(question)}", language))


def test_the_statement_that_allows_is_shown_with_its_policy(walked: Walked) -> None:
    page = ask(walked)
    assert "This statement decided" in page
    assert '<b>Allow</b>, in <span class="mono">AmazonS3FullAccess</span>' in page
    assert '"s3:*"' in page


def test_what_no_statement_speaks_of_is_not_allowed(walked: Walked) -> None:
    page = ask(walked, "lambda:CreateFunction", walked.lab.arn("lambda", "function:x"))
    assert "implicitDeny" in page
    assert "No statement of its 2 policies" in page


def test_a_deny_of_the_bucket_is_shown_as_what_decided(walked: Walked) -> None:
    lab, s3 = walked.lab, walked.lab.client("s3")
    deny = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{lab.packages}/*",
    }
    s3.put_bucket_policy(Bucket=lab.packages, Policy=json.dumps({"Version": "2012-10-17", "Statement": deny}))
    try:
        page, german = ask(walked), ask(walked, language="de")
    finally:
        s3.delete_bucket_policy(Bucket=lab.packages)
    assert "Denied by a statement" in page
    assert f"the policy of {lab.packages}" in page
    assert f"die Policy von {lab.packages}" in german


def test_a_role_that_is_not_there_is_told_in_awss_words(walked: Walked) -> None:
    who = f"arn:aws:iam::{walked.lab.account}:role/pg23nobody"
    question = {"who": who, "action": "s3:GetObject", "resource": "*"}
    assert "NoSuchEntity" in walked.see(f"/permission?{urlencode(question)}")


def test_a_claim_leads_to_the_evaluation_that_it_rests_on(walked: Walked) -> None:
    attendee = walked.guide.progress.by_handle("paulf")
    findings = walked.guide.look(attendee, "fix-the-build")
    assert findings[-1].state == State.PASSED
    page = walked.see("/steps/fix-the-build")
    where = next(link for link in links(page) if link.startswith("/permission?"))
    assert "AmazonS3FullAccess" in walked.see(where)


def test_a_claim_about_a_failed_run_leads_into_its_log(walked: Walked) -> None:
    walked.guide.look(walked.guide.progress.by_handle("paulf"), "diagnose-the-build")
    where = next(link for link in links(walked.see("/steps/diagnose-the-build")) if "/log" in link)
    assert 'id="fault"' in walked.see(where)


def test_nobody_sees_evidence_without_having_joined(walked: Walked) -> None:
    stranger = Visitor(walked.visitor.client.application)
    for path in ("/pipeline/runs", "/permission", f"/pipeline/runs/{walked.newest.id}"):
        assert stranger.get(path).status_code == 303
