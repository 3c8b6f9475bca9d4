"""Asks whether all that was written is still there: every line, every file, every worker's part.

A check that finds nothing proves something only where nothing is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import duckdb

from chaos.history.damage import Damage
from chaos.history.files import SUFFIX, process_of, shown

#: The most names or numbers in a sentence.
_NAMED = 5


def unaccounted(db: duckdb.DuckDBPyConnection, lines: Mapping[str, int]) -> list[Damage]:
    """Each part of the table `events` that is missing. `lines` has the number of
    whole lines of each history file, by its name."""
    return [*_numbers(db), *_files(db, lines), *_ready(db), *_on_wire(db)]


def _numbers(db: duckdb.DuckDBPyConnection) -> Iterator[Damage]:
    """Each process numbers its lines from 1."""
    wrong = db.execute(
        "SELECT file, pid FROM events GROUP BY file, pid HAVING count(n) > 0 AND NOT "
        "(count(*) = count(n) AND count(DISTINCT n) = count(n) AND max(n) = count(n)) ORDER BY ALL"
    ).fetchall()
    for file, pid in wrong:
        rows = db.execute(
            "SELECT n, t FROM events WHERE file = ? AND pid IS NOT DISTINCT FROM ? ORDER BY t, n",
            [file, pid],
        ).fetchall()
        if said := misnumbered(rows):
            yield Damage(process_of(file), f"{shown(file)} {said}, of process id {pid}")


def misnumbered(lines: Sequence[tuple[int | None, int]]) -> str | None:
    """What is wrong with the lines of one process, each given by its number and time; or None.

    Lines without numbers prove nothing. A process id may come again under the same name; then the
    numbers begin anew.
    """
    numbers = [(n, t) for n, t in lines if n is not None]
    if numbers and len(numbers) < len(lines):
        return "has lines without a number beside others"
    if len(set(numbers)) < len(numbers):
        return "repeats lines"
    lives: list[list[int]] = []
    again = sum(n == 1 for n, _ in numbers) > 1
    for n, _ in numbers:
        if not lives or (again and n == 1):
            lives.append([])
        lives[-1].append(n)
    for life in lives:
        if len(set(life)) < len(life):
            return "repeats lines"
        if missing := _gaps(sorted(life)):
            return f"lacks {', '.join(missing[:_NAMED])}"
    return None


def _gaps(numbers: list[int]) -> list[str]:
    """The numbers that are missing below the last one."""
    gaps = [(a + 1, b - 1) for a, b in zip([0, *numbers], numbers, strict=False) if b > a + 1]
    return [f"line {low}" if low == high else f"lines {low} to {high}" for low, high in gaps]


def _files(db: duckdb.DuckDBPyConnection, lines: Mapping[str, int]) -> Iterator[Damage]:
    """The rig has written down which files there were."""
    noted = db.execute(
        "SELECT name, max(lines) FROM events"
        " WHERE type = 'file' AND name IS NOT NULL AND lines IS NOT NULL"
        " GROUP BY name ORDER BY name"
    ).fetchall()
    return cut(noted, lines)


def cut(noted: Iterable[tuple[str, int]], lines: Mapping[str, int]) -> Iterator[Damage]:
    """Each file that is gone, or has fewer lines than were noted. `lines` is as
    for `unaccounted`."""
    for name, before in noted:
        now = lines.get(name + SUFFIX)
        if now is None:
            yield Damage(name, f"the history of {shown(name)} is missing, which had {before} lines")
        elif now < before:
            said = f"the history of {shown(name)} has {now} of the {before} lines that it had"
            yield Damage(name, said)


def _ready(db: duckdb.DuckDBPyConnection) -> Iterator[Damage]:
    """A worker that was ready had said hello."""
    for (name,) in db.execute(_SILENT).fetchall():
        yield Damage(name, f"{shown(name)} was ready, and its history is missing")


def _on_wire(db: duckdb.DuckDBPyConnection) -> Iterator[Damage]:
    """A worker says hello before its first command about a job."""
    for process, workers in db.execute(_UNKNOWN).fetchall():
        named = ", ".join(shown(worker) for worker in workers[:_NAMED] if worker is not None)
        whose = f"{shown(process)} ({named})" if named else shown(process)
        said = f"{whose} was seen at work on the wire, and its history is missing"
        yield Damage(process, said)


_WROTE = """
SELECT DISTINCT process, pid, worker FROM events WHERE type IN ('hello', 'start', 'end')
"""

# What a launcher has started has another process id, but not that of a namesake.
_SILENT = f"""
WITH wrote AS ({_WROTE}),
ready AS (
    SELECT DISTINCT name, child_pid FROM events
    WHERE type = 'process' AND event = 'ready' AND coalesce(role, 'worker') = 'worker'
      AND name IS NOT NULL
)
SELECT DISTINCT name FROM ready AS r
WHERE NOT EXISTS (
    FROM wrote AS w
    WHERE (w.process = r.name OR starts_with(w.process, r.name || '.'))
      AND (r.child_pid IS NULL OR w.pid = r.child_pid
           OR w.pid NOT IN (SELECT child_pid FROM ready WHERE child_pid IS NOT NULL))
)
ORDER BY name
"""

# One that was killed before it was ready may not have come to saying hello. Of a fleet's workers it
# is not known which of them acted, so each that has ended without a word excuses one. They say
# hello when they start their first job: one that handed back all that it had claimed had none.
_UNKNOWN = f"""
WITH wrote AS ({_WROTE}),
started AS (
    SELECT name, coalesce(any_value(role) = 'fleet', false) AS fleet,
           bool_or(event = 'exit' AND signal = 9) AND NOT bool_or(event = 'ready') AS excused
    FROM events
    WHERE type = 'process' AND coalesce(role, 'worker') IN ('worker', 'fleet') GROUP BY name
), ended AS (
    SELECT name, child_pid FROM events WHERE type = 'process' AND event = 'exit'
    UNION
    SELECT target, child_pid FROM events WHERE type = 'fault' AND event = 'landed'
), speechless AS (
    SELECT s.name, count(DISTINCT e.child_pid) AS n
    FROM started AS s JOIN ended AS e ON starts_with(e.name, s.name || '.')
    WHERE s.fleet AND e.child_pid NOT IN (SELECT pid FROM wrote)
    GROUP BY s.name
), acted AS (
    SELECT process, worker FROM events
    WHERE type = 'transition'
      AND op IN ('claim', 'refresh', 'finish', 'retry', 'release', 'bury')
    GROUP BY process, worker
    HAVING process NOT IN (SELECT name FROM started WHERE fleet)
        OR count(DISTINCT (job, token)) > count(DISTINCT (job, token)) FILTER (op = 'release')
), unknown AS (
    SELECT process, worker FROM acted
    WHERE worker NOT IN (SELECT worker FROM wrote WHERE worker IS NOT NULL)
    UNION ALL
    SELECT process, worker FROM acted
    WHERE worker IS NULL AND process NOT IN (SELECT process FROM wrote)
      AND NOT EXISTS (FROM wrote AS w WHERE starts_with(w.process, acted.process || '.'))
)
SELECT u.process, list(u.worker ORDER BY u.worker) AS workers
FROM unknown AS u
JOIN started AS s ON s.name = u.process
LEFT JOIN speechless AS q ON q.name = u.process
WHERE NOT s.excused
GROUP BY u.process
HAVING count(*) > coalesce(any_value(q.n), 0)
ORDER BY u.process
"""
