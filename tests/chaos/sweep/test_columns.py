"""What a sweep must visit: the boundaries that every run without a fault has."""

from __future__ import annotations

from pathlib import Path

from chaos.sweep.cell_run import CellRun
from chaos.sweep.cells import can_land
from chaos.sweep.session import lives_of
from chaos.sweep.sweep import Column
from chaos.targets.asking import Asking


def test_a_boundary_that_a_run_lacks_whose_fault_did_not_land_is_unsure() -> None:
    column = Column("succeeds", "kill", "before-send")

    def runs(at: str, *commands: tuple[str, ...]) -> list[CellRun]:
        cell = column.cell(at)
        return [CellRun(cell=cell, directory=Path(), commands=[*each]) for each in commands]

    long, short = ("claim", "claim", "finish"), ("claim", "finish")
    column.unvisited = {
        "claim.2": runs("claim.2", long, short),
        "finish.1": runs("finish.1", short, short),
    }
    assert column.unsure() == ["claim.2"]


def test_a_queue_lives_through_a_retry_where_it_has_them() -> None:
    assert lives_of(Asking()) == ("succeeds", "drained")
    assert lives_of(Asking(retried=True)) == ("succeeds", "drained", "fails-then-succeeds")


def test_where_a_handler_begins_only_a_kill_lands() -> None:
    assert [can_land(fault, "HANDLER-START.1") for fault in ("kill", "pause")] == [True, False]
    assert [can_land(fault, "claim.1") for fault in ("kill", "pause")] == [True, True]
