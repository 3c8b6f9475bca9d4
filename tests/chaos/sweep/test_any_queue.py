"""The sweep of a queue of which only two programs are known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.rig.running import run

pytestmark = pytest.mark.slow


def swept(into: Path, target: str, *, code: int) -> Any:
    """What the sweep of a target with kills has found, whose exit code has to be this."""
    told = into / "it.json"
    what = ("--life", "succeeds", "--fault", "kill", "--slots", "4")
    files = ("--out", str(into / "run"), "--json", str(told))
    done = run("chaos.sweep", "--target", target, *what, *files)
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(told.read_text())


def test_a_job_is_lost_where_the_store_has_given_it_away_and_nobody_has_it(tmp_path: Path) -> None:
    result = swept(tmp_path, "examples.two_programs.target:TARGET", code=1)
    broken = {cell["cell"]: cell["anomalies"] for cell in result["cells"] if cell["mark"] != "ok"}
    # Until its handler has said that it is done, nobody knows of it but the worker that is killed.
    places = (
        *("claim.1/before-reply", "HANDLER-START.1/before-send", "HANDLER-START.1/before-reply"),
        "HANDLER-END.1/before-send",
    )
    assert {cell: [*found] for cell, found in broken.items()} == {
        f"succeeds/kill/{place}": ["lost"] for place in places
    }
    # There, a fresh job was done in the end; everywhere else, the cell's own.
    fates = {cell["cell"]: cell["fates"] for cell in result["cells"]}
    assert {cell: found for cell, found in fates.items() if found != ["done"]} == {
        cell: ["done", "lost"] for cell in broken
    }
    visited = {cell["boundary"] for cell in result["cells"]}
    assert {"claim.1", "HANDLER-END.1", "finish.1"} <= visited
    assert result["again"] is None
    assert result["unknown_because"] == []


def test_a_job_that_comes_back_after_a_fresh_one_is_not_lost(tmp_path: Path) -> None:
    result = swept(tmp_path, "tests.chaos.sweep.late_riser.target:TARGET", code=0)
    assert {fate for cell in result["cells"] for fate in cell["fates"]} == {"done"}
    assert {"claim.1", "HANDLER-END.1", "finish.1"} <= {c["boundary"] for c in result["cells"]}
