"""The conditions of a green cell, and the cell to which a broken promise belongs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from chaos.checks import CheckResult, Status
from chaos.guarantees import GUARANTEES
from chaos.rig.record import timing
from chaos.sweep.cell_run import CellRun
from chaos.sweep.cells import BadCell, BoundaryFault, Cell
from chaos.sweep.judging import Judged, Mark, judge_all
from chaos.sweep.life import SETTINGS
from chaos.targets import find_target

KILL = Cell("succeeds", (BoundaryFault("kill", "claim.1", "before-reply"),))

Event = dict[str, Any]


def green(prefix: str) -> list[Event]:
    """A job that runs once, at times that another cell may have too."""
    job = f"{prefix}-job-1"
    return [
        {"t": 5, "type": "enqueue", "phase": "invoke", "op": job, "job": job, "effects": 0},
        {"t": 6, "type": "enqueue", "phase": "ok", "op": job, "job": job},
        {"t": 7, "type": "start", "job": job, "token": 1, "worker": "w"},
        {"t": 8, "type": "end", "job": job, "token": 1, "worker": "w", "outcome": "ok"},
        {"t": 20, "type": "final", "what": "job", "job": job, "state": "completed", "retries": 0},
        {"t": 21, "type": "final", "what": "read", "ok": True},
        {"t": 22, "type": "rig", "event": "finished"},
    ]


def run(path: Path, events: Sequence[Event], **fields: Any) -> CellRun:
    history = path / "history"
    history.mkdir(parents=True)
    lines = [json.dumps({"process": f"{path.name}-rig", "pid": 1} | event) for event in events]
    (history / f"{path.name}-rig.jsonl").write_text("".join(f"{line}\n" for line in lines))
    return CellRun(cell=KILL, directory=path, landed=fields.pop("landed", [True]), **fields)


def judged(run: Path, *runs: CellRun, asked: Sequence[str] = ()) -> list[Judged]:
    return judged_with_checks(run, *runs, asked=asked)[0]


def judged_with_checks(
    run: Path, *runs: CellRun, asked: Sequence[str] = ()
) -> tuple[list[Judged], Mapping[str, CheckResult]]:
    about = {
        "promises": list(GUARANTEES),
        "timing": timing(find_target("rrq_ref"), SETTINGS, 1_000),
    }
    (run / "run.json").write_text(json.dumps(about))
    found, problems, checks = judge_all(runs, run, asked=asked)
    assert problems == []
    return found, {check.anomaly: check for check in checks}


def test_a_broken_promise_belongs_to_its_own_cell(tmp_path: Path) -> None:
    cells = [tmp_path / f"c0000{n}" for n in range(3)]
    events = [green(cell.name) for cell in cells]
    events[0][0]["effects"] = 1
    events[1][4]["state"] = "queued"
    runs = [run(*pair) for pair in zip(cells, events, strict=True)]
    runs[1].unfinished = True
    found = judged(tmp_path, *runs)
    assert [set(each.broken) for each in found] == [{"effect-missing"}, {"lost", "stuck"}, set()]
    assert [each.mark for each in found] == [Mark.BROKEN, Mark.BROKEN, Mark.OK]


def test_a_check_tells_the_cells_that_it_found_broken(tmp_path: Path) -> None:
    cells = [tmp_path / f"c0000{n}" for n in range(3)]
    events = [green(cell.name) for cell in cells]
    events[1][4]["state"] = events[2][4]["state"] = "queued"
    runs = [run(*pair) for pair in zip(cells, events, strict=True)]
    runs[1].command, runs[1].unfinished = "BLPOP", True
    runs[2].obstructed = True
    _, checks = judged_with_checks(tmp_path, *runs)
    lost = checks["lost"]
    assert (lost.status, lost.examined, lost.broken) == (Status.BROKEN, 3, 1)
    (row,) = lost.rows
    assert row["why"].startswith(f"{KILL} at BLPOP: job c00001-job-1 was acknowledged")
    assert checks["phantom"].status is Status.OK
    _, checks = judged_with_checks(tmp_path, runs[2])
    assert (checks["lost"].status, checks["lost"].broken) == (Status.OK, 0)


def test_cells_tell_which_of_the_anomalies_asked_about_had_cases(tmp_path: Path) -> None:
    first, second = green("c00001"), green("c00002")[2:]
    runs = [run(tmp_path / "c00001", first), run(tmp_path / "c00002", second)]
    found = judged(tmp_path, *runs, asked=["lost", "phantom", "hung-worker"])
    assert [each.met for each in found] == [{"lost", "phantom"}, {"phantom"}]
    assert [each.met for each in judged(tmp_path, *runs)] == [frozenset()] * 2


def test_times_are_those_of_the_cell(tmp_path: Path) -> None:
    cells = [tmp_path / f"c0000{n}" for n in range(3)]
    events = [green(cell.name) for cell in cells]
    events[2][0]["due_t"] = 1_500_000_005
    for event in events[2][2:]:
        event["t"] += 250_000_000
    found = judged(tmp_path, *(run(*pair) for pair in zip(cells, events, strict=True)))
    assert " at 0.250 s" in found[2].broken["early-start"]


def test_a_job_that_is_left_over_hides_nothing_in_another_cell(tmp_path: Path) -> None:
    runs = []
    for name in ("c00001", "c00002"):
        about = {"type": "process", "name": f"{name}-victim", "child_pid": 2, "burst": True}
        events = [
            {"t": 9, "type": "hello", "worker": "w", "process": f"{name}-victim", "pid": 2},
            {"t": 10, "event": "ready"} | about,
            {"t": 15, "event": "exit", "code": 0} | about,
        ]
        events += green(name)
        events[7]["state"] = "active"
        runs.append(run(tmp_path / name, events, unfinished=True))
    for each in judged(tmp_path, *runs):
        assert set(each.broken) == {"lost", "stuck", "early-exit"}


@pytest.mark.parametrize(
    ("left_out", "reason"),
    [(1, "no enqueue was acknowledged"), (2, "no job was ever started"), (5, "was not read")],
)
def test_a_cell_without_evidence_is_unknown(tmp_path: Path, left_out: int, reason: str) -> None:
    events = green("c00001")
    if left_out == 2:
        del events[3]
    del events[left_out]
    whole = run(tmp_path / "c00002", green("c00002"))
    lacking = judged(tmp_path, run(tmp_path / "c00001", events), whole)[0]
    assert lacking.mark is Mark.UNKNOWN
    assert any(reason in why for why in lacking.unknown)


def test_a_fault_that_did_not_land_makes_its_cell_unknown(tmp_path: Path) -> None:
    (found,) = judged(tmp_path, run(tmp_path / "c00001", green("c00001"), landed=[False]))
    assert found.mark is Mark.UNKNOWN
    assert "did not land" in found.unknown[0]


def test_a_line_that_is_no_json_makes_its_cell_unknown(tmp_path: Path) -> None:
    torn = run(tmp_path / "c00001", green("c00001"))
    with (tmp_path / "c00001" / "history" / "c00001-rig.jsonl").open("a") as history:
        history.write('{"t": 5\n')
    found = judged(tmp_path, torn, run(tmp_path / "c00002", green("c00002")))
    assert [each.mark for each in found] == [Mark.UNKNOWN, Mark.OK]


def test_a_cell_has_one_name() -> None:
    pair = Cell(
        "succeeds",
        (
            BoundaryFault("pause", "3", "before-send"),
            BoundaryFault("kill", "CLIENT-SETINFO.2", "before-reply"),
        ),
    )
    for cell in (KILL, pair):
        assert Cell.parse(str(cell)) == cell
    with pytest.raises(BadCell, match="LIFE/FAULT/BOUNDARY/SIDE"):
        Cell.parse("succeeds/kill/x/before-send")
