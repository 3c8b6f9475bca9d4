"""From a run directory to a verdict: every check over the whole history."""

from __future__ import annotations

from collections.abc import Iterator, Set
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb

from chaos.checks import fault_kinds
from chaos.checks.evidence import (
    count_events,
    count_faults,
    missing_evidence,
    obstructed,
    unseen_ends,
)
from chaos.checks.verdict import CheckResult, Outcome, Status, Verdict
from chaos.errors import ChaosError
from chaos.evidence import Evidence
from chaos.guarantees import ANOMALIES, GUARANTEES, guarantee_of
from chaos.history.database import enough_room
from chaos.history.reader import History, read_history
from chaos.history.schema import MAX_DURATION_MS
from chaos.history.steps import Step, run_steps, statements, words_of

MAX_ROWS = 20
"""The most broken cases of one check that a verdict shows."""

#: Name in run.json's `timing` -> what to take when it is absent. None: a run must say it.
TIMING_MS: dict[str, int | None] = {
    "lock_ttl_ms": None,
    "poll_ms": None,
    "recovery_slack_ms": None,
    "health_ttl_ms": None,
    "health_interval_ms": None,
    "grace_ms": None,
    "cleanup_ms": None,
    #: 0: no fleet watches whether its workers hang.
    "hung_ms": 0,
    #: 0: nobody says how long a failed job waits.
    "retry_base_ms": 0,
    "retry_cap_ms": 0,
    "drain_slack_ms": 250,
    "clock_slack_ms": 5,
}


def judge(run_dir: Path, *, max_rows: int = MAX_ROWS) -> Verdict:
    """Judge the history in `run_dir`. Reads only; the same directory gives the same verdict.
    Of each check at most `max_rows` broken cases are kept.

    Raises HistoryProblem when `run_dir` is no directory, or when there is not enough room.
    Everything else that is wrong with the evidence is told in the verdict, and so is a check that
    fails itself.
    """
    with judging(run_dir, max_rows=max_rows) as (verdict, _):
        return verdict


@contextmanager
def judging(run_dir: Path, *, max_rows: int = MAX_ROWS) -> Iterator[tuple[Verdict, History]]:
    """The same as `judge`, with the history and all tables of views.sql, for drawing them."""
    with read_history(run_dir) as history:
        yield judged(history, max_rows=max_rows), history


@enough_room()
def judged(history: History, *, max_rows: int = MAX_ROWS) -> Verdict:
    """The verdict on a history that was just read. Makes all tables of views.sql in it.

    Raises HistoryProblem when there is not enough memory, or no room for temporary files.
    """
    unknown = _prepare(history)
    promised, complaints = _promises(history.run)
    unknown += complaints
    offers, complaints = _offers(history.run)
    unknown += complaints
    views = [*statements(sql_of("views"))]
    looks = [
        *(_check(anomaly, promised, offers, max_rows) for anomaly in ANOMALIES),
        Step(work=lambda db: missing_evidence(db, offers)),
        Step(work=obstructed),
        Step(work=lambda db: count_events(db, offers)),
        Step(work=count_faults),
    ]
    results = run_steps(history.db, [*views, *looks])[len(views) :]
    checks: tuple[CheckResult, ...] = tuple(results[: len(ANOMALIES)])
    missing, in_the_way, counts, faults = results[len(ANOMALIES) :]
    unknown = [*history.problems, *unknown, *missing]
    unknown += [f"the check {c.anomaly} failed itself: {c.error}" for c in checks if c.error]
    unknown += _not_met(history.run, promised, checks)
    return Verdict(
        outcome=_outcome(checks, unknown, in_the_way),
        checks=checks,
        unknown_because=tuple(unknown),
        counts=counts,
        faults=faults,
        run=history.run,
    )


def make_views(history: History) -> list[str]:
    """Make the tables of views.sql in `history.db`. Returns what their timing lacks."""
    unknown = _prepare(history)
    run_steps(history.db, [*statements(sql_of("views"))])
    return unknown


def _outcome(checks: tuple[CheckResult, ...], unknown: list[str], obstructed: bool) -> Outcome:
    if not obstructed and any(check.promised and check.broken for check in checks):
        return Outcome.FAIL
    return Outcome.UNKNOWN if unknown else Outcome.PASS


def _not_met(
    run: dict[str, Any], promised: frozenset[str], checks: tuple[CheckResult, ...]
) -> list[str]:
    """The promises that the run is `about` and that no case of it put to the test."""
    given = run.get("about")
    about = given if isinstance(given, list) else []
    kept = [guarantee for guarantee in about if guarantee in promised]
    if about and promised and not kept:
        return [f"the run is about {', '.join(map(str, about))}, and none of it is promised"]
    return [why for guarantee in kept if (why := _why_not_met(guarantee, checks))]


def _why_not_met(guarantee: str, checks: tuple[CheckResult, ...]) -> str | None:
    own = [check for check in checks if check.guarantee == guarantee]
    if any(check.examined or check.error for check in own):
        return None
    lacks = {check.lacks: None for check in own if check.lacks}
    if lacks:
        return f"the run is about {guarantee}, which cannot be known: {', and '.join(lacks)}"
    return f"the run is about {guarantee}, and had no case of it"


def _timing(run: dict[str, Any]) -> tuple[dict[str, int | None], list[str]]:
    """The durations of the run in ms, and what is wrong with them."""
    given = run.get("timing")
    given = given if isinstance(given, dict) else {}
    timing = dict(TIMING_MS)
    missing = []
    for name in TIMING_MS:
        value = given.get(name)
        if type(value) is int and 0 <= value <= MAX_DURATION_MS:
            timing[name] = value
        elif value is not None or timing[name] is None:
            missing.append(name)
    # Without any run.json that is already told.
    told = run and missing
    return timing, [f"run.json lacks a usable timing of {', '.join(missing)}"] if told else []


