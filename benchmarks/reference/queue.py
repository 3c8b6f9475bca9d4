"""The reference queue: fill it, hold it back, let it go, and see when it is done."""

from __future__ import annotations

import itertools
import os
import sys
import uuid
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from redis import Redis

from benchmarks.parts.problem import BenchmarkProblem
from rrq_ref import Client, NewJob, Settings, connect, keys, scripts

Contender = Literal["floor", "rrq_ref"]
CONTENDERS: tuple[Contender, ...] = ("floor", "rrq_ref")

_QUEUE = "default"
QUEUES = (_QUEUE,)
_STAGE = "benchmark:stage:{}"
#: The fields that no-op jobs share, as `Client` writes them.
_NOOP: dict[str, str | int] = {
    "function_name": "noop",
    "job_args": "[]",
    "job_kwargs": "{}",
    "queue_name": _QUEUE,
    "max_retries": 5,
    "job_timeout_seconds": 300,
    "result_ttl_seconds": 86_400,
}
#: Jobs in one round trip of the bare loop, the same number as in `Client.enqueue_many`.
_CHUNK = 250
#: Jobs in one call of `_FILL`, which stands in the way of all other commands for some 50 ms.
_FILL_CHUNK = 10_000
#: Stores jobs that are due in the order of their numbers, which their ids have in the end.
#: KEYS: queue. ARGV: prefix of job hashes, first number, how many, due time in ms since the epoch,
#: enqueue time, then the fields that all share.
_FILL = """
local fields = {'id', '', 'status', 'PENDING', 'current_retries', 0, 'enqueue_time', ARGV[5]}
for n = 6, #ARGV do fields[#fields + 1] = ARGV[n] end
local first = tonumber(ARGV[2])
for n = first, first + ARGV[3] - 1 do
  fields[2] = string.format('00000000-0000-4000-8000-%012d', n)
  redis.call('HSET', ARGV[1] .. fields[2], unpack(fields))
  redis.call('ZADD', KEYS[1], ARGV[4] + (n - first) / 1000, fields[2])
end
"""
_numbers = itertools.count(step=_FILL_CHUNK)


def environment(url: str) -> dict[str, str]:
    """The environment of such a process. It has the URL, whose password a command line would show
    to everybody on the machine."""
    return {**os.environ, "RRQ_REDIS_URL": url}


def command(
    contender: Contender, concurrency: int, queues: Sequence[str] = QUEUES, fleet: int = 1
) -> Sequence[str]:
    """The command of one process that works on the queues, `concurrency` jobs at a time; or of a
    fleet of so many. The floor knows only one queue, and no fleet."""
    if contender == "floor":
        return [sys.executable, "-m", "benchmarks.reference.floor", str(concurrency)]
    return [
        sys.executable, "-m", "rrq_ref", "worker", "--num-workers", str(fleet),
        "--handlers", "benchmarks.reference.handlers:HANDLERS", "--concurrency", str(concurrency),
        "--queues", ",".join(queues),
    ]  # fmt: skip


async def enqueue_many(url: str, jobs: int, queues: Sequence[str] = QUEUES) -> None:
    """Enqueue no-op jobs as a producer does, spread over the queues."""
    async with Client(Settings(redis_url=url)) as client:
        await client.enqueue_many(
            [NewJob(function="noop", queue=name) for name in _spread(jobs, queues)]
        )


async def enqueue_singly(url: str, jobs: int, queues: Sequence[str] = QUEUES) -> None:
    """Enqueue the same jobs one after another."""
    async with Client(Settings(redis_url=url)) as client:
        for name in _spread(jobs, queues):
            await client.enqueue("noop", queue=name)


def _spread(jobs: int, queues: Sequence[str]) -> Iterable[str]:
    """For each job the name of its queue."""
    return itertools.islice(itertools.cycle(queues), jobs)


