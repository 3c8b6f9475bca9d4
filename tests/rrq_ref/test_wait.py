"""Wait: the end of a job wakes the client, whoever ends it, and no poll is needed."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest

from rrq_ref import keys
from rrq_ref.client import Client, SyncClient
from rrq_ref.errors import JobNotFound
from rrq_ref.job import JobStatus
from rrq_ref.settings import Settings
from rrq_ref.store import WorkerStore
from rrq_ref.transitions import Lease
from rrq_ref.waiting import look

from .commands import Cli, cli
from .database import Database
from .moves import ENDS, end, take_one
from .running import until

__all__ = ["cli"]


def blocked(database: Database) -> int:
    """The number of clients that block in an XREAD."""
    return sum(one["cmd"].lower() == "xread" for one in database.redis.client_list())


def _gone(database: Database, client_id: str) -> bool:
    return all(one["id"] != client_id for one in database.redis.client_list())


async def _expire(client: Client, store: WorkerStore, database: Database) -> None:
    await client.cancel("a")
    database.expire_lock("a")
    await store.lock_and_pop(0)


Way = Callable[[Client, WorkerStore, Database], Awaitable[Any]]
#: How a job ends that `worker-1` holds.
WAYS: dict[str, tuple[Way, str]] = {
    "finish": (lambda _, s, d: end(s, ENDS["finish"](_lease(d))), "COMPLETED"),
    "bury": (lambda _, s, d: end(s, ENDS["bury"](_lease(d))), "FAILED"),
    "retry": (lambda _, s, d: end(s, ENDS["retry"](_lease(d))), "FAILED"),
    "taken back": (_expire, "CANCELLED"),
}


def _lease(database: Database) -> Lease:
    return Lease(0, "a", int(database.job("a")["fencing_token"]))


@pytest.mark.parametrize("way", WAYS)
async def test_every_end_of_a_job_wakes_all_who_wait(
    client: Client, store: WorkerStore, database: Database, way: str
) -> None:
    await client.enqueue("send", job_id="a", max_retries=1)
    await take_one(store)
    waits = [asyncio.create_task(client.wait("a", 60)) for _ in range(40)]
    await until(lambda: blocked(database) == 40)
    make_end, status = WAYS[way]
    began = time.monotonic()
    await make_end(client, store, database)
    ended = await asyncio.gather(*waits)
    assert time.monotonic() - began < client.settings.command_timeout_ms / 2000  # not by a look
    assert {job.status for job in ended} == {JobStatus(status)}
    (event,) = database.redis.xrange(keys.events("a"))
    word = b"completed" if status == "COMPLETED" else b"failed"
    assert event[1] == {b"event": word, b"job_id": b"a", b"status": status.encode()}
    assert 0 < database.redis.ttl(keys.events("a")) <= 60


async def test_the_cancel_of_a_waiting_job_wakes(client: Client, database: Database) -> None:
    await client.enqueue("send", job_id="a")
    waiting = asyncio.create_task(client.wait("a", 60))
    await until(lambda: blocked(database))
    await client.cancel("a")
    assert (await waiting).status is JobStatus.CANCELLED


async def test_waiting_is_no_tight_loop_and_keeps_nobody_from_the_pool(
    client: Client, store: WorkerStore, database: Database
) -> None:
    await client.enqueue("send", job_id="a")
    waits = [asyncio.create_task(client.wait("a", 60)) for _ in range(50)]
    await until(lambda: blocked(database) == 50)
    calls = database.redis.info("stats")["total_commands_processed"]
    await client.enqueue("send", job_id="b")
    await asyncio.sleep(0.5)
    assert database.redis.info("stats")["total_commands_processed"] - calls < 20
    for one in waits:
        one.cancel()
    await asyncio.gather(*waits, return_exceptions=True)
    await until(lambda: blocked(database) == 0)


async def test_nothing_is_said_of_a_job_that_nobody_waits_for(
    client: Client, store: WorkerStore, database: Database
) -> None:
    await client.enqueue("send", job_id="a")
    await end(store, ENDS["finish"](await take_one(store)))
    assert database.redis.exists(keys.events("a")) == 0
    with database.untouched():
        assert (await client.wait("a", 0)).status is JobStatus.COMPLETED


async def test_a_wait_has_a_limit(client: Client, database: Database) -> None:
    await client.enqueue("send", job_id="a")
    for limit in (0, 0.05, -1, float("nan")):
        with pytest.raises(TimeoutError, match="job a has not ended within"):
            await client.wait("a", limit)
    await until(lambda: blocked(database) == 0)


async def test_there_must_be_a_job(client: Client, database: Database) -> None:
    with pytest.raises(JobNotFound, match="nosuch"):
        await client.wait("nosuch", 60)
    assert database.redis.keys("*") == []


async def test_a_job_that_goes_while_it_is_waited_for_is_missed(
    settings: Settings, url: str, database: Database
) -> None:
    brief = Settings(redis_url=url, command_timeout_ms=200)
    async with Client(brief) as client:
        await client.enqueue("send", job_id="a")
        waiting = asyncio.create_task(client.wait("a", 60))
        await until(lambda: blocked(database))
        database.redis.delete(keys.job("a"), keys.queue("default"))
        with pytest.raises(JobNotFound):
            await waiting


async def test_an_end_of_the_life_before_is_not_taken_for_this_ones(
    client: Client, store: WorkerStore, database: Database
) -> None:
    await client.enqueue("send", job_id="a")
    waiting = asyncio.create_task(client.wait("a", 60))
    await until(lambda: blocked(database))
    await end(store, ENDS["bury"](await take_one(store)))
    await store.requeue(await waiting, "default")
    again = asyncio.create_task(client.wait("a", 60))
    await until(lambda: blocked(database))
    await end(store, ENDS["finish"](await take_one(store)))
    assert (await again).status is JobStatus.COMPLETED
    assert database.redis.xlen(keys.events("a")) == 2


async def test_an_end_between_the_look_and_the_wait_is_heard(
    client: Client, store: WorkerStore
) -> None:
    await client.enqueue("send", job_id="a")
    _, last = await look(store, "a")
    await end(store, ENDS["finish"](await take_one(store)))
    (heard,) = await store.run([("XREAD", "BLOCK", 1, "STREAMS", keys.events("a"), last)])
    assert len(heard) == 1


async def test_a_wait_survives_that_its_connection_is_cut(
    client: Client, store: WorkerStore, database: Database
) -> None:
    await client.enqueue("send", job_id="a")
    waiting = asyncio.create_task(client.wait("a", 60))
    for _ in range(3):
        await until(lambda: blocked(database))
        (one,) = [c for c in database.redis.client_list() if c["cmd"].lower() == "xread"]
        database.redis.client_kill_filter(_id=one["id"])
        await until(partial(_gone, database, one["id"]))
    await until(lambda: blocked(database))
    await end(store, ENDS["finish"](await take_one(store)))
    assert (await waiting).status is JobStatus.COMPLETED


async def test_what_somebody_put_in_the_way_of_the_event_ends_no_transition(
    client: Client, store: WorkerStore, database: Database
) -> None:
    await client.enqueue("send", job_id="a")
    database.redis.set(keys.events("a"), "no stream", ex=60)
    with pytest.raises(Exception, match="WRONGTYPE"):
        await client.wait("a", 60)
    assert await end(store, ENDS["finish"](await take_one(store))) == "DONE"


def test_a_plain_client_waits_too(url: str, database: Database) -> None:
    """It waits for longer than its socket may be silent."""
    brief = Settings(redis_url=url, command_timeout_ms=200)
    with SyncClient(brief) as client:
        client.enqueue("send", job_id="a")
        found: list[JobStatus] = []
        waiting = threading.Thread(target=lambda: found.append(client.wait("a", 60).status))
        waiting.start()
        time.sleep(0.5)
        assert client.cancel("a") == "DONE"
        waiting.join(20)
        assert found == [JobStatus.CANCELLED]
        with pytest.raises(TimeoutError):
            client.wait(client.enqueue("send", job_id="b").id, 0.01)


def test_the_command_line_waits(cli: Cli, url: str) -> None:
    with SyncClient(Settings(redis_url=url)) as client:
        client.enqueue("send", job_id="a")
        late = cli("wait", "a", "--timeout", "0.01")
        assert (late.code, late.out) == (1, "")
        assert late.err == "error: job a has not ended within 0.01 s\n"
        client.cancel("a")
    done = cli("wait", "a")
    assert (done.code, json.loads(done.out)["status"]) == (1, "CANCELLED")
