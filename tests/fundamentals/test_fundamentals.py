"""The reference queue, one idea per test. Read from top to bottom."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from redis import Redis as PlainRedis
from redis.asyncio import Redis

from rrq_ref import Client, Context, JobStatus, NewJob, RetryJob, Store, keys

from .conftest import Work, Working


async def test_enqueue_a_job_and_run_it(client: Client, work: Work) -> None:
    """A job is a function's name and its arguments. A worker has the functions."""

    async def add(context: Context, a: int, b: int) -> int:
        return a + b

    job = await client.enqueue("add", 2, kwargs={"b": 3})
    await work(add=add)

    job = await client.job(job.id)
    assert (job.status, job.result) == (JobStatus.COMPLETED, 5)


async def test_a_plain_function_runs_in_a_thread(client: Client, work: Work) -> None:
    def shout(context: Context, text: str) -> str:
        return text.upper()

    ids = await client.enqueue_many([NewJob(function="shout", args=[word]) for word in "abc"])
    await work(shout=shout)
    assert [(await client.job(job_id)).result for job_id in ids] == ["A", "B", "C"]


async def test_a_job_that_fails_is_run_again(client: Client, work: Work) -> None:
    """Any exception counts as a failed run; `RetryJob` also says when to come back."""

    async def fragile(context: Context) -> str:
        if context.attempt == 1:
            raise RetryJob("not yet", delay_s=0)
        return f"done in run {context.attempt}"

    job = await client.enqueue("fragile")
    await work(fragile=fragile)
    assert (await client.job(job.id)).result == "done in run 2"


async def test_a_job_that_keeps_failing_is_dead_lettered_and_can_be_requeued(
    client: Client, work: Work
) -> None:
    """`max_retries` counts runs in all. A dead job keeps its last error, and can live again."""

    async def broken(context: Context) -> None:
        raise RetryJob("out of paper", delay_s=0)

    async def repaired(context: Context) -> str:
        return "printed"

    job = await client.enqueue("print", max_retries=2)
    await work(print=broken)
    job = await client.job(job.id)
    assert (job.status, job.dead_reason, job.retries) == (JobStatus.FAILED, "retries", 2)
    assert job.last_error == "RetryJob: out of paper"
    assert await client.store.dead("default") == [job.id]

    await client.store.requeue(job, "default")
    await work(print=repaired)
    job = await client.job(job.id)
    assert (job.status, job.result) == (JobStatus.COMPLETED, "printed")
    assert [life["error"] for life in job.error_history] == ["RetryJob: out of paper"]


async def test_there_is_one_job_per_id_and_one_live_job_per_unique_key(
    client: Client, work: Work
) -> None:
    """So a client that does not know whether an enqueue arrived can send it again."""

    async def report(context: Context) -> None:
        pass

    first = await client.enqueue("report", job_id="report-42")
    assert await client.enqueue("report", job_id="report-42") == first

    daily = await client.enqueue("report", unique_key="daily")
    assert (await client.enqueue("report", unique_key="daily")).id == daily.id
    await work(report=report)  # it has ended: the key is free
    assert (await client.enqueue("report", unique_key="daily")).id != daily.id


async def test_a_job_can_be_deferred(client: Client, work: Work) -> None:
    started: list[datetime] = []

    async def remind(context: Context) -> None:
        started.append(datetime.now(UTC))

    job = await client.enqueue("remind", defer_by=timedelta(milliseconds=300))
    await work(remind=remind)  # a burst worker waits for what is still to come
    assert job.enqueue_time is not None
    assert started[0] - job.enqueue_time >= timedelta(milliseconds=300)


async def test_effects_happen_once_however_often_the_job_runs(
    client: Client, work: Work, redis: Redis
) -> None:
    """A handler may run twice. The effects that it hands over are applied only by the commit."""

    async def pay(context: Context, account: str, amount: int) -> None:
        context.effect("INCRBY", f"balance:{account}", amount)
        if context.attempt == 1:
            raise RetryJob("failed after the payment", delay_s=0)

    await client.enqueue("pay", "ada", 100)
    await work(pay=pay)
    assert await redis.get("balance:ada") == b"100"


async def test_a_superseded_attempt_is_fenced(
    client: Client, working: Working, admin: PlainRedis
) -> None:
    """An attempt that was stopped for too long comes back, but another one has its job by then."""
    started, wake, end = asyncio.Event(), asyncio.Event(), asyncio.Event()
    tokens: list[int] = []

    async def slow(context: Context) -> str:
        tokens.append(context.token)
        first = len(tokens) == 1
        started.set()
        await (wake if first else end).wait()
        return "from the first" if first else "from the second"

    async def marker(context: Context) -> None:
        pass

    job = await client.enqueue("slow")
    async with asyncio.timeout(30), working(slow=slow, marker=marker):
        await started.wait()
        started.clear()
        admin.zadd(keys.locks("default"), {job.id: 1})  # as if its lock had run out
        await started.wait()
        wake.set()  # the first one ends, while the second one runs
        later = await client.enqueue("marker")
        while (await client.job(later.id)).status.live:
            assert (await client.job(job.id)).status is JobStatus.ACTIVE
        end.set()

    assert tokens[0] < tokens[1]
    assert (await client.job(job.id)).result == "from the second"


async def test_a_worker_that_is_drained_hands_back_what_it_did_not_finish(
    client: Client, working: Working, work: Work, store: Store
) -> None:
    """SIGTERM does this. No run is counted, and the next worker starts the job at once."""
    started = asyncio.Event()

    async def endless(context: Context) -> None:
        started.set()
        await asyncio.Event().wait()

    async def quick(context: Context) -> str:
        return f"run {context.attempt}"

    job = await client.enqueue("report")
    async with asyncio.timeout(30), working(report=endless) as worker:
        await started.wait()
        worker.drain(hurry=True)
    assert await store.sizes("default") == {"queued": 1, "due": 1, "locked": 0, "dead": 0}

    await work(report=quick)
    assert (await client.job(job.id)).result == "run 1"
