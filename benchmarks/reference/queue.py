"""The reference queue: fill it, hold it back, let it go, and see when it is done."""

from __future__ import annotations

import os
import sys
import uuid
from collections.abc import Sequence
from typing import Any, Literal

from redis import Redis

from benchmarks.parts.problem import BenchmarkProblem
from rrq_ref import Client, NewJob, Settings, connect, keys, scripts

Contender = Literal["floor", "rrq_ref"]
CONTENDERS: tuple[Contender, ...] = ("floor", "rrq_ref")

_QUEUE = "default"
_STAGE = "benchmark:stage"
#: The hash of a no-op job as `Client` writes it.
_FIELDS = (
    "function_name", "noop", "job_args", "[]", "job_kwargs", "{}", "queue_name", _QUEUE,
    "max_retries", 5, "job_timeout_seconds", 300, "result_ttl_seconds", 86_400,
)  # fmt: skip
#: Jobs in one round trip of the bare loop, the same number as in `Client.enqueue_many`.
_CHUNK = 250


def environment(url: str) -> dict[str, str]:
    """The environment of such a process. It has the URL, whose password a command line would show
    to everybody on the machine."""
    return {**os.environ, "RRQ_REDIS_URL": url}


def command(contender: Contender, concurrency: int) -> Sequence[str]:
    """The command of one process that works on the queue, `concurrency` jobs at a time."""
    if contender == "floor":
        return [sys.executable, "-m", "benchmarks.reference.floor", str(concurrency)]
    return [
        sys.executable, "-m", "rrq_ref", "worker", "--num-workers", "1",
        "--handlers", "benchmarks.reference.handlers:HANDLERS", "--concurrency", str(concurrency),
    ]  # fmt: skip


async def enqueue_many(url: str, jobs: int) -> None:
    """Enqueue no-op jobs as a producer does."""
    async with Client(Settings(redis_url=url)) as client:
        await client.enqueue_many([NewJob(function="noop") for _ in range(jobs)])


async def enqueue_bare(url: str, jobs: int) -> None:
    """Enqueue the same jobs by bare calls: it makes only ids and names of keys, and copies the
    rest."""
    script = scripts.ENQUEUE
    redis: Any = connect(Settings(redis_url=url))
    await redis.script_load(script.text)
    queue, hints = keys.queue(_QUEUE), keys.wake(_QUEUE)
    for start in range(0, jobs, _CHUNK):
        ids = [str(uuid.uuid4()) for _ in range(min(_CHUNK, jobs - start))]
        args: list[str | int] = [keys.JOB, start, len(_FIELDS), *_FIELDS, 0]
        for one in ids:
            args += (one, 0, 0, "")
        names = [queue, hints, *map(keys.job, ids)]
        await redis.execute_command("EVALSHA", script.sha, len(names), *names, *args)
    await redis.aclose(close_connection_pool=True)


def prepare(admin: Redis) -> None:
    """Empty the database, and load the scripts that all contenders use into the server's cache."""
    # Newer servers empty it in the background by default, and would free memory during the round.
    execute: Any = admin.execute_command
    execute("FLUSHDB", "SYNC")
    for script in scripts.ALL:
        admin.script_load(script.text)


def hold_back(admin: Redis) -> None:
    """Put the queue aside, so that workers find nothing when they start."""
    admin.rename(keys.queue(_QUEUE), _STAGE)
    admin.delete(keys.wake(_QUEUE))


def let_go(admin: Redis, processes: int) -> None:
    """Put the queue back and wake idle workers, in one step."""
    with admin.pipeline() as pipe:
        pipe.rename(_STAGE, keys.queue(_QUEUE))
        pipe.rpush(keys.wake(_QUEUE), *[1] * processes)
        pipe.execute()


def left(admin: Redis) -> int:
    """The number of unfinished jobs, queued or locked. Takes one round trip."""
    with admin.pipeline() as pipe:
        pipe.zcard(keys.queue(_QUEUE))
        pipe.zcard(keys.locks(_QUEUE))
        return sum(pipe.execute())


def check_all_completed(admin: Redis) -> None:
    """Raise `BenchmarkProblem` if any job ended in another way."""
    count: Any = admin.llen(keys.dlq(_QUEUE))
    if count:
        raise BenchmarkProblem(f"{count} of the jobs failed for good")
