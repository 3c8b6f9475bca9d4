"""Times to start and to commit as Locust requests, from the histories while they are written.

`start` is the time from the enqueue (or, of a deferred job, from when it was due) to the first
start of its handler; `commit` is that to the end of the run that succeeded, which the worker
commits next.
All processes share this machine's monotonic clock. Reading takes a fifth of the time at most: under
load the figures may come late, but they are never wrong.
"""

# Locust leaves some of its methods without types.
# mypy: allow-untyped-calls

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gevent  # type: ignore[import-untyped]  # it ships no types
from locust.event import EventHook

from chaos.history.tail import Tail

_PAUSE_S = 0.5
#: Of each file, between two pauses for others.
_BYTES = 128 * 1024
_LINES = 500
#: Jobs that are waited for at most; the oldest are given up.
_WAITING = 100_000


class Latencies:
    """Follows the histories in a directory and fires a request for each start and each commit."""

    def __init__(self, history: Path, request: EventHook) -> None:
        self._producers = Tail(history, "producer-*.jsonl")
        self._workers = Tail(history, "fleet-*.jsonl")
        self._request = request
        #: Job → when it was enqueued or due, in ns, and whether it has been started. A job whose id
        #: the queue gives is here by its operation until it has one.
        self._jobs: dict[str, tuple[int, bool]] = {}
        self._greenlet = gevent.spawn(self._follow)

    def _follow(self) -> None:
        while True:
            began = time.monotonic()
            self._turn()
            gevent.sleep(max(_PAUSE_S, 4 * (time.monotonic() - began)))

    def finish(self, limit_s: float) -> None:
        """Catch up, for a limited time, and stop."""
        self._greenlet.kill()
        end = time.monotonic() + limit_s
        while self._turn() and time.monotonic() < end:
            pass

    def _turn(self) -> int:
        # In this order the enqueue of every start that was read is read too.
        done = self._workers.read(_BYTES)
        for event in _events(self._producers.read()):
            self._enqueued(event)
        for event in _events(done):
            self._worked(event)
        return len(done)

    def _enqueued(self, event: dict[str, Any]) -> None:
        op, job = event["op"], event.get("job")
        if event.get("phase") == "invoke":
            due_t = max(event["t"], event.get("due_t") or 0)  # it may be long past
            self._jobs.setdefault(job or op, (due_t, False))
            if len(self._jobs) > _WAITING:
                del self._jobs[next(iter(self._jobs))]
        elif event.get("answer_job") != job:  # refused, or another job stands for it
            self._jobs.pop(job or op, None)
        elif job is not None and op in self._jobs:
            self._jobs[job] = self._jobs.pop(op)

    def _worked(self, event: dict[str, Any]) -> None:
        job = event.get("job")
        since, started = self._jobs.get(job or "", (None, False))
        if job is None or since is None:
            return
        if event["type"] == "start" and not started:
            self._jobs[job] = since, True
            self._fire("start", job, event["t"] - since)
        elif event["type"] == "end" and event["outcome"] == "ok":
            del self._jobs[job]
            self._fire("commit", job, event["t"] - since)

    def _fire(self, kind: str, job: str, ns: int) -> None:
        self._request.fire(
            request_type=kind,
            name=job.partition("-")[0] if job.count("-") == 2 else "nameless",
            response_time=max(0.0, ns / 1e6),
            response_length=0,
            exception=None,
        )


def _events(lines: list[bytes]) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(lines):
        if number % _LINES == 0:
            gevent.sleep(0)
        with contextlib.suppress(
            ValueError
        ):  # a line that a kill has cut short: the judge's matter
            yield json.loads(line)
