"""A golden history, loaded once, and then looked at by many queries."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import duckdb

from chaos.checks.judge import make_views
from chaos.history.reader import read_history
from tests.chaos.checks.goldens import Golden
from tests.chaos.checks.story import Story


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The tables of `views.sql` for one golden history, and its expected broken cases."""

    golden: Golden
    db: duckdb.DuckDBPyConnection
    expected: dict[str, int]

    def turns_red(self, anomaly: str, sql: str) -> bool:
        """True if the golden test would fail with this text of the check."""
        row = self.db.execute(
            "SELECT count(*), count(*) FILTER (broken), count(*) FILTER (broken AND t IS NULL)"
            f" FROM ({sql}\n)"
        ).fetchone()
        assert row is not None
        examined, broken, timeless = row
        if broken != self.expected.get(anomaly, 0) or timeless:
            return True
        own = anomaly == self.golden.anomaly
        unlike = {"near_miss": not examined, "irrelevant": bool(examined)}
        return own and unlike.get(self.golden.kind, False)


def stage(golden: Golden, run_dir: Path) -> Stage:
    story = Story()
    expected = golden.tell(story) or {}
    history = read_history(story.write(run_dir))
    # On a handful of events, planning well costs more than running badly.
    history.db.execute("SET threads = 1; PRAGMA disable_optimizer")
    make_views(history)
    return Stage(golden=golden, db=history.db, expected=expected)
