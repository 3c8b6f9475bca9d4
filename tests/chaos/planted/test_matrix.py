"""Every guarantee of every scenario has a bug that must turn the scenario red."""

from __future__ import annotations

from click.testing import CliRunner

from chaos.checks import Outcome
from chaos.cli import planted
from chaos.cli.catalogue import scenarios
from chaos.guarantees import guarantee_of
from chaos.planted import matrix, trials
from chaos.planted.report import grid
from chaos.planted.runs import Result, Run


def test_every_guarantee_of_every_scenario_has_its_cell() -> None:
    assert {name: set(row) for name, row in matrix.MATRIX.items()} == {
        scenario.name: set(scenario.guarantees) for scenario in scenarios()
    }
    assert list(matrix.MATRIX) == sorted(matrix.MATRIX)


def test_each_cell_must_show_an_anomaly_of_its_guarantee_and_fits_the_reference() -> None:
    cells = matrix.cells()

    trials.check(cells)

    shown = [f"{one.scenario}-{guarantee_of(one.anomaly or '').id}" for one in cells]
    assert shown == [one.name for one in cells]


def test_a_seed_draws_the_same_cells() -> None:
    every = matrix.cells()

    drawn = matrix.drawn(7, 3)

    assert len(drawn) == len({one.name for one in drawn}) == 7
    assert drawn == matrix.drawn(7, 3) != matrix.drawn(7, 4)
    assert {one.name for one in matrix.drawn(10_000, 3)} == {one.name for one in every}


def test_the_grid_tells_what_was_caught() -> None:
    caught, missed = (one for one in matrix.cells() if one.scenario == "long_job_outlives_lock_ttl"
                      and not one.name.endswith("recovery"))  # fmt: skip
    run = Run(seed=1, seconds=1.0, outcome=Outcome.FAIL, found=(caught.anomaly or "",))

    table = grid([Result(trial=caught, runs=[run]), Result(trial=missed, runs=[run])])

    assert [column.name for column in table.columns] == ["scenario", "effects-once", "exclusive"]
    assert [[cell.text for cell in row] for row in table.rows] == [
        ["long_job_outlives_lock_ttl", "MISSED", "caught"]
    ]


def test_cells_are_of_the_matrix() -> None:
    assert CliRunner().invoke(planted.command, ["--cells", "3"]).exit_code == 2
