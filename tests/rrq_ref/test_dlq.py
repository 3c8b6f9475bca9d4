"""The dead-letter queue: a dead job gets a whole new life in one step, and keeps its history."""

from __future__ import annotations

from redis.asyncio import Redis

from rrq_ref import keys
from rrq_ref.client import Client
from rrq_ref.job import Job, JobStatus
from rrq_ref.settings import Settings
from rrq_ref.store import WorkerStore
from rrq_ref.transitions import Bury, Retry

from .database import Database
from .moves import ENDS, end, take_one


async def die(client: Client, store: WorkerStore, unique_key: str | None = None) -> Job:
    """The job `a`, dead after its second failed run."""
    await client.enqueue("send", job_id="a", max_retries=2, unique_key=unique_key)
    for error in ("first", "second"):
        await end(store, Retry(await take_one(store), error, 0))
    return await client.job("a")


async def test_requeueing_starts_a_new_life(
    client: Client, store: WorkerStore, database: Database
) -> None:
    dead = await die(client, store)
    before = database.now_ms()
    assert await store.requeue(dead, "default") == "DONE"
    after = database.now_ms()
    job = await client.job("a")
    assert (job.status, job.retries, job.crashes) == (JobStatus.PENDING, 0, 0)
    assert (job.dead_reason, job.completion_time, job.next_run_time) == (None, None, None)
    assert (database.dead(), database.queued()) == ([], ["a"])
    assert before <= database.redis.zscore(keys.queue("default"), "a") <= after
    assert database.redis.ttl(keys.job("a")) == -1  # the TTL of the DLQ must not end a live job
    assert database.redis.llen(keys.wake("default")) == 1


async def test_the_history_of_errors_is_kept(client: Client, store: WorkerStore) -> None:
    dead = await die(client, store)
    await store.requeue(dead, "default")
    await end(store, Bury(await take_one(store), "timeout", "slow"))
    await store.requeue(dead, "default")
    job = await client.job("a")
    assert [(life["error"], life["reason"], life["retries"]) for life in job.error_history] == [
        ("second", "retries", 2),
        ("slow", "timeout", 0),
    ]
    assert job.last_error == "slow"


async def test_the_history_is_bounded(client: Client, store: WorkerStore) -> None:
    dead = await die(client, store)
    for n in range(12):
        await store.requeue(dead, "default")
        await end(store, Bury(await take_one(store), "timeout", f"{n}"))
    history = (await client.job("a")).error_history
    assert [life["error"] for life in history] == [f"{n}" for n in range(1, 11)]


async def test_a_requeued_job_has_its_whole_budget_again(
    client: Client, store: WorkerStore
) -> None:
    await store.requeue(await die(client, store), "default")
    answers = [await end(store, Retry(await take_one(store), "no", 0)) for _ in range(2)]
    assert answers == ["DONE", "BURIED"]


async def test_tokens_go_on_rising_through_the_lives_of_a_job(
    client: Client, store: WorkerStore, database: Database
) -> None:
    """Otherwise an attempt of an earlier life could write into this one."""
    await client.enqueue("send", job_id="a")
    old = await take_one(store)
    await end(store, ENDS["bury"](old))
    await store.requeue(await client.job("a"), "default")
    assert (await take_one(store)).token == old.token + 1
    with database.untouched():
        assert await end(store, ENDS["bury"](old)) == "SUPERSEDED"


async def test_a_requeue_that_is_sent_again_changes_nothing(
    client: Client, store: WorkerStore, database: Database
) -> None:
    dead = await die(client, store, unique_key="u")
    await store.requeue(dead, "default")
    with database.untouched():
        assert await store.requeue(dead, "default") == "REPEAT"
    lease = await take_one(store)
    with database.untouched():
        assert await store.requeue(dead, "default") == "REPEAT"
    await end(store, ENDS["finish"](lease))
    with database.untouched():
        assert await store.requeue(dead, "default") == "REPEAT"


async def test_a_requeued_job_takes_its_unique_key_again(
    client: Client, store: WorkerStore, database: Database
) -> None:
    await store.requeue(await die(client, store, unique_key="u"), "default")
    assert database.redis.get(keys.unique("u")) == b"a"
    assert (await client.enqueue("send", unique_key="u")).id == "a"


async def test_a_job_whose_unique_key_is_held_stays_dead(
    client: Client, store: WorkerStore, database: Database
) -> None:
    dead = await die(client, store, unique_key="u")
    await client.enqueue("send", job_id="b", unique_key="u")
    with database.untouched():
        assert await store.requeue(dead, "default") == "UNIQUE"
    await end(store, ENDS["finish"](await take_one(store)))
    assert await store.requeue(dead, "default") == "DONE"


async def test_a_dead_job_that_has_expired_leaves_the_list(
    client: Client, store: WorkerStore, database: Database
) -> None:
    dead = await die(client, store)
    database.redis.delete(keys.job("a"))
    assert await store.requeue(dead, "default") == "GONE"
    assert (database.dead(), database.queued()) == ([], [])
    with database.untouched():
        assert await store.requeue(dead, "default") == "GONE"


async def test_a_job_returns_to_the_queue_it_came_from(
    client: Client, redis: Redis, database: Database
) -> None:
    mail = WorkerStore(redis, Settings(queues=("mail",)), "worker-1")
    await client.enqueue("send", job_id="a", queue="mail")
    await end(mail, ENDS["bury"](await take_one(mail)))
    assert database.dead("mail") == ["a"]
    assert await mail.requeue(await client.job("a"), "mail") == "DONE"
    assert (database.queued("mail"), database.dead("mail")) == (["a"], [])
