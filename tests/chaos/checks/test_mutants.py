"""The golden histories notice every small mistake in the SQL of a check."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import duckdb
import pytest

from chaos.checks.judge import sql_of
from chaos.guarantees import ANOMALIES
from tests.chaos.checks.goldens import goldens_of
from tests.chaos.checks.mutate import Mutant, mutants
from tests.chaos.checks.stage import Stage, stage

pytestmark = pytest.mark.slow

SHOWN = "only the words or the time that are shown with a broken case change"

#: Mutants that no history can tell from the original: (part of the line, change) -> why.
EQUIVALENT: dict[str, dict[tuple[str, str], str]] = {
    "double-commit": {("AS earlier_token", "lag -> lead"): SHOWN},
    "zombie-write": {
        ("ASOF LEFT JOIN amnesias", ">= -> <"): "periods are named by their end, not their begin"
    },
    "overlap": {("AS a_worker", "lag -> lead"): SHOWN},
    "budget-exceeded": {
        ("AS last_t", "max -> min"): SHOWN,
        ("AS spent_t", "min -> max"): "where there are two such times, there was one too many",
        ("AS spent_token", "arg_min -> arg_max"): "the same",
    },
    "false-dead-letter": {("max(t) AS t", "max -> min"): SHOWN},
    "retry-lost": {("max(f.end_t)", "max -> min"): SHOWN},
    "retry-twice": {("max(end_t)", "max -> min"): SHOWN},
    "late-start": {
        ("min(deadline) AS deadline", "min -> max"): SHOWN,
        ("AS name", "arg_min -> arg_max"): SHOWN,
    },
    "over-capacity": {
        ("AS t,", "arg_max -> arg_min"): SHOWN,
        ("AS job", "arg_max -> arg_min"): SHOWN,
    },
    "starved": {("AS job", "arg_max -> arg_min"): SHOWN},
    "start-after-drain": {("AS job", "min -> max"): SHOWN, ("AS job", "arg_min -> arg_max"): SHOWN},
    "leak": {("max(t) AS t", "max -> min"): SHOWN},
    "early-exit": {("AS job", "arg_min -> arg_max"): SHOWN},
    "unique-violated": {("AS holder", "arg_max -> arg_min"): SHOWN},
}


def survives(anomaly: str, mutant: Mutant, stages: list[Stage]) -> bool:
    try:
        return not any(stage.turns_red(anomaly, mutant.sql) for stage in stages)
    except (duckdb.BinderException, duckdb.ParserException):
        return False  # Nobody could make this mistake and not see it.


@pytest.mark.parametrize("anomaly", ANOMALIES)
def test_a_mistake_in_a_check_turns_a_golden_history_red(anomaly: str, tmp_path: Path) -> None:
    excused = EQUIVALENT.get(anomaly, {})
    with ExitStack() as kept:
        stages = [
            kept.enter_context(stage(golden, tmp_path / golden.name))
            for golden in goldens_of(anomaly)
        ]
        assert not any(stage.turns_red(anomaly, sql_of(anomaly)) for stage in stages)
        alive = [m for m in mutants(sql_of(anomaly)) if survives(anomaly, m, stages)]
    used = {key for key in excused for m in alive if key[0] in m.line and key[1] == m.change}
    missed = [m for m in alive if not any(k[0] in m.line and k[1] == m.change for k in used)]
    assert not missed, "\n".join(str(mutant) for mutant in missed)
    assert used == set(excused)
