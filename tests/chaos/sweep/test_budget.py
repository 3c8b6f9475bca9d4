"""A sweep with a budget: the riskiest cells first, and what was left out is told.

The cells are played by nobody here: each run has the commands of a worker that does one job.
"""

from __future__ import annotations

import io
import json
from collections import Counter
from pathlib import Path
from typing import Any, cast
from xml.etree import ElementTree

import pytest
from rich.console import Console

from chaos.checks import Outcome
from chaos.cli.sweep import main
from chaos.known import Entry, Known
from chaos.report import Report, Wanted, by_ending, write
from chaos.rig.options import BadOption
from chaos.rig.progress import Progress
from chaos.sweep.cell_run import CellRun
from chaos.sweep.cells import BoundaryFault, Cell
from chaos.sweep.columns import Swept
from chaos.sweep.judging import Judged, Mark
from chaos.sweep.report import print_results, report_on
from chaos.sweep.results import Results
from chaos.sweep.risk import Risks, failed_in
from chaos.sweep.stage import Stage
from chaos.sweep.sweep import Sweep

COMMANDS = ("enqueue", "claim", "retry", "claim", "release", "claim", "finish", "claim")
PHASES = (
    ("new", "queued"),
    ("queued", "held"),
    ("held", "waiting for a retry"),
    ("waiting for a retry", "held"),
    ("held", "handed back"),
    ("handed back", "held"),
    ("held", "completed"),
    ("completed", "completed"),
)
ABOUT = {
    "target": "it",
    "seed": 7,
    "command": "python -m chaos.sweep",
    "chosen": {},
    "versions": {"server": "valkey"},
    "budget_s": 60.0,
}


class Clock:
    """The time of a sweep whose runs take a second each; those without a fault take none, unless
    it is said."""

    def __init__(self) -> None:
        self.now = 0.0
        self.clean_s = 0.0
        self.played: list[str] = []
        #: Commands that only runs with a fault have.
        self.chance: tuple[str, ...] = ()
        #: By cell, the number of runs in which its fault will not land.
        self.misses: Counter[str] = Counter()

    def monotonic(self) -> float:
        return self.now

    def play(self, stage: object, cell: Cell, directory: Path) -> CellRun:
        del stage
        if cell.faults:
            self.now += 1.0
            self.played.append(str(cell))
            self.misses[str(cell)] -= 1
        else:
            self.now += self.clean_s
        return CellRun(
            cell=cell,
            directory=directory,
            landed=[self.misses[str(cell)] < 0 for _ in cell.faults],
            command="SET",
            phase="held",
            commands=[*COMMANDS, *self.chance] if cell.faults else [*COMMANDS],
            phases=[*PHASES],
        )


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("chaos.sweep.pool.play", clock.play)
    monkeypatch.setattr("chaos.sweep.sweep.time", clock)
    return clock


def swept(path: Path, budget_s: float | None = None, *failed: str) -> Swept:
    progress = Progress(Console(file=io.StringIO()))
    stages = cast("list[Stage]", [object()])  # so one cell is played after the other
    sweep = Sweep(stages, path, progress, budget_s=budget_s, failed=frozenset(failed))
    return sweep.sweep(["succeeds"], ["kill"])


ALL = 2 * len(COMMANDS)


def test_the_riskiest_cells_are_played_first(clock: Clock, tmp_path: Path) -> None:
    failed = "succeeds/kill/claim.4/before-reply"
    done = swept(tmp_path, None, failed)
    assert clock.played[0] == failed
    held = {
        "claim.1/before-reply", "retry.1/before-send", "claim.2/before-reply",
        "release.1/before-send", "claim.3/before-reply", "finish.1/before-send",
        "finish.1/before-reply",
    }  # fmt: skip
    order = [name.removeprefix("succeeds/kill/") for name in clock.played[1:]]
    assert set(order[:7]) == held
    assert set(order[7:9]) == {"retry.1/before-reply", "claim.2/before-send"}
    assert set(order[9:11]) == {"release.1/before-reply", "claim.3/before-send"}
    assert len(clock.played) == done.visited == ALL
    assert done.left == 0


def test_a_cell_that_failed_by_chance_is_tried_again_first(clock: Clock, tmp_path: Path) -> None:
    clock.chance = ("refresh",)
    chance = "succeeds/kill/refresh.1/before-send"
    done = swept(tmp_path, None, chance, "poison/kill/claim.1/before-send", "succeeds/kill/x")
    assert clock.played[0] == chance
    assert len(clock.played) == len(set(clock.played)) == done.visited == ALL + 2
    assert done.void == []


