"""What a sweep must visit: the boundaries that every run without a fault has."""

from __future__ import annotations

from pathlib import Path

from chaos.sweep.boundaries import Beyond, boundaries
from chaos.sweep.cell_run import CellRun
from chaos.sweep.cells import CONNECT, BoundaryFault, Cell, can_land
from chaos.sweep.columns import Column
from chaos.sweep.session import lives_of
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


def a_run(life: str, *commands: str, fault: str = "") -> CellRun:
    faults = (BoundaryFault("kill", fault, "before-send"),) if fault else ()
    return CellRun(cell=Cell(life, faults), directory=Path(), commands=[*commands])


def test_all_commands_that_set_connections_up_are_one_boundary() -> None:
    run = a_run("succeeds", CONNECT, CONNECT, "GET", CONNECT, "claim", "GET")
    assert boundaries(run) == ["CONNECT.1", "GET.1", "claim.1", "GET.2"]


def test_what_comes_up_by_chance_is_tried_less_the_more_chances_have_led_to_it() -> None:
    beyond = Beyond({"succeeds": ["claim.1"]})
    runs = [a_run("succeeds", "claim", "PING")]
    assert [*beyond.shown(runs)] == [("succeeds", "PING.1", 2)]
    assert not [*beyond.shown(runs)]
    runs.append(a_run("succeeds", "claim", "GET", "GET", "GET", "GET", fault="PING.1"))
    assert [*beyond.shown(runs)] == [("succeeds", f"GET.{n}", 1) for n in (1, 2, 3)]
    runs.append(a_run("succeeds", "SET", fault="GET.1"))
    assert [*beyond.shown(runs)] == [("succeeds", "SET.1", 1)]
    runs.append(a_run("succeeds", "DEL", fault="SET.1"))
    assert not [*beyond.shown(runs)]
