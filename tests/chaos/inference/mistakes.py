"""Targets with the mistakes that are natural, each of a queue that is a list."""

from __future__ import annotations

import sys

from chaos.targets import Target
from chaos.targets.programs import queue

WORKER = """
import json, os, sys, time
import chaos_job, redis
store = redis.Redis.from_url(os.environ["REDIS_URL"], decode_responses=True)
while True:
    found = store.blpop(["jobs"], timeout=1)
    if found:
        try:
            {handle}
        except chaos_job.PlannedFailure:
            pass
        store.hset("results", json.loads(found[1])["id"], 1)
"""
ENQUEUE = """
import json, os, sys
import redis
store = redis.Redis.from_url(os.environ["REDIS_URL"])
for line in sys.stdin:
    store.rpush({key}, line)
    print(json.loads(line)["id"], flush=True)
"""
ASKS = "chaos_job.run(found[1])"


def _target(
    handle: str = ASKS,
    key: str = '"jobs"',
    worker: str = "",
    enqueue: str = "",
    again_within_s: float | None = 1,
) -> Target:
    return queue(
        "a list",
        worker=[sys.executable, "-c", worker or WORKER.format(handle=handle)],
        enqueue=[sys.executable, "-c", enqueue or ENQUEUE.format(key=key)],
        again_within_s=again_within_s,
    )


SOUND = _target()
UNMEASURED = _target(again_within_s=None)
SILENT = _target("pass")
NO_END = _target("chaos_job.start(found[1])")
WRONG_JOB = _target('chaos_job.run(json.loads(found[1])["id"])')
OTHER_QUEUE = _target(key='"other"')
CRASHES = _target(worker="import nothing_of_this_name")
LEAVES = _target(worker="print('nothing to do')")
NO_COMMAND = queue("a list", worker="./no-such-program", enqueue=[sys.executable, "-c", ""])
NO_ID = _target(enqueue="import sys; [print(flush=True) for _ in sys.stdin]")
IGNORES_URL = _target(enqueue="import sys; [print('j', flush=True) for _ in sys.stdin]")
NO_PROGRAM = queue(
    "a list", worker=[sys.executable, "-c", WORKER.format(handle=ASKS)], enqueue="./no-such-program"
)
UNKNOWN_MOMENT = queue(
    "a list", worker="true", enqueue="true", again_within_s=1, moments={"clam": "BLPOP jobs"}
)
