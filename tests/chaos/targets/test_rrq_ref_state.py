"""The rules for the reference's store: what it does breaks none, and each notices its break."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest
from redis import Redis

from chaos.targets import WorkerSettings
from chaos.targets.rrq_ref.settings import settings_of
from chaos.targets.rrq_ref.state import Looker
from rrq_ref import Client, NewJob, keys
from rrq_ref.store import WorkerStore
from rrq_ref.transitions import Bury, Finish, Release, Retry

SETTINGS = WorkerSettings(queues=("one", "two"))
WORKER = "rrq_worker_1_ab"


@pytest.fixture
def look(url: str, admin: Redis) -> Iterator[Callable[[], set[str]]]:
    """Looks at all of the store; the rules that something contradicts."""
    admin.flushdb()
    looker = Looker(url, SETTINGS)

    def look() -> set[str]:
        found = set()
        for _ in range(50):
            sight = looker.look()
            found |= {finding.rule for finding in sight.findings}
            if sight.whole:
                return found
        raise AssertionError("it never came to the end of the store")

    yield look
    looker.close()
    admin.flushdb()


async def work(url: str, look: Callable[[], set[str]]) -> None:
    """Everything that can become of a job, with a look after each step."""
    async with Client(settings_of(url, SETTINGS)) as client:
        store = WorkerStore(client.store.redis, client.settings, WORKER)
        for number in range(6):
            await client.enqueue_many([NewJob(function="f", job_id=f"j{number}")])
        kept = NewJob(function="f", job_id="kept", unique_key="u", queue="two", result_ttl_s=0)
        await client.enqueue_many([kept])
        assert look() == set()
        leases = [claimed.lease for claimed in (await store.lock_and_pop(7)).jobs]
        assert len(leases) == 7
        assert look() == set()
        await store.settle([
            Finish(leases[0], "1"), Finish(leases[6], "null"), Bury(leases[1], "result", "no"),
            Retry(leases[2], "no", 50_000), Release(leases[3]), Bury(leases[4], "result", "no"),
        ])  # fmt: skip
        assert look() == set()
        await client.cancel("j5")
        await client.cancel("j2")
        dead = await client.job("j1")
        await client.store.requeue(dead, "one")
        await store.heartbeat({
            "worker_id": WORKER, "timestamp": "2026-01-01T00:00:00+00:00", "status": "running",
            "active_jobs": 1, "concurrency_limit": 4, "queues": ["two", "one"],
        })  # fmt: skip
        assert look() == set()


def test_nothing_that_the_reference_does_contradicts_a_rule(
    url: str, look: Callable[[], set[str]]
) -> None:
    asyncio.run(work(url, look))


def stored(job: str, field: str, value: str | int) -> Callable[[Redis], object]:
    """Somebody writes a field of a job's hash."""
    return lambda redis: redis.hset(keys.job(job), field, value)


#: What somebody does to the store of `work`, and the rules that notice.
BREAKS: dict[str, tuple[Callable[[Redis], object], set[str]]] = {
    "queued and locked": (lambda r: r.zadd(keys.queue("one"), {"j5": 1}), {"place"}),
    "locked and not active": (lambda r: r.zadd(keys.locks("one"), {"j3": 1}), {"place"}),
    "not locked": (lambda r: r.zrem(keys.locks("one"), "j5"), {"place"}),
    "in another queue": (lambda r: r.zadd(keys.queue("two"), {"j3": 0}), {"place"}),
    "dead and not listed": (lambda r: r.delete(keys.dlq("one")), {"place"}),
    "listed twice": (lambda r: r.rpush(keys.dlq("one"), "j4"), {"place"}),
    "a job that lives is listed": (lambda r: r.lpush(keys.dlq("one"), "j3"), {"place"}),
    "listed and gone": (lambda r: r.lpush(keys.dlq("one"), "nobody"), {"entry"}),
    "queued and gone": (lambda r: r.zadd(keys.queue("two"), {"nobody": 1}), {"entry"}),
    "a status that there is not": (stored("j3", "status", "QUEUED"), {"fields"}),
    "no function": (lambda r: r.hdel(keys.job("j3"), "function_name"), {"fields", "same"}),
    "a field that no job has": (stored("j3", "colour", "red"), {"fields"}),
    "a waiting job of a worker": (stored("j3", "worker_id", WORKER), {"fields"}),
    "a job that runs expires": (lambda r: r.expire(keys.job("j5"), 900), {"ttl"}),
    "a completed job never expires": (lambda r: r.persist(keys.job("j0")), {"ttl"}),
    "a completed job expires soon": (lambda r: r.expire(keys.job("j0"), 900), {"ttl"}),
    "a kept job expires": (lambda r: r.expire(keys.job("kept"), 900), {"ttl"}),
    "a time in seconds": (stored("j4", "completion_time", "1700000000"), {"times"}),
    "a time without its zone": (
        stored("j3", "enqueue_time", "2026-01-01T00:00:00"),
        {"times", "same"},
    ),
    "more failures than runs": (stored("j3", "current_retries", 7), {"counts", "grows"}),
    "a crash without a charge": (stored("j3", "crashes", 1), {"counts", "grows"}),
    "fewer tokens": (stored("j3", "fencing_token", 0), {"token", "grows"}),
    "other arguments": (stored("j3", "job_args", "[1]"), {"same"}),
    "due at another time": (lambda r: r.zadd(keys.queue("one"), {"j1": 5_000}), {"due"}),
    "a lock in seconds": (lambda r: r.zadd(keys.locks("one"), {"j5": 1_790_000_000}), {"lease"}),
    "another result": (stored("j0", "result", "2"), {"end"}),
    "another history": (stored("j1", "error_history", "[]"), {"history", "due"}),
    "a dead job lives": (stored("j4", "status", "PENDING"), {"revived", "fields", "place", "ttl"}),
    "a key of nobody": (lambda r: r.set("rrq:lock:jobs", 1), {"key"}),
    "a key of another type": (lambda r: r.set(keys.wake("two"), 1, px=900), {"key"}),
    "hints for ever": (lambda r: r.persist(keys.wake("one")), {"expiry"}),
    "a health key for ever": (lambda r: r.persist(keys.health(WORKER)), {"expiry"}),
    "a unique key of a job that is over": (lambda r: r.set(keys.unique("x"), "j0"), {"key"}),
    "a claim of nobody": (lambda r: r.set(keys.claim("x:7"), "", px=900), {"key"}),
}  # fmt: skip


@pytest.mark.parametrize("what", BREAKS)
def test_each_rule_notices_its_break(
    what: str, url: str, admin: Redis, look: Callable[[], set[str]]
) -> None:
    asyncio.run(work(url, look))
    break_it, rules = BREAKS[what]
    break_it(admin)
    found = look()
    assert found & rules, found
    assert found <= rules