async def enqueue_bare(url: str, jobs: int) -> None:
    """Enqueue the same jobs by bare calls: it makes only ids and names of keys, and copies the
    rest."""
    script = scripts.ENQUEUE
    redis: Any = connect(Settings(redis_url=url))
    await redis.script_load(script.text)
    queue, hints = keys.queue(_QUEUE), keys.wake(_QUEUE)
    shared = [*itertools.chain.from_iterable(_NOOP.items())]
    for start in range(0, jobs, _CHUNK):
        ids = [str(uuid.uuid4()) for _ in range(min(_CHUNK, jobs - start))]
        args: list[str | int] = [keys.JOB, start, len(shared), *shared, 0]
        for one in ids:
            args += (one, 0, 0, "")
        names = [queue, hints, *map(keys.job, ids)]
        await redis.execute_command("EVALSHA", script.sha, len(names), *names, *args)
    await redis.aclose(close_connection_pool=True)


def fill(
    admin: Redis, jobs: int, queues: Sequence[str] = QUEUES, *, in_a_day: bool = False, **own: str
) -> None:
    """Let more jobs wait, spread over the queues: the jobs that a client would enqueue, made within
    the server. They are due now or `in_a_day`; `own` has fields that are not a no-op job's."""
    for name, count in _shares(jobs, queues):
        for start in range(0, count, _FILL_CHUNK):
            now = datetime.now(UTC)
            due = now + timedelta(days=in_a_day)
            fields = {**_NOOP, "queue_name": name, **own}
            if in_a_day:
                fields["next_scheduled_run_time"] = due.isoformat()
            admin.eval(
                _FILL,
                1,
                keys.queue(name),
                keys.JOB,
                next(_numbers),
                min(_FILL_CHUNK, count - start),
                int(due.timestamp() * 1000),
                now.isoformat(),
                *itertools.chain.from_iterable(fields.items()),
            )


def trim(admin: Redis, jobs: int, queues: Sequence[str] = QUEUES) -> None:
    """Let no more than so many jobs wait, spread over the queues: those due last are gone."""
    for name, count in _shares(jobs, queues):
        ids: Any = admin.zrange(keys.queue(name), count, -1)
        if ids:
            with admin.pipeline() as pipe:
                pipe.zremrangebyrank(keys.queue(name), count, -1)
                pipe.delete(*(keys.job(one.decode()) for one in ids))
                pipe.execute()


def _shares(jobs: int, queues: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Each queue with its number of jobs."""
    for at, name in enumerate(queues):
        yield name, len(range(at, jobs, len(queues)))


def prepare(admin: Redis) -> None:
    """Empty the database, and load the scripts that all contenders use into the server's cache."""
    # Newer servers empty it in the background by default, and would free memory during the round.
    execute: Any = admin.execute_command
    execute("FLUSHDB", "SYNC")
    for script in scripts.ALL:
        admin.script_load(script.text)


def hold_back(admin: Redis, queues: Sequence[str] = QUEUES) -> None:
    """Put the queues aside, so that workers find nothing when they start."""
    for name in queues:
        admin.rename(keys.queue(name), _STAGE.format(name))
        admin.delete(keys.wake(name))


def let_go(admin: Redis, workers: int, queues: Sequence[str] = QUEUES) -> None:
    """Put the queues back and wake idle workers, in one step."""
    with admin.pipeline() as pipe:
        for name in queues:
            pipe.rename(_STAGE.format(name), keys.queue(name))
            pipe.rpush(keys.wake(name), *[1] * workers)
        pipe.execute()


def let_some_go(admin: Redis, jobs: int) -> None:
    """Put the first jobs back into the queue, which is empty, and wake an idle worker."""
    with admin.pipeline() as pipe:
        pipe.zrangestore(keys.queue(_QUEUE), _STAGE.format(_QUEUE), 0, jobs - 1)
        pipe.zremrangebyrank(_STAGE.format(_QUEUE), 0, jobs - 1)
        pipe.rpush(keys.wake(_QUEUE), 1)
        pipe.execute()


def left(admin: Redis, queues: Sequence[str] = QUEUES) -> int:
    """The number of unfinished jobs, queued or locked. Takes one round trip."""
    with admin.pipeline() as pipe:
        for name in queues:
            pipe.zcard(keys.queue(name))
            pipe.zcard(keys.locks(name))
        return sum(pipe.execute())


def check_all_completed(admin: Redis, queues: Sequence[str] = QUEUES) -> None:
    """Raise `BenchmarkProblem` if any job ended in another way."""
    count = sum(admin.llen(keys.dlq(name)) for name in queues)
    if count:
        raise BenchmarkProblem(f"{count} of the jobs failed for good")
