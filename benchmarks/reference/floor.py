"""The floor: a bare loop over the scripts for claims and completions, with no worker around it.

`python -m benchmarks.reference.floor BATCH` runs on RRQ_REDIS_URL until it is killed. It uses the
worker's client library, event loop and batch size, and does the bare minimum: claim up to BATCH
jobs in one call, and complete them in the next. Where there are none, its claim waits at the server
for a hint, as a worker's does.
Keys and arguments are those of the headers in `rrq_ref/lua`.
"""

from __future__ import annotations

import os
import sys
import time
import uuid
from typing import Any

from benchmarks.parts import loop
from rrq_ref import Settings, connect, keys
from rrq_ref.scripts import FINISH, LOCK_AND_POP

_QUEUE = "default"
#: Length of one wait for work, in seconds.
_IDLE_S = 5
#: Items for each job in a claim's answer: number of the queue, id, token, and seven fields.
_WIDTH = 10


async def work(url: str, batch: int) -> None:
    """Claim and complete, for ever."""
    settings = Settings(redis_url=url, concurrency=batch)
    redis: Any = connect(settings)
    for script in (LOCK_AND_POP, FINISH):
        await redis.script_load(script.text)
    worker = f"rrq_worker_{os.getpid()}_{uuid.uuid4().hex[:12]}"  # as long as a worker's
    hints, locks = keys.wake(_QUEUE), keys.locks(_QUEUE)
    claim = (
        "EVALSHA",
        LOCK_AND_POP.sha,
        5,
        keys.claim(worker),
        keys.queue(_QUEUE),
        locks,
        keys.dlq(_QUEUE),
        hints,
        worker,
    )
    limits = (
        batch,
        settings.batch_bytes,
        settings.lock_ttl_ms,
        settings.max_crashes,
        settings.dlq_ttl_s,
        keys.JOB,
        keys.UNIQUE,
    )
    finish = ("EVALSHA", FINISH.sha, 1, locks, worker, settings.result_ttl_s, keys.JOB, keys.UNIQUE)
    wait, idle = ("BLPOP", hints, _IDLE_S), True
    claims = 0
    while True:
        claims += 1
        call = (*claim, claims, *limits)
        *_, answer = await redis.exchange([wait, call] if idle else [call])
        jobs = answer[2]
        # When it had the jobs: what their handlers would return for the pick-up latency.
        now = time.monotonic_ns()
        idle = not jobs
        if idle:
            continue
        done: list[Any] = []
        for at in range(0, len(jobs), _WIDTH):
            done += (*jobs[at : at + 3], now, "")
        words = await redis.execute_command(*finish, *done)
        if words.count(b"DONE") != len(words):
            raise AssertionError(f"completions were refused: {words}")


if __name__ == "__main__":
    loop.run(work(os.environ["RRQ_REDIS_URL"], int(sys.argv[1])))
