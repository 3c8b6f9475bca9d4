"""The terminal's report says everything, to every reader, on every terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.text import Text

from chaos.checks.verdict import Verdict
from chaos.guarantees import ANOMALIES
from chaos.report import JudgedRun, print_summary, print_verdict
from chaos.report.stories import Story
from chaos.report.terminal import MAX_REASONS
from tests.chaos.report.verdicts import COMMAND, HOSTILE, check, verdict

EVERYTHING = verdict(
    check("lost", why=[f"job job-{n} was acknowledged and is missing" for n in range(9)]),
    check("phantom"),
    check("zombie-write", why=["finish of job-3 was accepted"], promised=False),
    check("overlap", promised=False),
    check("early-start", examined=0),
    check("stuck", error="no such table"),
    unknown=["planned faults did not land: f9"],
)


def printed(result: Verdict, *, width: int = 120, colours: bool = False) -> str:
    console = Console(
        file=io.StringIO(), width=width, force_terminal=colours, _environ={"TERM": "xterm"}
    )
    print_verdict(result, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def flowing(text: str) -> str:
    """The text without line breaks and columns."""
    return " ".join(text.split())


@pytest.mark.parametrize(
    "said",
    [
        "rrq_ref on valkey 9.1.2, 3 workers, 60 jobs",
        "kill: 2 at claim/before-send, 1 at claim/before-reply; 3 of 4 landed",
        "missing: 1 at claim/before-reply",
        "1,060 enqueued, 1,058 acknowledged, 1,055 completed, 3 dead-lettered",
        "2 without an answer (they may run or not), 4 started more than once",
        "1,071 attempts started",
        "no-loss BROKEN 60 9 every acknowledged job ends completed",
        "no-phantom kept 60 0",
        "fenced broken, not 60 1 completion, retry",
        "exclusive not promised 60 0",
        "schedule not exercised 0 0",
        "quiescent check failed",
        "lost breaks no-loss",
        ANOMALIES["lost"].meaning,
        "- job job-0 was acknowledged and is missing",
        f"and {9 - MAX_REASONS} more",
        "zombie-write breaks fenced (not promised: shown, and no reason to fail)",
        "planned faults did not land: f9",
        "before-reply: after it ran on the server, before its reply reached the worker",
        "FAIL: a promised guarantee was broken (exit code 1)",
        "seed 7 (the seed fixes the plan, not the timing of processes)",
    ],
)
def test_a_verdict_says(said: str) -> None:
    assert said in flowing(printed(EVERYTHING, width=120))


@pytest.mark.parametrize(
    ("result", "last"),
    [
        (verdict(check("lost")), "PASS: every promise that was put to the test was kept"),
        (verdict(check("lost"), unknown=["no"]), "UNKNOWN: evidence is missing"),
        (verdict(check("lost", why=["no"], promised=False)), "PASS: every promise"),
        (verdict(check("lost", why=["no"])), "FAIL: a promised guarantee was broken"),
    ],
)
def test_the_outcome_is_told_once_and_after_its_reasons(result: Verdict, last: str) -> None:
    *before, after = printed(result).split(last)
    assert len(before) == 1
    assert "no-loss" in before[0]
    assert len(after.splitlines()) <= 4


@pytest.mark.parametrize("colours", [False, True])
@pytest.mark.parametrize("width", [40, 80, 120])
def test_no_line_but_the_command_is_wider_than_the_terminal(width: int, colours: bool) -> None:
    text = Text.from_ansi(printed(EVERYTHING, width=width, colours=colours)).plain
    others = [line for line in text.splitlines() if COMMAND not in line]
    assert max(map(len, others)) <= width
    assert f"  {COMMAND}\n" in text


def test_a_log_gets_plain_ascii_and_a_terminal_gets_colours() -> None:
    assert printed(EVERYTHING).isascii()
    assert "\x1b[" not in printed(EVERYTHING)
    assert "\x1b[1;31m" in printed(EVERYTHING, colours=True)


@pytest.mark.parametrize("width", [80, 120])
def test_what_others_wrote_is_shown_and_not_obeyed(width: int) -> None:
    result = verdict(
        check("lost", why=[f"job {HOSTILE} is lost"]),
        unknown=[HOSTILE],
        scenario=HOSTILE,
        target=HOSTILE,
        command=HOSTILE,
    )
    text = printed(result, width=width)
    assert "[bold red]" in text
    assert "\\u001b[31m\\u000d\\u000aPASS" in flowing(text).replace(" ", "")
    assert not {"\x1b", "\r", "\u202e"} & set(text)
    assert not any(line.startswith("PASS") for line in text.splitlines())


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_every_encoding_can_show_every_id(encoding: str) -> None:
    raw = io.BytesIO()
    console = Console(file=io.TextIOWrapper(raw, encoding=encoding), width=80)
    print_verdict(verdict(check("lost", why=[f"job {HOSTILE} 漢"])), console)
    console.file.flush()
    assert b"<script>" in raw.getvalue()


def test_an_id_of_any_length_leaves_the_report_readable() -> None:
    assert len(printed(verdict(check("lost", why=["x" * 1_000_000])))) < 20_000


def test_a_verdict_on_nothing_is_printed() -> None:
    text = printed(verdict(unknown=["run.json is missing"], scenario=None, target=None))
    assert "unnamed run" in text
    assert "run.json is missing" in text


@pytest.mark.parametrize("width", [80, 120])
def test_a_summary_has_a_row_per_run_and_explains_the_bad_ones(width: int) -> None:
    console = Console(file=io.StringIO(), width=width)
    rows = [
        ("kill_during_claim", verdict(check("lost")), 3.25),
        ("poison_job", verdict(check("lost", why=["job-9 is missing"])), 61.0),
        ("retry_storm", verdict(check("lost"), unknown=["the rig never finished"]), 0.5),
        ("a\n\x1b[0mb", verdict(check("lost", why=["seen"], promised=False)), 0.5),
    ]
    runs = [JudgedRun(name=name, verdict=each, seconds=took_s) for name, each, took_s in rows]
    print_summary(runs, 12.34, console)
    assert isinstance(console.file, io.StringIO)
    text = console.file.getvalue()
    assert text.isascii()
    assert "\x1b" not in text
    told = flowing(text)
    assert "kill_during_claim 3 of 4 1,058 PASS 3.2" in told
    assert "kill_during_claim is" not in told
    assert text.count("\na\\u000a\\u001b[0mb ") == 2
    assert "poison_job is FAIL - lost, 1 of 60 cases: job-9 is missing" in told
    assert "retry_storm is UNKNOWN - the rig never finished" in told
    assert "is PASS - lost (not promised), 1 of 60 cases: seen" in told
    assert told.endswith("4 runs in 12.3 s: 2 passed, 1 failed, 1 unknown")
    assert max(map(len, text.splitlines())) <= width


HIDDEN = verdict(
    check("zombie-write", lacks="its attempts have no fencing tokens"),
    check("retry-lost", lacks="nothing tells how often its jobs were retried"),
    check("retry-twice", lacks="nothing tells how often its jobs were retried"),
    check("stuck"),
    check("orphan-key", lacks="nothing lists the keys that it leaves"),
    check("ghost-worker", lacks="nothing tells", promised=False),
    check("unseen-worker", promised=False),
)


@pytest.mark.parametrize(
    "said",
    [
        "fenced not known 0 0 completion, retry",
        "quiescent kept in part 60 0",
        "visible not promised 60 0",
        "not known, because the target does not show it - fenced: its attempts have no fencing"
        " tokens (zombie-write) - retry-once: nothing tells how often its jobs were retried"
        " (retry-lost, retry-twice)",
        "quiescent: nothing lists the keys that it leaves (orphan-key)",
        "not known: this queue shows no evidence of it, so nobody can say",
        "kept in part: of the ways to break it, those that this queue shows did not come up",
    ],
)
def test_what_the_target_does_not_show_is_told_with_its_reason(said: str) -> None:
    assert said in flowing(printed(HIDDEN))


def test_words_for_what_is_not_known_are_explained_only_where_they_are_used() -> None:
    assert "not known" not in printed(verdict(check("lost")))


def test_the_story_of_a_wronged_job_is_told_after_what_is_broken() -> None:
    console = Console(file=io.StringIO(), width=300)
    line = {"t": 1.25, "who": "worker-1", "text": f"claimed {HOSTILE}", "tone": "ok"}
    print_verdict(EVERYTHING, console, Story(f"job-{HOSTILE}", [line]))
    assert isinstance(console.file, io.StringIO)
    told = console.file.getvalue()
    assert "\x1b" not in told
    assert "the story of job-[bold red]" in told
    assert "      1.2 ms  worker-1   claimed [bold red]" in told
    assert told.index("breaks no-loss") < told.index("the story of") < told.index("FAIL: ")
