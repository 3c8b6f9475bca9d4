"""The drawing of a timeline: lanes, bars and marks, with times in ms since the first event."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import duckdb

from chaos.checks.verdict import Verdict
from chaos.report.choice import MAX_JOBS, Reason, choose_jobs
from chaos.report.stories import Line, Story, tell
from chaos.report.words import plain

MAX_LANES = 60
MAX_BARS = 3_000
MAX_FAULTS = 500
MAX_ROWS = 16
"""The most processes, attempts, faults, and attempts one above the other, on a page."""

Json = dict[str, Any]
Db = duckdb.DuckDBPyConnection

_ID_LENGTH = 120

# One row per attempt of a chosen job, known from the wire (its lock), from the handler, or both.
_BARS = """
CREATE OR REPLACE TEMP TABLE bars AS
WITH given AS (
    SELECT job, token, min(t_sent) FILTER (op = 'claim' AND accepted) AS claim_sent_t,
           min(t) FILTER (
               applied AND op IN ('finish', 'retry', 'release', 'bury', 'takeback')
           ) AS t,
           bool_or(op IN ('finish', 'retry', 'release', 'bury') AND answer = 'refused') AS refused,
           bool_or(op = 'release' AND applied) AS released, max(t) AS last_t
    FROM transitions WHERE token IS NOT NULL GROUP BY ALL
), ran AS (
    SELECT a.job, a.token, a.start_t, a.end_t, a.outcome, a.dead_from,
           coalesce(l.name, a.process) AS lane,
           row_number() OVER (PARTITION BY job, token ORDER BY start_t) AS nth
    FROM attempts AS a LEFT JOIN lives AS l USING (life)
), locked AS (
    SELECT h.job, h.token, h.claim_t, h.expires_by,
           coalesce(l.name, h.process) AS lane, l.dead_from
    FROM holds AS h LEFT JOIN lives AS l USING (life) WHERE h.claim_t IS NOT NULL
    UNION ALL
    -- Without a fencing token a claim is an attempt of its own only if nothing was started. Then it
    -- lasted until its process died.
    SELECT c.job, NULL, c.t, l.dead_from, c.process, l.dead_from
    FROM transitions AS c
    LEFT JOIN lives AS l ON l.name = c.process AND l.from_t <= c.t
        AND c.t < coalesce(l.gone_t, c.t + 1)
    WHERE c.op = 'claim' AND c.accepted AND c.token IS NULL
      AND NOT EXISTS (FROM attempts AS a WHERE a.job = c.job AND a.process = c.process
                      AND a.start_t >= c.t_sent)
)
SELECT
    coalesce(ran.job, locked.job) AS job, coalesce(ran.token, locked.token) AS token,
    coalesce(ran.lane, locked.lane, '?') AS lane,
    locked.claim_t, coalesce(given.claim_sent_t, locked.claim_t) AS claim_sent_t,
    CASE WHEN locked.claim_t IS NOT NULL
         THEN greatest(coalesce(given.t, locked.expires_by), locked.claim_t) END AS free_t,
    ran.start_t, ran.end_t, ran.outcome,
    coalesce(ran.dead_from, locked.dead_from) AS dead_t,
    coalesce(given.refused, false) AS refused, coalesce(given.released, false) AS released,
    given.last_t
FROM ran
FULL JOIN locked ON locked.job = ran.job AND locked.token = ran.token AND ran.nth = 1
LEFT JOIN given ON given.job = coalesce(ran.job, locked.job)
    AND given.token = coalesce(ran.token, locked.token)
WHERE coalesce(ran.job, locked.job) IN (SELECT job FROM chosen)
"""

_FAULTS = """
SELECT l.fault, l.kind, coalesce(l.target, '') AS target, l.phase, l.job, l.t,
       min(h.t) AS until_t
FROM events AS l
LEFT JOIN events AS h ON h.type = 'fault' AND h.event = 'healed' AND h.fault = l.fault
    AND h.t >= l.t
