"""Its worker, and its producer."""

import json
import os
import sys
import time
from contextlib import suppress
from typing import Any

import chaos_job
import redis

QUEUE, TAKEN, OPEN = "late:queue", "late:taken", "late:open"


def enqueue(store: redis.Redis) -> None:
    store.set(OPEN, "yes")  # once, as others make a consumer group
    for line in sys.stdin:
        store.rpush(QUEUE, line)
        print(json.loads(line)["id"], flush=True)


def work(store: redis.Redis) -> None:
    while not store.exists(OPEN):
        time.sleep(0.05)
    while True:
        # The server takes fractions of a second.
        job: Any = store.blmove(QUEUE, TAKEN, 0.1, "LEFT", "RIGHT")  # type: ignore[arg-type]
        if job is None:
            continue
        left: Any = store.lrange(TAKEN, 0, -1)
        with suppress(chaos_job.PlannedFailure):  # it does not try again
            chaos_job.run(job)
        store.lrem(TAKEN, 1, job)
        for each in left:
            if each != job and store.lrem(TAKEN, 1, each):
                store.rpush(QUEUE, each)


if __name__ == "__main__":
    client = redis.Redis.from_url(os.environ["REDIS_URL"], decode_responses=True)
    (work if sys.argv[1] == "work" else enqueue)(client)
