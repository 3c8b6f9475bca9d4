"""The evidence of a run, and the parts that are missing: a green result needs evidence."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

import duckdb

from chaos.checks.verdict import FaultCount
from chaos.evidence import Evidence
from chaos.jobs.space import Coverage, read

HOME = "end"
"""The phase of the SIGTERM by which the rig sends everybody home when all work is done."""

#: The most jobs that a sentence names.
_NAMED = 3

_COUNTS = """
SELECT
    (SELECT count(*) FROM enqueues WHERE invoke_t IS NOT NULL) AS enqueued,
    (SELECT count(*) FROM jobs WHERE ack_t IS NOT NULL) AS acknowledged,
    (SELECT count(*) FROM enqueues WHERE result = 'fail') AS refused,
    (SELECT count(*) FROM enqueues WHERE result = 'info') AS uncertain,
    (SELECT count(DISTINCT job) FROM attempts) AS started,
    (SELECT count(*) FROM attempts) AS attempts,
    (SELECT count(*) FROM (SELECT job FROM attempts GROUP BY job HAVING count(*) > 1)) AS repeated,
    (SELECT count(*) FROM failures) AS failed,
    (SELECT count(*) FROM final_jobs WHERE state = 'completed') AS completed,
    (SELECT count(*) FROM final_jobs WHERE state = 'dead') AS dead,
    (SELECT coalesce(sum(n), 0) FROM final_effects) AS effects,
    (SELECT count(*) FROM transitions) AS transitions,
    (SELECT count(*) FROM lives WHERE works) AS workers,
    (SELECT count(*) FROM lives WHERE kill_t IS NOT NULL) AS killed,
    (SELECT count(*) FROM stalls WHERE halts) AS paused,
    (SELECT count(*) FROM drains) AS drained,
    (SELECT count(*) FROM events) AS events