WHERE l.type = 'fault' AND l.event = 'landed'
GROUP BY ALL ORDER BY l.t, l.fault
"""

# A fault belongs to the story of the job whose command it landed at, and the faults of a process
# belong to the story of every job that it holds meanwhile.
_STORIES = """
SELECT job, t, process, type, phase, error, answer_job, "unique", due_t, op, answer, token, outcome,
       kind, target, event, what, state, retries
FROM events
WHERE job IN (SELECT job FROM chosen)
  AND type IN ('enqueue', 'start', 'end', 'transition', 'final')
UNION ALL BY NAME (
SELECT job, t, process, type, phase, kind, target, event
FROM events WHERE type = 'fault' AND event = 'landed' AND job IN (SELECT job FROM chosen)
UNION
SELECT h.job, e.t, e.process, e.type, e.phase, e.kind, e.target, e.event
FROM bars AS h
JOIN events AS e ON e.type = 'fault' AND e.event IN ('landed', 'healed')
    AND e.t BETWEEN coalesce(h.claim_sent_t, h.start_t)
        AND greatest(h.free_t, h.last_t, h.end_t, h.start_t,
                     CASE WHEN h.start_t IS NOT NULL AND h.end_t IS NULL
                          THEN coalesce(h.dead_t, e.t) END)
    AND (within(h.lane, e.target) OR within(e.target, h.lane) OR e.target = 'server'
         OR starts_with(e.kind, 'server-'))
)
ORDER BY job, t, type DESC
"""


def story_of_wronged(db: Db, verdict: Verdict) -> Story | None:
    """The story of the first job of a case that breaks a promise, if there is one."""
    cases = (row for check in verdict.broken if check.promised for row in check.rows)
    job = next((row["job"] for row in cases if isinstance(row.get("job"), str)), None)
    return None if job is None else Story(job, Scene(db, verdict).story(job))


class Scene:
    """All that a page shows of a history whose views have been made."""

    def __init__(self, db: Db, verdict: Verdict) -> None:
        self._db = db
        self._verdict = verdict
        self.left_out: list[str] = []
        origin, last = db.execute("SELECT min(t), max(t) FROM events").fetchone() or (None, None)
        self._origin = int(origin or 0)
        self._last = max(int(last or 0), self._origin)

    def to_json(self) -> Json:
        """Lanes, bars, faults, server times and jobs; `focus` is the part worth looking at."""
        chosen, known = choose_jobs(self._db, self._verdict)
        if known > len(chosen):
            self.left_out.append(
                f"{known - len(chosen):,} of {known:,} jobs (shown are those of broken cases, then "
                f"those that met a fault, then a sample: {MAX_JOBS} in all)"
            )
        self._choose(chosen)
        places = {job: place for place, job in enumerate(chosen)}
        bars = self._bars()
        faults = self._faults()
        enqueues = self._enqueues(places)
        lanes = self._lanes(bars, faults)
        rows = _stack(bars)
        at = {name: place for place, name in enumerate(lanes)}
        return {
            "length": self._ms(self._last),
            "focus": self._focus(bars, [*faults, *enqueues]),
            "lanes": [self._lane(name, lives, rows.get(name, 1)) for name, lives in lanes.items()],
            "bars": [
                bar | {"job": places[bar["job"]], "lane": at[bar["lane"]]}
                for bar in bars
                if bar["lane"] in at
            ],
            "faults": [fault | {"lane": self._at(fault["target"], at)} for fault in faults],
            "server": self._server(),
            "enqueues": enqueues,
            "jobs": self._jobs(chosen, bars),
        }

    def story(self, job: str) -> list[Line]:
        """All that happened to one job."""
        self._choose([job])
        self._db.execute(_BARS)
        return tell(_rows(self._db.execute(_STORIES)), self._origin)

    def _choose(self, jobs: Iterable[str]) -> None:
        self._db.execute("CREATE OR REPLACE TEMP TABLE chosen (job VARCHAR)")
        self._db.executemany("INSERT INTO chosen VALUES (?)", [[job] for job in jobs] or [[None]])

    def _ms(self, t: int) -> float:
        return round((min(max(t, self._origin), self._last) - self._origin) / 1e6, 3)

    def _bars(self) -> list[Json]:
        self._db.execute(_BARS)
        sql = "SELECT * FROM bars ORDER BY least(claim_t, start_t), job, token"
        found = _rows(self._db.execute(sql))
        if len(found) > MAX_BARS:
            self.left_out.append(f"{len(found) - MAX_BARS:,} of {len(found):,} attempts")
        return [self._bar(row) for row in found[:MAX_BARS]]

    def _bar(self, row: Json) -> Json:
        begin, end = row["start_t"], row["end_t"]
        fate = _fate(row)
        if begin is not None and end is None:
            dead = row["dead_t"]
            end = dead if dead is not None and dead >= begin else self._last
        return {
            "job": row["job"],
            "lane": row["lane"],
            "token": row["token"],
            "fate": fate,
            "run": None if begin is None else [self._ms(begin), self._ms(end)],
            "lock": None
            if row["claim_t"] is None
            else [self._ms(row["claim_t"]), self._ms(row["free_t"] or row["claim_t"])],
        }

    def _faults(self) -> list[Json]:
        found = _rows(self._db.execute(_FAULTS))
        if len(found) > MAX_FAULTS:
            self.left_out.append(f"{len(found) - MAX_FAULTS:,} of {len(found):,} faults")
        return [
            {
                "target": row["target"],
                "name": plain(row["target"] or "server", _ID_LENGTH),
                "kind": plain(row["kind"], _ID_LENGTH),
                "phase": plain(row["phase"] or "", _ID_LENGTH),
                "job": plain(row["job"] or "", _ID_LENGTH),
                "from": self._ms(row["t"]),
                "to": None if row["until_t"] is None else self._ms(row["until_t"]),
            }
            for row in found[:MAX_FAULTS]
        ]

    def _lanes(self, bars: list[Json], faults: list[Json]) -> dict[str, list[Json]]:
        """The lives of each process, in the order in which they appeared."""
        lanes: dict[str, list[Json]] = {}
        for row in _rows(self._db.execute("SELECT * FROM lives ORDER BY from_t, name")):
            lanes.setdefault(row["name"], []).append(row)
        for bar in bars:
            lanes.setdefault(bar["lane"], [])
        if len(lanes) <= MAX_LANES:
            return lanes
        busy: dict[str, int] = defaultdict(int)
        for fault in faults:
            busy[fault["target"]] += 1_000
        for bar in bars:
            busy[bar["lane"]] += 1
        kept = set(sorted(lanes, key=lambda name: -busy[name])[:MAX_LANES])
        self.left_out.append(
            f"{len(lanes) - MAX_LANES:,} of {len(lanes):,} processes (shown are those that met "
            "faults, then the busiest)"
        )
        return {name: lives for name, lives in lanes.items() if name in kept}

    def _lane(self, name: str, lives: list[Json], rows: int) -> Json:
        return {
            "name": plain(name, _ID_LENGTH),
            "rows": rows,
            "lives": [
                {
                    "from": self._ms(life["from_t"]),
                    "ready": None if life["ready_t"] is None else self._ms(life["ready_t"]),
                    "to": self._ms(self._last if life["dead_from"] is None else life["dead_from"]),
                    "pid": life["pid"] if life["pid"] > 0 else None,
                    "end": _end_of(life),
                }
                for life in lives
            ],
        }

    def _at(self, target: str, at: dict[str, int]) -> int | None:
        """The lane of a fault's target; a worker of a fleet may be known by its parent only."""
        if target in at:
            return at[target]
        return next((at[name] for name in at if target.startswith(f"{name}.")), None)

    def _server(self) -> list[Json]:
        """The times at which the server was down."""
        spans: list[Json] = []
        sql = "SELECT t, event FROM events WHERE type = 'server' ORDER BY t"
        for t, event in self._db.execute(sql).fetchall():
            is_down = bool(spans) and spans[-1]["to"] is None
            if event == "down" and not is_down:
                spans.append({"from": self._ms(t), "to": None})
            elif event == "up" and is_down:
                spans[-1]["to"] = self._ms(t)
        return spans[:MAX_FAULTS]

    def _enqueues(self, places: dict[str, int]) -> list[Json]:
        found = self._db.execute(
            "SELECT job, invoke_t, coalesce(ok_t, fail_t), result FROM enqueues "
            "WHERE job IN (SELECT job FROM chosen) AND invoke_t IS NOT NULL ORDER BY invoke_t"
        ).fetchall()
        return [
            {
                "job": places[job],
                "from": self._ms(begin),
                "to": self._ms(begin if end is None else end),
                "result": result,
            }
            for job, begin, end, result in found[:MAX_BARS]
        ]

    def _jobs(self, chosen: dict[str, Reason], bars: list[Json]) -> list[Json]:
        events: dict[str, list[Json]] = defaultdict(list)
        for row in _rows(self._db.execute(_STORIES)):
            events[row["job"]].append(row)
        attempts: dict[str, int] = defaultdict(int)
        for bar in bars:
            attempts[bar["job"]] += 1
        states = dict(self._db.execute("SELECT job, state FROM final_jobs").fetchall())
        why = _why(self._verdict)
        return [
            {
                "id": plain(job, _ID_LENGTH),
                "reason": str(reason),
                "state": plain(states.get(job) or "not read", _ID_LENGTH),
                "attempts": attempts[job],
                "why": why.get(job, []),
                "story": tell(events[job], self._origin),
            }
            for job, reason in chosen.items()
        ]

    def _focus(self, bars: list[Json], others: list[Json]) -> list[float]:
        """From the first to the last thing that happened, without the wait before and after."""
        times = [time for bar in bars for time in (*(bar["run"] or ()), *(bar["lock"] or ()))]
        times += [other["from"] for other in others]
        if not times:
            return [0, self._ms(self._last)]
        margin = max((max(times) - min(times)) * 0.03, 1)
        return [max(min(times) - margin, 0), min(max(times) + margin, self._ms(self._last))]


