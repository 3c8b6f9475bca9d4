"""Redis in trouble: the worker stays, backs off, says so, and commits its finished jobs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest
from redis import Redis as PlainRedis
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from chaos.servers import Server, open_server
from rrq_ref.attempt import Context
from rrq_ref.client import Client
from rrq_ref.job import JobStatus
from rrq_ref.settings import Settings
from rrq_ref.store import connect
from rrq_ref.trouble import Backoff

from ..conftest import _spec
from .database import Database
from .running import Gate, ManualClock, Tap, running, until

Trouble = Callable[[Server, PlainRedis], AbstractContextManager[None]]


@pytest.fixture(scope="module")
def breakable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that tests may harm. It keeps its data over a SIGKILL."""
    with open_server(_spec(), tmp_path_factory.mktemp("breakable"), durability="always") as server:
        yield server


@contextmanager
def killed(server: Server, _: PlainRedis) -> Iterator[None]:
    server.kill()
    try:
        yield
    finally:
        server.start()


@contextmanager
def paused(server: Server, _: PlainRedis) -> Iterator[None]:
    server.pause()
    try:
        yield
    finally:
        server.resume()


@contextmanager
def read_only(_: Server, admin: PlainRedis) -> Iterator[None]:
    """Make the server like the old primary after a fail-over."""
    admin.replicaof("127.0.0.1", 1)
    try:
        yield
    finally:
        admin.replicaof("NO", "ONE")


@contextmanager
def out_of_memory(_: Server, admin: PlainRedis) -> Iterator[None]:
    admin.config_set("maxmemory", 1)
    try:
        yield
    finally:
        admin.config_set("maxmemory", 0)


@contextmanager
def restarted(server: Server, _: PlainRedis) -> Iterator[None]:
    """Restart the server at once: connections and scripts are gone."""
    server.restart()
    yield


@contextmanager
def scripts_flushed(_: Server, admin: PlainRedis) -> Iterator[None]:
    admin.script_flush()
    yield


LASTING = (killed, paused, read_only, out_of_memory)


@asynccontextmanager
async def _connected(settings: Settings) -> AsyncIterator[Redis]:
    redis = connect(settings)
    yield redis
    await redis.aclose(close_connection_pool=True)


@pytest.mark.parametrize("trouble", [*LASTING, restarted, scripts_flushed])
async def test_a_worker_outlives_the_trouble_and_commits_what_it_finished_meanwhile(
    breakable: Server, trouble: Trouble, caplog: pytest.LogCaptureFixture
) -> None:
    settings = Settings(
        redis_url=breakable.url, command_timeout_ms=300, poll_min_ms=5, poll_max_ms=50
    )
    admin = breakable.client()
    admin.flushall()
    gate = Gate()

    async def hold(context: Context) -> str:
        context.effect("INCR", f"done:{context.job_id}")
        return await gate.handler(context)

    async with _connected(settings) as own, _connected(settings) as redis:
        client = Client(settings, redis=own)
        await client.enqueue("hold", job_id="a")
        await client.enqueue("hold", job_id="b")
        async with running(redis, settings, {"hold": hold}) as it:
            await until(lambda: len(gate.began) == 2)
            with trouble(breakable, admin):
                gate.opened.set()
                if trouble in LASTING:
                    await until(lambda: "writing outcomes failed" in caplog.text)
            await until(lambda: admin.mget("done:a", "done:b") == [b"1", b"1"])
            await client.enqueue("hold", job_id="c")
            await until(lambda: admin.get("done:c") == b"1")
            assert not it.task.done()
            for job_id in "abc":
                job = await client.job(job_id)
                assert (job.status, job.fencing_token) == (JobStatus.COMPLETED, 1)
    admin.close()
    assert sorted(gate.began) == ["a", "b", "c"]
    ours = [record for record in caplog.records if record.name.startswith("rrq_ref")]
    assert {getattr(record, "worker_id", None) for record in ours} <= {"worker-1"}
    assert {getattr(record, "queues", None) for record in ours} <= {"default"}


# With a tap in place of the trouble, and a clock by hand


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def tap(redis: Redis, clock: ManualClock) -> Tap:
    return Tap(redis, clock)


