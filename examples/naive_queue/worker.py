"""A worker of the naive queue: `python -m examples.naive_queue.worker redis://localhost`."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Mapping
from typing import Any

from examples.naive_queue.queue import Job, Queue

Handler = Callable[[Job], Any]


def work(queue: Queue, handlers: Mapping[str, Handler], *, burst: bool = False) -> None:
    """Take one job after the other, until SIGTERM; the job in hand is finished first.

    With `burst`, leave when no job is waiting.
    """
    told_to_stop = False

    def stop(*_: object) -> None:
        nonlocal told_to_stop
        told_to_stop = True

    signal.signal(signal.SIGTERM, stop)
    while not told_to_stop:
        job = queue.pop()
        if job is not None:
            queue.store(job, _outcome(job, handlers[job.function]))
        elif burst:
            return


def _outcome(job: Job, handler: Handler) -> dict[str, Any]:
    try:
        return {"ok": handler(job)}
    except Exception as error:  # noqa: BLE001 - a job that fails must not end its worker
        return {"error": repr(error)}


if __name__ == "__main__":
    work(Queue(sys.argv[1]), {"greet": lambda job: print("hello,", job.arguments["name"])})