def test_a_cell_that_failed_and_is_not_met_at_once_is_tried_with_the_others(
    clock: Clock, tmp_path: Path
) -> None:
    failed = "succeeds/kill/claim.1/before-send"
    clock.misses[failed] = 2
    done = swept(tmp_path, None, failed)
    assert clock.played[:2] == [failed] * 2
    assert clock.played.count(failed) == 3
    assert (done.visited, done.missed, done.void) == (ALL, 0, [])


def test_no_cell_is_begun_when_the_budget_is_used_up(clock: Clock, tmp_path: Path) -> None:
    done = swept(tmp_path, 3.0)
    assert len(clock.played) == done.visited == 3
    assert (done.left, done.missed, done.boundaries) == (ALL - 3, 0, ALL)


def test_a_third_of_the_budget_is_left_where_the_runs_without_a_fault_take_long(
    clock: Clock, tmp_path: Path
) -> None:
    clock.clean_s = 10.0
    assert swept(tmp_path, 9.0).visited == 3


def results(done: Swept, known: Known | None = None, **fields: Any) -> Results:
    given: dict[str, Any] = {"broken": {}, "unpromised": {}, "unknown": (), **fields}
    nothing: dict[str, Any] = {"broken": {}, "met": frozenset()}
    judged = [Judged(run=run, **given | ({} if run.cell.faults else nothing)) for run in done.runs]
    return Results(done, judged, [], (), ABOUT, known)


def printed(found: Results) -> str:
    console = Console(file=io.StringIO(), width=200, markup=False, highlight=False)
    print_results(found, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_what_was_left_out_is_told_and_not_counted_as_kept(clock: Clock, tmp_path: Path) -> None:
    del clock
    found = results(swept(tmp_path, 3.0))
    assert found.outcome is found.truth is Outcome.PASS
    left = {
        "succeeds": {
            "new": 1, "queued": 2, "held": 3, "waiting for a retry": 2, "handed back": 2,
            "completed": 3,
        }
    }  # fmt: skip
    told = found.to_json()
    assert told["left_out"] == {"cells": 13, "lives": left}
    assert (told["visited"], len(told["cells"])) == (3, 3)
    text = printed(found)
    assert "this is a part: 13 boundaries were left out, because the budget of 60 s" in text
    assert "PASS: 3 ok, 0 broken, 0 unknown, 13 left out (exit code 0)" in text
    assert "waiting for a retry" in text.partition("this is a part")[2]
    report = report_on(found)
    assert report.summary.rows[0][1].text == "3 of 3"
    suite = written(report, tmp_path / "it.xml").find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("skipped")) == ("16", "13")


def test_a_budget_that_lets_no_cell_be_played_proves_nothing(clock: Clock, tmp_path: Path) -> None:
    del clock
    assert results(swept(tmp_path, 0.0)).outcome is Outcome.UNKNOWN


def written(report: Report, path: Path) -> ElementTree.Element:
    write(report, [by_ending(path)])
    return ElementTree.parse(path).getroot()


# What is known


def listed(cell: str) -> Known:
    entry = Entry(kind="cell", place=cell, anomaly="lost", reason="a pop", where="line 1")
    return Known((entry,))


BROKEN = {"broken": {"lost": "job-1 is missing"}, "met": frozenset({"lost"})}
KEPT = {"met": frozenset({"lost"})}


@pytest.mark.parametrize(
    ("cell", "fields", "outcome"),
    [
        ("succeeds/kill/*/*", BROKEN, Outcome.PASS),
        ("succeeds/kill/claim.*/*", BROKEN, Outcome.FAIL),
        ("succeeds/kill/*/*", KEPT, Outcome.FAIL),
        ("succeeds/kill/*/*", {}, Outcome.PASS),
        ("poison/kill/*/*", KEPT, Outcome.PASS),
        ("succeeds/kill/*/*", KEPT | {"unknown": ("no",)}, Outcome.UNKNOWN),
        ("succeeds/kill/*/*", BROKEN | {"unknown": ("no",)}, Outcome.UNKNOWN),
        ("succeeds/kill/*/*", BROKEN | {"broken": {"lost": "a", "phantom": "b"}}, Outcome.FAIL),
    ],
)
def test_cells_are_held_against_the_list(
    cell: str, fields: dict[str, Any], outcome: Outcome, clock: Clock, tmp_path: Path
) -> None:
    del clock
    found = results(swept(tmp_path, 4.0), listed(cell), **fields)
    assert found.outcome is outcome
    assert (found.truth is Outcome.FAIL) == ("broken" in fields)


