"""Runs queries, several at once, each as soon as what it looks at is there.

A history of the usual length takes DuckDB as long to plan a query as to run it, and one query keeps
one processor busy. So queries run beside each other.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import duckdb

#: More at once would need more memory for nothing.
_AT_ONCE = min(4, os.cpu_count() or 1)
_COMMENT = re.compile(r"--[^\n]*")
_MADE = re.compile(r"\s*CREATE (?:TABLE|VIEW|MACRO) (\w+)")
_WORD = re.compile(r"\w+")

Work = Callable[[duckdb.DuckDBPyConnection], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Something to do with a connection.

    `makes` is the table, view or macro that is there afterwards; without it, nothing waits for
    this step. It waits for all steps before it whose results `mentions` names; None: for all.
    """

    work: Work
    makes: str | None = None
    mentions: frozenset[str] | None = None


def words_of(sql: str) -> frozenset[str]:
    """The words of a query, of which some are the names of what it looks at."""
    return frozenset(_WORD.findall(_COMMENT.sub("", sql)))


def statements(sql: str) -> Iterator[Step]:
    """A step for each statement of a text that makes tables, views and macros and does nothing
    else."""
    for statement in filter(str.strip, _COMMENT.sub("", sql).split(";")):
        made = _MADE.match(statement)
        assert made is not None, statement
        yield Step(work=_executing(statement), makes=made[1], mentions=words_of(statement))


def _executing(sql: str) -> Work:
    return lambda db: db.execute(sql)


def run_steps(db: duckdb.DuckDBPyConnection, steps: Sequence[Step]) -> list[Any]:
    """Do all steps, and return their results in their order. The first error ends it."""
    missing = {step.makes for step in steps if step.makes is not None}
    needs = list(_needs(steps))
    waiting = dict(enumerate(steps))
    running: dict[Future[Any], int] = {}
    results: list[Any] = [None] * len(steps)
    with _workers(db) as submit:
        while waiting or running:
            for place in [place for place in waiting if needs[place].isdisjoint(missing)]:
                running[submit(waiting.pop(place).work)] = place
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                place = running.pop(future)
                results[place] = future.result()
                missing.discard(steps[place].makes)
    return results


def at_once(db: duckdb.DuckDBPyConnection, *work: Work) -> list[Any]:
    """Do all of this at the same time, and return the results in their order."""
    return run_steps(db, [Step(work=each, mentions=frozenset()) for each in work])


def _needs(steps: Sequence[Step]) -> Iterator[frozenset[str]]:
    """What each step waits for, of all that is made before it."""
    made: frozenset[str] = frozenset()
    for step in steps:
        yield made if step.mentions is None else made & step.mentions
        if step.makes is not None:
            made |= {step.makes}


@contextmanager
def _workers(db: duckdb.DuckDBPyConnection) -> Iterator[Callable[[Work], Future[Any]]]:
    """Threads with a connection each. What they still do at an exception is interrupted."""
    own = threading.local()
    connections: list[duckdb.DuckDBPyConnection] = []

    def begin() -> None:
        own.db = db.cursor()
        connections.append(own.db)

    try:
        with ThreadPoolExecutor(_AT_ONCE, "judge", begin) as pool:
            try:
                yield lambda work: pool.submit(lambda: work(own.db))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                for connection in connections:
                    connection.interrupt()
                raise
    finally:
        for connection in connections:
            connection.close()
