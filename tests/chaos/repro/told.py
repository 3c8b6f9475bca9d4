"""Directories of runs, as the rig leaves them: of a question, and of a sweep."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.chaos.questions.test_answers import Told

NAIVE = "examples.two_programs.target:TARGET"
VERSIONS: dict[str, Any] = {"server": "valkey 9.1.2", "python": "3.11.7"}


def question(
    into: Path, name: str, told: Told, target: str = NAIVE, packages: str | None = None
) -> Path:
    """The run of a question with this history, and with these packages of the queue."""
    into.mkdir(parents=True)
    command = f"python -m chaos.questions.{name} --target {target} --seed 7"
    run = {"scenario": f"questions.{name}", "target": target, "command": command}
    own = {"packages": {"the queue's own": packages}} if packages else {}
    _write(into / "run.json", {**run, "versions": {**VERSIONS, **own}})
    _write(into / "answer.json", told.answer(name, into).to_json())
    return into


def cell(at: str, *anomalies: str, promised: bool = True) -> dict[str, Any]:
    """A cell in which these were found."""
    life, fault, boundary, side = at.split("/")
    found = dict.fromkeys(anomalies, "job c1-job-1 was acknowledged and is missing at the end")
    return {
        "cell": at,
        "life": life,
        "boundary": boundary,
        "column": f"{fault}/{side}",
        "anomalies": found if promised else {},
        "unpromised": {} if promised else found,
    }


def sweep(into: Path, *cells: dict[str, Any], target: str = NAIVE) -> Path:
    """A sweep with these cells."""
    into.mkdir(parents=True)
    run = {
        "target": target,
        "seed": 7,
        "command": f"python -m chaos.sweep --target {target} --seed 7 --life succeeds --fault kill",
        "moments": {"claim": "BLPOP naive:default", "finish": "HSET naive:default:results"},
        "versions": VERSIONS,
        "timing": {"recovery_slack_ms": 3_000},
    }
    _write(into / "sweep.json", {"cells": cells, "run": run})
    return into


def _write(path: Path, told: dict[str, Any]) -> None:
    path.write_text(json.dumps(told))
