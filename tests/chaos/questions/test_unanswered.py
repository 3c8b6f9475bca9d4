"""The reply to an enqueue is cut off on the wire, for queues of which nothing is known there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.chaos.rig.running import run

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("target", "words"),
    [
        # Each push is a job of its own.
        ("examples.two_programs.target:TARGET", "twice; the producer got an error"),
        ("rrq_ref", "once; the client asked again by itself"),
    ],
)
def test_a_job_is_enqueued_again(target: str, words: str, tmp_path: Path) -> None:
    out = tmp_path / "run"
    done = run("chaos.questions.unanswered", "--target", target, "--out", str(out))
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((out / "answer.json").read_text())["words"] == words
    told = (out / "history" / "rig.jsonl").read_text()
    assert '"kind":"lost-reply"' in told.replace(" ", "")
