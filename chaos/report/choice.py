"""The choice of the jobs that a page shows, if it cannot show all of them."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

import duckdb

from chaos.checks.verdict import Verdict

MAX_JOBS = 200
"""The most jobs that a page shows."""


class Reason(StrEnum):
    """Why a job is shown, the most important first."""

    BROKEN = "broken"
    TROUBLED = "troubled"
    SAMPLE = "sample"


# A job met a fault when one touched a process (or the server) while it held the job, or when its
# own history is not the plain one: enqueued, claimed once, run once, finished.
_TROUBLED = """
CREATE OR REPLACE TEMP TABLE troubled AS
SELECT job FROM events WHERE type = 'fault' AND event = 'landed' AND job IS NOT NULL
UNION SELECT job FROM enqueues WHERE result <> 'ok' AND job IS NOT NULL
UNION SELECT job FROM attempts WHERE outcome IS DISTINCT FROM 'ok' AND job IS NOT NULL
UNION SELECT job FROM transitions WHERE answer IS DISTINCT FROM 'ok'
UNION SELECT job FROM holds WHERE job IS NOT NULL GROUP BY job HAVING count(*) > 1
UNION SELECT job FROM final_jobs WHERE state <> 'completed'
UNION SELECT h.job FROM holds AS h JOIN life_stalls AS s USING (life)
WHERE h.job IS NOT NULL AND NOT s.leaves
  AND s.until_t >= coalesce(h.claim_t, h.start_t)
  AND s.from_t <= coalesce(h.end_t, h.expires_by, h.start_t)
"""

_KNOWN = """
CREATE OR REPLACE TEMP TABLE known AS
SELECT job, min(t) AS t FROM events
WHERE job IS NOT NULL AND type IN ('enqueue', 'start', 'end', 'transition', 'final') GROUP BY job
"""


def choose_jobs(db: duckdb.DuckDBPyConnection, verdict: Verdict) -> tuple[dict[str, Reason], int]:
    """At most `MAX_JOBS` ids, each with why it was chosen, and how many jobs there are in all.

    The broken ones come first, then those that met a fault, then every nth of the others.
    """
    db.execute(_TROUBLED)
    db.execute(_KNOWN)
    known = _ids(db, "SELECT job FROM known ORDER BY t, job")
    troubled = set(_ids(db, "SELECT job FROM troubled"))
    # A case may be of something else than a job: a worker's key, say.
    everyone = set(known)
    broken = {job: Reason.BROKEN for job in _broken(verdict) if job in everyone}
    chosen = dict(list(broken.items())[:MAX_JOBS])
    met = [job for job in known if job in troubled and job not in chosen]
    chosen |= dict.fromkeys(_spread(met, MAX_JOBS - len(chosen)), Reason.TROUBLED)
    rest = [job for job in known if job not in troubled and job not in broken]
    chosen |= dict.fromkeys(_spread(rest, MAX_JOBS - len(chosen)), Reason.SAMPLE)
    return chosen, len(known)


def _broken(verdict: Verdict) -> Iterator[str]:
    """The jobs of broken cases: the first of each check, then the second of each, and so on."""
    most = max((len(check.rows) for check in verdict.broken), default=0)
    for place in range(most):
        for check in sorted(verdict.broken, key=lambda check: not check.promised):
            job = check.rows[place].get("job") if place < len(check.rows) else None
            if isinstance(job, str):
                yield job


def _spread(jobs: list[str], room: int) -> list[str]:
    """`room` of the jobs, evenly spread over them; all where there is room."""
    if len(jobs) <= room:
        return jobs
    return [jobs[place * len(jobs) // room] for place in range(room)]


def _ids(db: duckdb.DuckDBPyConnection, sql: str) -> list[str]:
    return [str(job) for (job,) in db.execute(sql).fetchall()]
