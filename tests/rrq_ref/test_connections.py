"""One client on many event loops, in threads and across forks."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import random
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import chain
from typing import Any

import pytest
import uvloop
from redis.asyncio import Redis

from rrq_ref import Client, NewJob, Settings, StoreUnavailable, SyncClient

from .database import Database
from .forgetful import Replies, forgetful
from .running import PATIENCE_S

LOOPS: list[Callable[[], asyncio.AbstractEventLoop]] = [
    asyncio.new_event_loop,
    uvloop.new_event_loop,
]


def connections(database: Database) -> set[str]:
    """The ids of those that are open."""
    return {client["id"] for client in database.redis.client_list()}


def closed(database: Database, before: set[str]) -> None:
    """Wait until none is open that was not before: a server closes its ends when it comes to it."""
    end = time.monotonic() + PATIENCE_S
    while (new := connections(database) - before) and time.monotonic() < end:
        time.sleep(0.01)
    assert new == set()


@contextmanager
def without_leaks(database: Database) -> Iterator[None]:
    """Check that the block leaves no connection open, and that nothing complains of closing one."""
    before = connections(database)
    with warnings.catch_warnings(record=True) as complaints:
        warnings.simplefilter("always")
        yield
        gc.collect()
    assert [str(one.message) for one in complaints] == []
    closed(database, before)


async def six(client: Client) -> list[str]:
    return [job.id for job in await asyncio.gather(*[client.enqueue("send") for _ in range(6)])]


# Event loops


@pytest.mark.parametrize("new_loop", LOOPS, ids=["asyncio", "uvloop"])
def test_one_client_serves_one_loop_after_the_other(
    settings: Settings, database: Database, new_loop: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    with without_leaks(database):
        client, ids = Client(settings), []
        for _ in range(3):
            with asyncio.Runner(loop_factory=new_loop) as runner:
                ids += runner.run(six(client))
                ids += runner.run(six(client))
        del client
    assert sorted(database.queued()) == sorted(ids)


def test_a_loops_connections_end_with_it(settings: Settings, database: Database) -> None:
    client = Client(settings)
    asyncio.run(six(client))
    with without_leaks(database):
        asyncio.run(six(client))


def test_one_client_serves_loops_in_threads_at_once(settings: Settings, database: Database) -> None:
    client, ids = Client(settings), list[str]()
    everybody = threading.Barrier(5)

    async def work() -> None:
        ids.extend(await six(client))
        everybody.wait()  # the loops live at the same time
        ids.extend(await client.enqueue_many([NewJob(function="send")] * 20))
        everybody.wait()
        ids.extend(await six(client))

    with without_leaks(database):
        threads = [threading.Thread(target=asyncio.run, args=[work()]) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE_S)
    assert len(ids) == 5 * 32
    assert sorted(database.queued()) == sorted(ids)


@pytest.mark.parametrize("then", ["another loop", "closed", "forgotten"])
def test_a_loop_that_was_closed_by_hand_leaves_nothing_behind(
    settings: Settings, database: Database, then: str
) -> None:
    before = connections(database)
    database.redis.script_flush()  # what has to be taught again leaves cycles of garbage
    with without_leaks(database):
        client = Client(settings)
        for _ in range(2):
            loop = asyncio.new_event_loop()
            loop.run_until_complete(six(client))
            loop.close()
        if then != "forgotten":
            asyncio.run(six(client) if then == "another loop" else client.store.aclose())
            closed(database, before)
        del client, loop


def test_a_loop_in_which_a_command_was_cut_off_leaves_nothing_behind(
    settings: Settings, database: Database
) -> None:
    async def leave_it() -> None:
        task = asyncio.create_task(client.store.redis.execute_command("BLPOP", "nothing", 60))
        while not any(c["cmd"] == "blpop" for c in database.redis.client_list()):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        assert not task.done()

    with without_leaks(database):
        client = Client(settings)
        asyncio.run(leave_it())
        asyncio.run(six(client))


async def test_closing_a_client_on_one_loop_leaves_the_others_alone(
    settings: Settings, database: Database
) -> None:
    client, ids = Client(settings), list[str]()
    used, closed = threading.Event(), threading.Event()

    async def work() -> None:
        ids.extend(await six(client))
        used.set()
        assert closed.wait(PATIENCE_S)
        ids.extend(await six(client))

    thread = threading.Thread(target=asyncio.run, args=[work()])
    thread.start()
    assert await asyncio.to_thread(used.wait, PATIENCE_S)
    async with client:
        ids.extend(await six(client))
    closed.set()
    await asyncio.to_thread(thread.join, PATIENCE_S)
    assert sorted(database.queued()) == sorted(ids)


def test_a_client_of_redis_py_that_serves_two_loops_makes_no_second_job(
    settings: Settings, database: Database
) -> None:
    """The client was handed in, and its pool belongs to the first loop. The second loop never sees
    the answer, though the job is stored."""
    client = Client(settings, redis=Redis.from_url(settings.redis_url))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        for _ in range(2):
            loop = asyncio.new_event_loop()
            for _ in range(3):
                loop.run_until_complete(client.enqueue("send"))
            loop.run_until_complete(client.enqueue_many([NewJob(function="send")] * 2))
            loop.close()
        loop = asyncio.new_event_loop()
        loop.run_until_complete(client.store.aclose())
        loop.close()
        del client
        gc.collect()
    assert len(database.queued()) == 10


# Forks


def _enqueue_in_child(enqueue: Callable[[], list[str]], answers: Any) -> None:
    warnings.simplefilter("error")
    answers.send((enqueue(), enqueue()))


@pytest.mark.parametrize("kind", ["async", "plain"])
@pytest.mark.parametrize("used_before", [True, False])
def test_a_client_serves_both_sides_of_a_fork(
    settings: Settings, database: Database, kind: str, used_before: bool
) -> None:
    client, plain = Client(settings), SyncClient(settings)

    def enqueue() -> list[str]:
        if kind == "plain":
            return [plain.enqueue("send").id for _ in range(6)]
        return asyncio.run(six(client))

    ids = enqueue() if used_before else []
    ours, theirs = multiprocessing.Pipe()
    fork = multiprocessing.get_context("fork")
    child = fork.Process(target=_enqueue_in_child, args=(enqueue, theirs))
    child.start()
    for _ in range(5):
        ids += enqueue()
    assert ours.poll(PATIENCE_S)
    ids += chain.from_iterable(ours.recv())
    child.join(PATIENCE_S)
    ids += enqueue()
    assert child.exitcode == 0
    assert sorted(database.queued()) == sorted(ids)
    plain.close()


async def test_a_fork_within_a_running_loop_does_not_disturb_it(
    settings: Settings, database: Database
) -> None:
    async with Client(settings) as client:
        ids = await six(client)
        ours, theirs = multiprocessing.Pipe()
        fork = multiprocessing.get_context("fork")
        child = fork.Process(
            target=_enqueue_in_child, args=(lambda: asyncio.run(six(client)), theirs)
        )
        child.start()
        for _ in range(20):
            ids += await six(client)
        ids += chain.from_iterable(await asyncio.to_thread(ours.recv))
        await asyncio.to_thread(child.join, PATIENCE_S)
        ids += await six(client)  # after the child has closed whatever it closes
    assert child.exitcode == 0
    assert sorted(database.queued()) == sorted(ids)


def test_a_child_never_writes_to_its_parents_connections(settings: Settings) -> None:
    """Not even if it goes on with the event loop that it inherited."""
    client = Client(settings)

    async def number() -> int:
        found: int = await client.store.redis.execute_command("CLIENT", "ID")
        return found

    ours, theirs = multiprocessing.Pipe()
    with asyncio.Runner() as runner:
        first = runner.run(number())
        child = multiprocessing.get_context("fork").Process(
            target=lambda: theirs.send(runner.run(number()))
        )
        child.start()
        child.join(PATIENCE_S)
        assert ours.poll()
        assert ours.recv() != first
        assert runner.run(number()) == first


# After the end


def test_a_client_that_was_closed_may_be_used_again(settings: Settings, database: Database) -> None:
    async def twice(client: Client) -> None:
        for _ in range(2):
            async with client:
                await client.enqueue("send")
        await client.store.aclose()

    with without_leaks(database):
        asyncio.run(twice(Client(settings)))
        plain = SyncClient(settings)
        for _ in range(2):
            with plain:
                plain.enqueue("send")
    assert len(database.queued()) == 4


# Enqueues that are cut off


async def test_a_cancelled_enqueue_leaves_no_answer_for_the_next_command(
    settings: Settings, database: Database
) -> None:
    """It is cut off at any moment: while it waits for a connection, makes one, sends, or reads."""
    chance = random.Random(7)
    async with Client(replace(settings, concurrency=1)) as client:

        async def one(n: int) -> None:
            job_id = f"{n:04}"
            with suppress(TimeoutError):
                async with asyncio.timeout(chance.random() * 0.02):
                    assert (await client.enqueue("send", n, job_id=job_id)).id == job_id
            with suppress(TimeoutError):
                async with asyncio.timeout(chance.random() * 0.02):
                    ids = [f"{job_id}-{m}" for m in range(3)]
                    new = [NewJob(function="send", args=[n], job_id=each) for each in ids]
                    assert await client.enqueue_many(new) == ids

        for start in range(0, 400, 20):
            await asyncio.gather(*[one(start + n) for n in range(20)])
        pool: Any = client.store.redis.connection_pool
        assert pool._in_use_connections == set(pool._at_hand)
        for job_id in database.queued():
            job = await client.job(job_id)
            assert (job.id, job.args) == (job_id, [int(job_id[:4])])


@pytest.mark.parametrize("threads", [4, 40])
def test_threads_share_the_connections_of_one_client(
    settings: Settings, database: Database, threads: int
) -> None:
    """Whether there is one for each thread, or the threads have to wait for each other."""
    few = replace(settings, concurrency=1)
    before = connections(database)
    with SyncClient(few) as client, ThreadPoolExecutor(threads) as pool:
        job = client.enqueue("send")
        assert list(pool.map(client.job, [job.id] * 2_000)) == [job] * 2_000
        assert len(connections(database) - before) <= min(threads, few.pool_size)


async def test_tasks_share_the_connections_of_one_client(
    settings: Settings, database: Database
) -> None:
    few = replace(settings, concurrency=1)
    before = connections(database)
    async with Client(few) as client:
        job = await client.enqueue("send")
        for _ in range(20):
            assert await asyncio.gather(*[client.job(job.id) for _ in range(40)]) == [job] * 40
        assert len(connections(database) - before) <= few.pool_size


async def test_a_connection_that_the_server_closed_meanwhile_is_made_anew(
    settings: Settings, database: Database
) -> None:
    """Reading a job is tried once, so the dead connection must be noticed before it is used."""
    before = connections(database)
    async with Client(settings) as client:
        with SyncClient(settings) as blocking:
            job = await client.enqueue("send")
            assert blocking.job(job.id) == await client.job(job.id)
            for one in connections(database) - before:
                database.redis.client_kill_filter(_id=one)
            closed(database, before)
            for _ in range(2):  # turns of the loop, which hears of it
                await asyncio.sleep(0)
            assert blocking.job(job.id) == await client.job(job.id)


async def test_an_enqueue_that_nobody_answered_tells_the_ids_to_repeat_it_with(
    settings: Settings, database: Database
) -> None:
    replies = Replies()
    async with Client(settings, redis=forgetful(settings, replies)) as client:
        await client.enqueue("send", job_id="first")
        replies.to_lose = 3
        with pytest.raises(StoreUnavailable) as one:
            await client.enqueue("send")
        replies.to_lose = 3
        with pytest.raises(StoreUnavailable) as many:
            await client.enqueue_many([NewJob(function="send") for _ in range(300)])
        for job_id in [*one.value.job_ids, *many.value.job_ids]:
            await client.enqueue("send", job_id=job_id)
    assert (len(one.value.job_ids), len(many.value.job_ids)) == (1, 300)
    assert len(database.queued()) == 302
