"""A build's log, sorted into phases, with the one line that tells why it failed."""

from __future__ import annotations

import pytest

from workshop.insight.buildlog import LONGEST_LINE, SHEET, Phase, fault_of, plain, sorted_out

AGENT = "[Container] 2026/03/01 10:00:00.123456"
TEXTS = [
    f"{AGENT} Waiting for agent ping\n",
    f"{AGENT} Phase is DOWNLOAD_SOURCE\n",
    f"{AGENT} Entering phase INSTALL\n",
    "npm warn: an error in the past is no error now\n",
    f"{AGENT} Phase complete: INSTALL State: SUCCEEDED\n",
    f"{AGENT} Entering phase BUILD\n",
    "Command did not exit successfully aws s3 cp exit status 255\n",
    "An error occurred (AccessDenied) when calling the PutObject operation\n",
    f"{AGENT} Entering phase POST_BUILD\n",
]
PHASES = [Phase("INSTALL", "SUCCEEDED", 2), Phase("BUILD", "FAILED", 1), Phase("POST_BUILD", "SUCCEEDED", 0)]


def test_the_fault_is_looked_for_in_the_phase_that_failed() -> None:
    log = sorted_out("b", "FAILED", PHASES, TEXTS)
    assert log.fault
    assert (log.fault.number, log.fault.phase) == (8, "BUILD")


def test_each_phase_knows_the_line_at_which_it_begins() -> None:
    log = sorted_out("b", "FAILED", PHASES, TEXTS)
    assert [(phase.name, phase.line) for phase in log.phases] == [
        ("INSTALL", 3),
        ("BUILD", 6),
        ("POST_BUILD", 9),
    ]


def test_a_build_that_succeeded_has_no_fault_whatever_its_log_says() -> None:
    assert sorted_out("b", "SUCCEEDED", [], TEXTS).fault is None


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ([], 0),
        (["all is well"], 0),
        (["Phase context status code: COMMAND_EXECUTION_ERROR Message: error"], 0),
        (["not ok 2 - greets", "exit status 1"], 1),
        (["exit status 1", "User is not authorized to perform: s3:PutObject"], 2),
        (["found 0 errors", "npm ERR! missing script"], 2),
    ],
)
def test_a_refusal_tells_more_than_an_exit_status(written: list[str], fault: int) -> None:
    lines = list(sorted_out("b", "SUCCEEDED", [], written).lines)
    assert fault_of(lines, set()) == fault


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("10%\r50%\r100%", "100%"),
        ("a\ttab", "a       tab"),
        ("bell\x07 and \u202eoverride", "bell\ufffd and \ufffdoverride"),
        (f"{AGENT} Entering phase BUILD", "[10:00:00] Entering phase BUILD"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("x" * (LONGEST_LINE + 5), "x" * LONGEST_LINE + " … (5 characters more)"),
    ],
)
def test_a_line_is_shown_without_what_could_disturb_the_page(raw: str, shown: str) -> None:
    assert plain(raw) == shown


def test_a_huge_log_is_cut_into_sheets_and_its_fault_knows_its_own() -> None:
    texts = [f"line {number}\n" for number in range(3 * SHEET)] + ["AccessDenied\n", "after\n"]
    log = sorted_out("b", "FAILED", [], texts)
    assert log.fault
    assert (log.sheets, log.sheet_of(log.fault.number)) == (4, 4)
    assert [line.words for line in log.sheet(4)] == ["AccessDenied", "after"]
