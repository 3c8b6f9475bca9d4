"""What a sweep must visit: the boundaries that every run without a fault has."""

from __future__ import annotations

from pathlib import Path

from chaos.sweep.cell_run import CellRun
from chaos.sweep.sweep import Column


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