def _promises(run: dict[str, Any]) -> tuple[frozenset[str], list[str]]:
    """The ids of the promised guarantees, and what is wrong with them."""
    given = run.get("promises")
    if not isinstance(given, list):
        return frozenset(), ["run.json does not say which guarantees are promised"] if run else []
    known = frozenset(item for item in given if isinstance(item, str) and item in GUARANTEES)
    strange = [str(item) for item in given if item not in known]
    if strange:
        return known, [f"run.json promises unknown guarantees: {', '.join(strange)}"]
    return known, []


def _offers(run: dict[str, Any]) -> tuple[frozenset[Evidence], list[str]]:
    """The evidence that the target of a run can show, and what is wrong with that.

    Runs that were recorded before targets said so can show everything.
    """
    given = run.get("offers", list(Evidence))
    if not isinstance(given, list):
        return frozenset(), ["run.json does not say what evidence its target offers"]
    strange = [str(item) for item in given if item not in list(Evidence)]
    complaints = [f"run.json offers unknown evidence: {', '.join(strange)}"] if strange else []
    return frozenset(evidence for evidence in Evidence if evidence in given), complaints


def _prepare(history: History) -> list[str]:
    """Make what views.sql is written in. Returns what the run's timing lacks."""
    timing, unknown = _timing(history.run)
    offers, _ = _offers(history.run)
    db = history.db
    row = db.execute("SELECT coalesce(min(t), 0) FROM events").fetchone()
    assert row is not None
    listed = ", ".join(f"'{evidence}'" for evidence in sorted(offers))
    macros = {f"{name.removesuffix('_ms')}()": _in_ns(value) for name, value in timing.items()}
    macros |= {
        "origin()": f"{int(row[0])}::BIGINT",
        "intact()": str(history.intact),
        "rig_intact()": str(history.rig_intact),
        "offers(evidence)": f"list_contains([{listed}]::VARCHAR[], evidence)",
    }
    db.execute(";".join(f"CREATE MACRO {name} AS ({told})" for name, told in macros.items()))
    fault_kinds.make_table(db)
    db.execute(sql_of("ruined"))
    return unknown


def _in_ns(ms: int | None) -> str:
    return "NULL::BIGINT" if ms is None else f"{ms * 1_000_000}::BIGINT"


def sql_of(name: str) -> str:
    """The text of the check for this anomaly, of `ruined` or of `views`."""
    return (files("chaos.checks") / f"{name.replace('-', '_')}.sql").read_text(encoding="utf-8")


def _check(
    anomaly: str, promised: frozenset[str], offers: frozenset[Evidence], max_rows: int
) -> Step:
    return Step(
        work=lambda db: _run_check(db, anomaly, promised, offers, max_rows),
        mentions=words_of(sql_of(anomaly)),
    )


def _run_check(
    db: duckdb.DuckDBPyConnection,
    anomaly: str,
    promised: frozenset[str],
    offers: frozenset[Evidence],
    max_rows: int,
) -> CheckResult:
    guarantee = guarantee_of(anomaly)
    seen, error = _Seen(), None
    missing = _missing(db, anomaly, offers)
    try:
        if not missing:
            seen = _look(db, sql_of(anomaly), max_rows)
    except (duckdb.Error, OSError, _Contradiction) as problem:
        error = str(problem)
    status = Status.OK if seen.judged else Status.NOT_EXERCISED
    if missing:
        status = Status.NOT_KNOWN
    elif seen.broken:
        status = Status.BROKEN
    return CheckResult(
        anomaly=anomaly,
        guarantee=guarantee.id,
        sentence=guarantee.sentence,
        promised=guarantee.id in promised,
        examined=seen.judged,
        excused=seen.excused,
        broken=seen.broken,
        rows=seen.rows,
        status=status,
        error=error,
        lacks=" and ".join(evidence.absence for evidence in sorted(missing)) or None,
    )


def _missing(
    db: duckdb.DuckDBPyConnection, anomaly: str, offers: frozenset[Evidence]
) -> Set[Evidence]:
    """The evidence for want of which a check can say nothing.

    Whether a job is lost needs no final state if it was seen to end. One that was not may still
    wait somewhere in the store.
    """
    if anomaly == "lost" and Evidence.JOBS not in offers and unseen_ends(db):
        return {Evidence.JOBS}
    return ANOMALIES[anomaly].missing(offers)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """The cases that a check met: judged (and of these broken, with the first ones), or excused."""

    judged: int = 0
    excused: int = 0
    broken: int = 0
    rows: tuple[dict[str, Any], ...] = ()


class _Contradiction(ChaosError):
    """A check calls a case broken that it says could not be judged."""


def _look(db: duckdb.DuckDBPyConnection, sql: str, max_rows: int) -> _Seen:
    """Count the cases first: DuckDB then skips the sentences, which cost more than the search."""
    counted = db.execute(
        "SELECT count(*), count(*) FILTER (judged), count(*) FILTER (broken),"
        f" count(*) FILTER (broken AND judged IS NOT TRUE) FROM ({sql}\n) AS cases"
    ).fetchone()
    assert counted is not None
    met, judged, broken, unfounded = map(int, counted)
    if unfounded:
        raise _Contradiction(f"{unfounded} of its broken cases could not be judged")
    seen = _Seen(judged=judged, excused=met - judged, broken=broken)
    if not broken:
        return seen
    found = db.execute(
        f"SELECT job, t, why FROM ({sql}\n) AS cases WHERE broken "
        f"ORDER BY t, job, why LIMIT {max_rows}"
    ).fetchall()
    return replace(seen, rows=tuple({"job": job, "t": t, "why": why} for job, t, why in found))
