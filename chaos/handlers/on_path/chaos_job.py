"""The handler's side of a test: it asks the rig what to do, and says how that ended.

    import chaos_job

    def handler(job):              # whatever the enqueue program was given, handed on as it is
        return chaos_job.run(job)  # in an event loop: await chaos_job.run_async(job)

A handler with work of its own calls `told = start(job)` before it and `end(told)` after it. The rig
puts this file on the path of the workers that it starts; it needs Python 3.8 and nothing else.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import threading
import time
from contextlib import contextmanager
from typing import Any, Dict, Iterator, Union

Job = Union[str, Dict[str, Any]]
"""What the enqueue program read: a line of JSON, or what that means."""

_local = threading.local()


class PlannedFailure(Exception):
    """A failure that the rig asked for."""


class NotTold(RuntimeError):
    """The rig did not say what to do; the message says why."""


def run(job: Job) -> Any:
    """Do what the rig says about this job, and return its result. Raises `PlannedFailure` where it
    says so."""
    with _told(job) as told:
        time.sleep(told["ms"] / 1000)
    return told.get("result")


async def run_async(job: Job) -> Any:
    """The same in an event loop, which is kept free meanwhile."""
    with _told(job) as told:
        await asyncio.sleep(told["ms"] / 1000)
    return told.get("result")


@contextmanager
def _told(job: Job) -> Iterator[Dict[str, Any]]:
    """Say that a job begins and, after the work in the block, how it ended."""
    told = start(job)
    try:
        yield told
        if told["then"] == "fail":
            raise PlannedFailure("as the rig has asked for")
    except BaseException as error:
        end(told, _word(error))
        raise
    end(told)


def start(job: Job) -> Dict[str, Any]:
    """Say that this job begins. Returns what to do: work for `ms` milliseconds, `then` end `ok` or
    `fail`. Raises `NotTold` when the rig does not know the job or cannot be reached."""
    return _ask(say="start", job=job if isinstance(job, (str, dict)) else repr(job))


def end(told: Dict[str, Any], outcome: str = "ok") -> None:
    """Say how it ended: `ok`, `error` or `cancelled`. `told` is what `start` has returned."""
    _ask(say="end", run=told["run"], outcome=outcome)


def _word(error: BaseException) -> str:
    cancelled = isinstance(error, (asyncio.CancelledError, KeyboardInterrupt, SystemExit))
    return "cancelled" if cancelled else "error"


def _ask(**words: Any) -> Dict[str, Any]:
    place, _, secret = os.environ.get("CHAOS_RIG", "").partition("/")
    if not place:
        raise NotTold("CHAOS_RIG is not set: hand the rig's variables on to this process")
    words.update(secret=secret, process=os.environ.get("CHAOS_PROCESS", ""), pid=os.getpid())
    line = _line(place, json.dumps(words) + "\n")
    answer: Dict[str, Any] = json.loads(line) if line else {"error": "the rig is gone"}
    if "error" in answer:
        raise NotTold(answer["error"])
    return answer


def _line(place: str, text: str) -> str:
    # A connection for each thread, because nobody may read another's answer; a fork's is its own.
    if getattr(_local, "pid", None) != os.getpid():
        host, _, port = place.rpartition(":")
        _local.socket = socket.create_connection((host, int(port)), 30)
        _local.file = _local.socket.makefile("rw")
        _local.pid = os.getpid()
    _local.file.write(text)
    _local.file.flush()
    return str(_local.file.readline())