"""


# As `late_redelivery.sql` has it: a job whose holder died before the store accepted an end of it.
_AGAIN = """
SELECT count(*), median(after_ms), max(after_ms)
FROM (
    SELECT greatest(h.next_t - l.dead_by, 0) / 1e6 AS after_ms
    FROM holds AS h
    JOIN lives AS l USING (life)
    WHERE h.next_t > l.dead_from
      AND CASE WHEN h.on_wire THEN NOT h.ended ELSE h.end_t IS NULL END
)
"""


def count_events(db: duckdb.DuckDBPyConnection, offers: Set[Evidence]) -> dict[str, int]:
    """The numbers of the run by name, in the order in which a report shows them.

    Of a target without an inspector, jobs count as completed when they were seen to be done, and
    the number of dead ones is left out.
    """
    cursor = db.execute(_COUNTS)
    names = [column[0] for column in cursor.description or ()]
    row = cursor.fetchone()
    assert row is not None
    counts = {name: int(value) for name, value in zip(names, row, strict=True)}
    if Evidence.JOBS not in offers:
        counts["completed"] = int(_one(db, "SELECT count(*) FROM done"))
        del counts["dead"]
    return counts | _again(db) | _pairs(db)


def _again(db: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """How many jobs of workers that had died were taken or started again, and after how many ms."""
    row = db.execute(_AGAIN).fetchone()
    assert row is not None
    names = ("again", "again_median_ms", "again_worst_ms")
    return dict(zip(names, map(int, row), strict=True)) if row[0] else {}


def _pairs(db: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """The numbers of pairs of the space of jobs that were met, and that are left."""
    points = db.execute("SELECT DISTINCT point FROM events WHERE point IS NOT NULL").fetchall()
    if not points:
        return {}
    coverage = Coverage()
    coverage.add(read(point) for (point,) in points)
    return {"pairs": len(coverage.met), "pairs_left": len(coverage.left)}


def count_faults(db: duckdb.DuckDBPyConnection) -> tuple[FaultCount, ...]:
    """The numbers of the run's faults, by kind and phase.

    Sending everybody home is no fault, nor is one that the rig took back.
    """
    rows = db.execute(
        "SELECT kind, coalesce(phase, '') AS phase, "
        "count(*) FILTER (event = 'planned'), count(*) FILTER (event = 'landed'), "
        "count(*) FILTER (event = 'missed') "
        "FROM events WHERE type = 'fault' AND event IN ('planned', 'landed', 'missed') "
        f"AND phase IS DISTINCT FROM '{HOME}' "
        "AND fault NOT IN (SELECT fault FROM events WHERE type = 'fault' AND event = 'cancelled') "
        "GROUP BY ALL ORDER BY 1, 2"
    ).fetchall()
    return tuple(
        FaultCount(kind=kind, phase=phase, planned=planned, landed=landed, missed=missed)
        for kind, phase, planned, landed, missed in rows
    )


def missing_evidence(db: duckdb.DuckDBPyConnection, offers: Set[Evidence]) -> list[str]:
    """Every reason, in a sentence each, why nothing broken does not yet mean that all is well."""
    missing = []
    if not _one(db, "SELECT count(*) FROM jobs WHERE ack_t IS NOT NULL"):
        missing.append("no enqueue was acknowledged")
    if not _one(db, "SELECT count(*) FROM attempts"):
        missing.append("no job was ever started")
    missing += _rig_trouble(db)
    missing += _faults_that_did_not_land(db)
    if Evidence.JOBS in offers:
        missing += _unread_finals(db)
    elif unseen := unseen_ends(db):
        named = ", ".join(unseen[:_NAMED]) + (", ..." if len(unseen) > _NAMED else "")
        missing.append(
            f"{len(unseen)} acknowledged jobs were not seen to end ({named}), and the target has no"
            " inspector that tells whether they are lost"
        )
    return missing


def obstructed(db: duckdb.DuckDBPyConnection) -> bool:
    """True if the rig itself kept the target from its server: nothing then counts against it."""
    return bool(_one(db, "SELECT count(*) FROM events WHERE type = 'rig' AND event = 'obstructed'"))


def _rig_trouble(db: duckdb.DuckDBPyConnection) -> list[str]:
    broken = db.execute(
        "SELECT DISTINCT coalesce(error, 'no reason given') FROM events "
        "WHERE type = 'rig' AND event IN ('broken', 'obstructed') ORDER BY 1"
    ).fetchall()
    trouble = [f"the rig itself failed: {error}" for (error,) in broken]
    if not _one(db, "SELECT count(*) FROM events WHERE type = 'rig' AND event = 'finished'"):
        trouble.append("the rig never finished the run")
    return trouble


def _faults_that_did_not_land(db: duckdb.DuckDBPyConnection) -> list[str]:
    faults = db.execute(
        "SELECT fault, any_value(kind), any_value(target), any_value(phase), "
        "any_value(error) FILTER (event = 'missed') FROM events "
        "WHERE type = 'fault' GROUP BY fault "
        "HAVING bool_or(event IN ('planned', 'begun', 'missed')) "
        "AND NOT bool_or(event IN ('landed', 'cancelled')) "
        "ORDER BY min(t), fault"
    ).fetchall()
    if not faults:
        return []
    landed = db.execute(
        "SELECT coalesce(phase, 'unknown phase') AS phase, count(*) FROM events "
        "WHERE type = 'fault' AND event = 'landed' GROUP BY phase ORDER BY 2 DESC, 1"
    ).fetchall()
    where = ", ".join(f"{phase} ({count})" for phase, count in landed) or "none at all"
    named = "; ".join(_describe_fault(*fault) for fault in faults[:5])
    more = f"; and {len(faults) - 5} more" if len(faults) > 5 else ""
    return [f"planned faults did not land: {named}{more}. Faults that landed: {where}"]


def _describe_fault(
    fault: str, kind: str, target: str | None, phase: str | None, error: str | None
) -> str:
    words = [f"{fault} ({kind}"]
    words += [f" of {target}"] if target else []
    words += [f" at {phase}"] if phase else []
    return "".join(words) + ")" + (f": {error}" if error else "")


def _unread_finals(db: duckdb.DuckDBPyConnection) -> list[str]:
    if _one(db, "SELECT t FROM final_read") is None:
        error = _one(
            db, "SELECT max(error) FROM events WHERE type = 'final' AND what = 'read' AND NOT ok"
        )
        return [f"the final state could not be read: {error}" if error else
                "the final state was not read"]  # fmt: skip
    unread = _one(
        db, "SELECT count(*) FROM jobs ANTI JOIN final_jobs USING (job) WHERE ack_t IS NOT NULL"
    )
    return [f"the final state leaves out {unread} acknowledged jobs"] if unread else []


def unseen_ends(db: duckdb.DuckDBPyConnection) -> list[str]:
    """The acknowledged jobs that nobody saw done, and of which the end does not tell."""
    unseen = db.execute(
        "SELECT job FROM jobs ANTI JOIN done USING (job) ANTI JOIN final_jobs USING (job)"
        " WHERE ack_t IS NOT NULL ORDER BY job"
    ).fetchall()
    return [job for (job,) in unseen]


def _one(db: duckdb.DuckDBPyConnection, sql: str) -> Any:
    row = db.execute(sql).fetchone()
    assert row is not None
    return row[0]
