"""What the judge has to do is done at once, and each part only when what it looks at is there."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import duckdb
import pytest

from chaos.checks.judge import sql_of
from chaos.history import steps
from chaos.history.steps import Step, run_steps, statements, words_of


@pytest.fixture
def db() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


@pytest.fixture(autouse=True)
def two_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "_AT_ONCE", 2)


def selecting(sql: str) -> Step:
    return Step(work=lambda db: db.execute(sql).fetchall(), mentions=words_of(sql))


def test_a_statement_runs_when_what_it_mentions_is_there(db: duckdb.DuckDBPyConnection) -> None:
    made = statements(
        """
        -- All of them; a table is counted.
        CREATE TABLE slow AS SELECT sum(hash(range) % 7) AS n FROM range(2000000);
        CREATE VIEW above AS FROM slow;
        CREATE MACRO larger(x) AS (x > (SELECT n FROM above));
        """
    )
    results = run_steps(db, [*made, selecting("SELECT larger(1)"), selecting("SELECT 5")])
    assert results[-2:] == [[(False,)], [(5,)]]


def test_a_step_that_mentions_nothing_waits_for_all_before_it(
    db: duckdb.DuckDBPyConnection,
) -> None:
    made = statements("CREATE TABLE slow AS SELECT sum(hash(range) % 7) AS n FROM range(2000000)")
    counted = Step(work=lambda db: db.execute("SELECT count(*) FROM slow").fetchall())
    assert run_steps(db, [*made, counted])[-1] == [(1,)]


def test_steps_that_wait_for_nothing_run_at_the_same_time(db: duckdb.DuckDBPyConnection) -> None:
    both = threading.Barrier(2, timeout=30)
    met = Step(work=lambda _: both.wait(), mentions=frozenset())
    assert sorted(run_steps(db, [met, met])) == [0, 1]


def test_an_error_interrupts_what_else_is_done(db: duckdb.DuckDBPyConnection) -> None:
    """Alone, the other would go on for hours."""
    begun = threading.Event()

    def endless(db: duckdb.DuckDBPyConnection) -> None:
        begun.set()
        db.execute("SELECT count(*) FROM range(10000000) AS a, range(10000000) AS b WHERE a > b")

    def failing(db: duckdb.DuckDBPyConnection) -> None:
        begun.wait()
        db.execute("SELECT error('it failed')")

    work = [Step(work=endless, mentions=frozenset()), Step(work=failing, mentions=frozenset())]
    with pytest.raises(duckdb.InvalidInputException, match="it failed"):
        run_steps(db, work)


def test_every_statement_of_the_views_makes_something_of_its_own() -> None:
    made = [step.makes for step in statements(sql_of("views"))]
    assert len(set(made)) == len(made) > 50