async def test_a_worker_that_cannot_claim_backs_off_and_says_so_now_and_then(
    tap: Tap, settings: Settings, clock: ManualClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    settings = replace(settings, poll_min_ms=100, poll_max_ms=1600)
    times: list[float] = []

    async def note(_: tuple[object, ...]) -> None:
        times.append(clock.now)

    tap.before["lock_and_pop"] = note
    tap.refuse["lock_and_pop"] = RedisConnectionError("down")
    async with running(tap, settings, {}, clock=clock, random=Random(3)):
        for _ in range(400):
            await tap.advance(0.025)
        gaps = [after - before for before, after in pairwise(times)]
        ceilings = [0.1, 0.2, 0.4, 0.8, *[1.6] * (len(gaps) - 4)]
        step = 0.03  # of the clock above
        assert all(top / 2 <= gap <= top + step for gap, top in zip(gaps, ceilings, strict=True))
        assert len(gaps) > 6
        assert caplog.text.count("claiming failed") < len(times) / 2
        tap.refuse.clear()
        await tap.advance(1.6)
        await until(lambda: "claiming works again" in caplog.text)


async def test_a_finished_job_is_committed_late_but_not_after_its_lock(
    tap: Tap, client: Client, settings: Settings, clock: ManualClock, database: Database
) -> None:
    """It is tried again and again while the lock lives; then another worker may have the job."""
    gate = Gate()
    await client.enqueue("hold", job_id="a")
    gate.opened.set()
    tap.refuse["finish"] = tap.refuse["refresh_locks"] = RedisConnectionError("down")
    async with running(tap, settings, {"hold": gate.handler}, clock=clock):
        await until(lambda: tap.count("finish") >= 1)
        tries = []
        for _ in range(80):
            await tap.advance(1)
            tries.append(tap.count("finish"))
        alive, after = tries[:58], tries[61:]
        assert all(before < now for before, now in pairwise(alive))
        assert len(set(after)) == 1
    assert database.locked() == ["a"]


async def test_an_outcome_that_the_server_cannot_digest_does_not_hold_up_the_others(
    tap: Tap, client: Client, settings: Settings, clock: ManualClock, database: Database
) -> None:
    gate = Gate()
    for job_id in ("a", "b", "c", "odd", "d", "e"):
        await client.enqueue("hold", job_id=job_id)

    async def choke(words: tuple[object, ...]) -> None:
        if "odd" in words:
            raise ResponseError("something is wrong with it")

    tap.before["finish"] = choke
    async with running(tap, settings, {"hold": gate.handler}, clock=clock):
        await until(lambda: len(gate.began) == 6)
        gate.opened.set()
        for _ in range(100):
            await tap.advance(0.02)
        await until(lambda: database.locked() == ["odd"])
        # Not many more calls than it takes to find the one that is to blame.
        assert tap.count("finish") < 60


def test_back_off_doubles_between_its_bounds_and_starts_again_after_a_success() -> None:
    backoff = Backoff(1, 8, Random(5))
    delays = [backoff.next() for _ in range(6)]
    ceilings = (1, 2, 4, 8, 8, 8)
    assert all(top / 2 <= delay <= top for delay, top in zip(delays, ceilings, strict=True))
    assert len({delay / top for delay, top in zip(delays, ceilings, strict=True)}) == 6
    backoff.reset()
    assert backoff.next() <= 1


async def test_trouble_with_the_heartbeat_alone_stops_no_job(
    tap: Tap, client: Client, settings: Settings, clock: ManualClock
) -> None:
    gate = Gate()
    gate.opened.set()
    tap.refuse["SET"] = RedisConnectionError("down")
    await client.enqueue("hold", job_id="a")
    async with running(tap, settings, {"hold": gate.handler}, clock=clock):
        await until(lambda: tap.count("finish") == 1)
        for _ in range(50):
            await tap.advance(0.05)
        tried = tap.count("SET")
        assert tried > 3
        tap.refuse.clear()
        await asyncio.sleep(0)
        await tap.advance(0.05)
        await until(lambda: tap.count("SET") > tried)
    assert (await client.job("a")).status is JobStatus.COMPLETED