def test_a_known_cell_that_lacks_evidence_is_unknown(clock: Clock, tmp_path: Path) -> None:
    del clock
    fields = BROKEN | {"unknown": ("the end was not read",)}
    found = results(swept(tmp_path, 4.0), listed("succeeds/kill/*/*"), **fields)
    assert {result.mark for result in found.results} == {Mark.UNKNOWN}
    assert {result.why for result in found.results} == {"the end was not read"}
    assert {cell["mark"] for cell in found.to_json()["cells"]} == {"broken"}


def test_a_known_cell_is_shown_as_known_and_told_as_broken(clock: Clock, tmp_path: Path) -> None:
    del clock
    found = results(swept(tmp_path, 4.0), listed("succeeds/kill/*/*"), **BROKEN)
    told = found.to_json()
    assert (told["outcome"], told["exit_code"]) == ("fail", 1)
    assert (told["known"]["outcome"], told["known"]["exit_code"]) == ("pass", 0)
    assert len(told["known"]["broken"][0]["cells"]) == 4
    assert {cell["mark"] for cell in told["cells"]} == {"broken"}
    assert {cell["known"]["lost"] for cell in told["cells"]} == {"a pop"}
    text = printed(found)
    assert "PASS: 0 ok, 0 broken, 0 unknown, 4 known, 12 left out (exit code 0)" in text
    assert "lost in 4 cells, such as succeeds/kill/" in text
    root = written(report_on(found), tmp_path / "it.xml")
    assert (root.get("failures"), root.get("skipped")) == ("0", "16")
    path = tmp_path / "it.html"
    write(report_on(found), [Wanted(by_ending(path).kind, path)])
    assert "job-1 is missing; known: a pop" in path.read_text()


def test_a_cell_with_something_new_is_told_by_that(clock: Clock, tmp_path: Path) -> None:
    del clock
    fields = BROKEN | {"broken": {"lost": "job-1 is missing", "phantom": "it ran"}}
    found = results(swept(tmp_path, 4.0), listed("succeeds/kill/*/*"), **fields)
    assert {(*result.new, result.why) for result in found.results} == {("phantom", "it ran")}
    assert "4 broken" in printed(found)
    assert "lost: A job" not in printed(found)


def test_an_entry_that_has_to_go_is_a_failure(clock: Clock, tmp_path: Path) -> None:
    del clock
    found = results(swept(tmp_path, 4.0), listed("succeeds/kill/*/*"), **KEPT)
    assert found.to_json()["known"]["gone"][0]["entry"] == "line 1"
    assert "its entry has to go (line 1: a pop)" in printed(found)
    assert written(report_on(found), tmp_path / "it.xml").get("failures") == "1"


# What is given


def test_the_cells_of_an_earlier_sweep_that_were_broken(tmp_path: Path) -> None:
    cells = [{"cell": "a", "mark": "broken"}, {"cell": "b", "mark": "ok"}]
    (tmp_path / "sweep.json").write_text(json.dumps({"cells": cells}))
    assert failed_in(tmp_path) == failed_in(tmp_path / "sweep.json") == {"a"}


@pytest.mark.parametrize("text", ["{", "[]", '{"cells": [{}]}', "\x00", None])
def test_what_is_no_earlier_sweep_is_told(text: str | None, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "sweep.json").write_text(text)
    with pytest.raises(BadOption, match=r"--before: .*sweep\.json"):
        failed_in(tmp_path)


@pytest.mark.parametrize(
    ("words", "right"),
    [
        (["--budget", "60"], "60s or 5m"),
        (["--budget", "0s"], "60s or 5m"),
        (["--budget", "-1m"], "60s or 5m"),
        (["--budget", "1.5h"], "60s or 5m"),
        (["--budget", "5s", "--pairs", "3"], "neither --cell nor --pairs"),
        (["--before", "nowhere"], "nowhere cannot be read"),
    ],
)
def test_a_bad_budget_is_one_sentence(
    words: list[str], right: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        main([*words, "--out", str(tmp_path / "run")])
    assert left.value.code == 2
    (complaint,) = capsys.readouterr().err.splitlines()
    assert right in complaint
    assert not (tmp_path / "run").exists()


def test_a_boundary_that_no_run_has_shown_has_no_phase() -> None:
    cell = Cell("succeeds", (BoundaryFault("kill", "claim.1", "before-send"),))
    assert Risks([]).phase(cell) == ""