def _fate(row: Json) -> str:
    """The fate of an attempt, in one word."""
    if row["refused"]:
        return "refused"
    if row["start_t"] is None:
        return "unstarted"
    if row["outcome"] is None:
        return "open" if row["dead_t"] is None else "died"
    if row["outcome"] in ("cancelled", "lost") or row["released"]:
        return "cancelled"
    return str(row["outcome"])


def _end_of(life: Json) -> str:
    if life["dead_from"] is None:
        return "alive to the end"
    if life["kill_t"] is not None:
        return "killed by the rig"
    if life["signal"]:
        return f"ended by signal {life['signal']}"
    return "left" if life["code"] is None else f"left with exit code {life['code']}"


def _stack(bars: list[Json]) -> dict[str, int]:
    """Give bars of one lane that overlap different rows; returns the number of rows by lane."""
    ends: dict[str, list[float]] = defaultdict(list)
    for bar in bars:
        spans = [span for span in (bar["lock"], bar["run"]) if span]
        begin, end = min(span[0] for span in spans), max(span[1] for span in spans)
        rows = ends[bar["lane"]]
        free = next((row for row, until in enumerate(rows) if until <= begin), None)
        if free is None and len(rows) < MAX_ROWS:
            rows.append(end)
            free = len(rows) - 1
        elif free is None:
            free = rows.index(min(rows))
        rows[free] = max(rows[free], end)
        bar["row"] = free
    return {lane: len(rows) for lane, rows in ends.items()}


def _why(verdict: Verdict) -> dict[str, list[str]]:
    """The sentences of the checks about each job."""
    told: dict[str, list[str]] = defaultdict(list)
    for check in verdict.broken:
        for row in check.rows:
            if isinstance(row.get("job"), str):
                told[row["job"]].append(f"{check.anomaly}: {plain(row.get('why'), 600)}")
    return told


def _rows(cursor: Db) -> list[Json]:
    names = [column[0] for column in cursor.description or ()]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
