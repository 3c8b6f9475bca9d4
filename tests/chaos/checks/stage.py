"""A golden history, loaded once, and then looked at by many queries."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from chaos.checks.judge import make_views
from chaos.history.reader import read_history
from tests.chaos.checks.goldens import Golden
from tests.chaos.checks.story import Story


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The tables of `views.sql` for one golden history, and its expected broken cases.
    `judged` is how many cases of its own check could be judged."""

    golden: Golden
    db: duckdb.DuckDBPyConnection
    expected: dict[str, int]
    judged: int

    def turns_red(self, anomaly: str, sql: str) -> bool:
        """True if the golden test would fail with this text of the check."""
        row = self.db.execute(
            "SELECT count(*), count(*) FILTER (judged), count(*) FILTER (broken),"
            f" count(*) FILTER (broken AND (t IS NULL OR judged IS NOT TRUE)) FROM ({sql}\n)"
        ).fetchone()
        assert row is not None
        met, judged, broken, unfounded = row
        if broken != self.expected.get(anomaly, 0) or unfounded:
            return True
        if anomaly != self.golden.anomaly:
            return False
        unlike = {"near_miss": not met, "irrelevant": bool(met)}
        return judged != self.judged or unlike.get(self.golden.kind, False)


@contextmanager
def stage(golden: Golden, run_dir: Path) -> Iterator[Stage]:
    story = Story()
    expected = golden.tell(story) or {}
    with read_history(story.write(run_dir)) as history:
        # On a handful of events, planning well costs more than running badly.
        history.db.execute("SET threads = 1; PRAGMA disable_optimizer")
        make_views(history)
        judged = golden.judged(story, expected)
        yield Stage(golden=golden, db=history.db, expected=expected, judged=judged)
