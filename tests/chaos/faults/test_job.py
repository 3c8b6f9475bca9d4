"""A fault at a command that is about one job names that job."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from chaos.targets import WorkerSettings, find_target
from chaos.wire import Exchange, NoReply
from rrq_ref import scripts
from tests.chaos.rig.running import run

TARGET = find_target("rrq_ref")


def finish(*jobs: str) -> Exchange:
    """A completion of these jobs on its way."""
    items = [word for n, job in enumerate(jobs, 1) for word in (b"q", job.encode(), b"%d" % n)]
    fields = [b"w", b"0", b"0", b"0"]
    for start in range(0, len(items), 3):
        fields += [*items[start : start + 3], b"{}", b"0"]
    return Exchange("w", [b"EVALSHA", scripts.FINISH.sha.encode(), b"0", *fields], NoReply(), 1, 1)


@pytest.mark.parametrize(
    ("jobs", "job"), [(["a"], "a"), (["a", "a"], "a"), (["a", "b"], None), ([], None)]
)
def test_a_command_is_about_a_job_if_it_is_about_one_only(jobs: list[str], job: str | None) -> None:
    assert TARGET.job_of(finish(*jobs), WorkerSettings()) == job


def test_a_command_that_moves_no_job_is_about_none() -> None:
    ping = Exchange("w", [b"PING"], b"PONG", 1, 1)
    assert TARGET.job_of(ping, WorkerSettings()) is None


@pytest.mark.slow
@pytest.mark.parametrize("at", ["finish.1/before-send", "claim.1/before-reply"])
def test_a_kill_is_told_with_its_job(at: str, tmp_path: Path) -> None:
    done = run("chaos.sweep", "--cell", f"succeeds/kill/{at}", "--out", str(tmp_path / "run"))
    assert done.returncode == 0, done.stdout + done.stderr
    (history,) = (tmp_path / "run" / "cells").glob("*/history/*-rig.jsonl")
    events = [json.loads(line) for line in history.read_text().splitlines()]
    (landed,) = [
        event for event in events if event["type"] == "fault" and event["event"] == "landed"
    ]
    (enqueued,) = {event["job"] for event in events if event["type"] == "transition"}
    assert landed["job"] == enqueued
