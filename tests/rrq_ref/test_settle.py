"""Ends of attempts: finish, retry, release, bury; each in one step, and only by its holder."""

from __future__ import annotations

import json
from typing import Any

import pytest
from redis.asyncio import Redis

from rrq_ref import keys
from rrq_ref.client import Client
from rrq_ref.job import JobStatus
from rrq_ref.settings import Settings
from rrq_ref.store import WorkerStore
from rrq_ref.transitions import Bury, EffectRefused, Finish, Lease, Outcome, Release, Retry

from .conftest import Leaks
from .database import Database
from .moves import ENDS, WRITES, end, take, take_one, write

WEEK_S = 604_800


async def hold(client: Client, store: WorkerStore, **options: Any) -> Lease:
    """Enqueue the job `a` and claim it."""
    await client.enqueue("send", job_id="a", **options)
    return await take_one(store)


# What each end does


async def test_finish_keeps_the_result_and_frees_the_job(
    client: Client, store: WorkerStore, database: Database
) -> None:
    lease = await hold(client, store)
    before = database.now_ms()
    assert await end(store, Finish(lease, '{"sent":[1,null]}')) == "DONE"
    job = await client.job("a")
    assert (job.status, job.result) == (JobStatus.COMPLETED, {"sent": [1, None]})
    assert job.completion_time is not None
    assert int(before) <= job.completion_time.timestamp() * 1000 <= database.now_ms()
    assert (database.queued(), database.locked(), database.dead()) == ([], [], [])


async def test_retry_counts_one_failure_and_queues_the_job_once(
    client: Client, store: WorkerStore, database: Database
) -> None:
    lease = await hold(client, store)
    before = database.now_ms()
    assert await end(store, Retry(lease, "ValueError: no", 90_000)) == "DONE"
    job = await client.job("a")
    assert (job.status, job.retries, job.last_error) == (JobStatus.RETRYING, 1, "ValueError: no")
    assert (database.queued(), database.locked()) == (["a"], [])
    due = database.redis.zscore(keys.queue("default"), "a")
    assert before + 90_000 <= due <= database.now_ms() + 90_000
    assert job.next_run_time is not None
    assert job.next_run_time.timestamp() * 1000 == pytest.approx(due, abs=1)


async def test_a_retry_is_claimed_again_and_keeps_its_count(
    client: Client, store: WorkerStore
) -> None:
    await end(store, Retry(await hold(client, store), "no", 0))
    (claimed,) = (await store.lock_and_pop(1)).jobs
    assert (claimed.lease.token, claimed.retries) == (2, 1)
    await end(store, Release(claimed.lease))
    (claimed,) = (await store.lock_and_pop(1)).jobs
    assert (claimed.lease.token, claimed.retries) == (3, 1)


async def test_max_retries_counts_runs_in_all(
    client: Client, store: WorkerStore, database: Database
) -> None:
    await client.enqueue("send", job_id="a", max_retries=3)
    answers = [await end(store, Retry(await take_one(store), f"no {n}", 0)) for n in range(3)]
    assert answers == ["DONE", "DONE", "BURIED"]
    job = await client.job("a")
    assert (job.status, job.dead_reason, job.retries) == (JobStatus.FAILED, "retries", 3)
    assert job.last_error == "no 2"
    assert (database.dead(), database.queued()) == (["a"], [])


async def test_release_hands_the_job_back_uncounted_and_ahead_of_others(
    client: Client, store: WorkerStore, rival: WorkerStore
) -> None:
    lease = await hold(client, store)
    await client.enqueue("send", job_id="b")
    assert await end(store, Release(lease)) == "DONE"
    job = await client.job("a")
    assert (job.status, job.retries, job.crashes) == (JobStatus.PENDING, 0, 0)
    assert [lease.job_id for lease in await take(rival, 2)] == ["a", "b"]


async def test_bury_dead_letters_at_once_with_the_reason(
    client: Client, store: WorkerStore, database: Database
) -> None:
    lease = await hold(client, store)
    assert await end(store, Bury(lease, "timeout", "still running after 1 s")) == "BURIED"
    job = await client.job("a")
    assert (job.status, job.dead_reason) == (JobStatus.FAILED, "timeout")
    assert (job.last_error, job.retries) == ("still running after 1 s", 0)
    assert job.completion_time is not None
    assert (database.dead(), database.locked()) == (["a"], [])


async def test_the_newest_dead_job_is_listed_first(client: Client, store: WorkerStore) -> None:
    for job_id in "abc":
        await client.enqueue("send", job_id=job_id)
        await end(store, ENDS["bury"](await take_one(store)))
    assert await store.dead("default") == ["c", "b", "a"]
    assert await store.dead("rrq:dlq:default", start=1, count=1) == ["b"]


async def test_dead_jobs_that_have_expired_leave_the_list(
    client: Client, store: WorkerStore, database: Database
) -> None:
    for job_id in "abc":
        await client.enqueue("send", job_id=job_id)
        await end(store, ENDS["bury"](await take_one(store)))
        if job_id != "c":
            database.redis.delete(keys.job(job_id))
    assert database.dead() == ["c"]


@pytest.mark.parametrize("how", ["release", "retry"])
async def test_what_is_queued_again_wakes_a_worker(
    client: Client, store: WorkerStore, database: Database, how: str
) -> None:
    lease = await hold(client, store)
    assert not database.redis.exists(keys.wake("default"))
    await end(store, ENDS[how](lease))
    assert database.redis.llen(keys.wake("default")) == 1


async def test_many_outcomes_are_written_in_one_call_each_with_its_answer(
    client: Client, redis: Redis, database: Database
) -> None:
    worker = WorkerStore(redis, Settings(queues=("high", "low")), "worker-1")
    for job_id, queue in {"a": "high", "b": "low", "c": "low", "d": "high", "e": "low"}.items():
        await client.enqueue("send", job_id=job_id, queue=queue)
    held = {lease.job_id: lease for lease in await take(worker, 5)}
    stale = Lease(held["e"].queue, "e", 7)
    outcomes: list[Outcome] = [
        Release(held["a"]),
        Finish(held["b"], "1"),
        Finish(stale, "2"),
        Bury(held["c"], "timeout", "slow"),
        Finish(held["d"], "3"),
    ]
    assert await worker.settle(outcomes) == ["DONE", "DONE", "SUPERSEDED", "BURIED", "DONE"]
    assert (database.locked("high"), database.locked("low")) == ([], ["e"])
    assert [(await client.job(job_id)).result for job_id in "bed"] == [1, None, 3]


# How long a job is kept after its end


@pytest.mark.parametrize(("ttl_s", "left"), [(None, 86_400), (60, 60), (1, 1), (0, None)])
async def test_a_result_is_kept_as_long_as_was_asked(
    client: Client, store: WorkerStore, database: Database, ttl_s: int | None, left: int | None
) -> None:
    lease = await hold(client, store, result_ttl_s=ttl_s)
    assert database.redis.pttl(keys.job("a")) == -1
    await end(store, ENDS["finish"](lease))
    pttl = database.redis.pttl(keys.job("a"))
    assert pttl == -1 if left is None else 1000 * (left - 30) < pttl <= 1000 * left


async def test_a_negative_result_ttl_leaves_the_key_as_it_is(
    client: Client, store: WorkerStore, database: Database
) -> None:
    """RRQ's clients may store one."""
    lease = await hold(client, store)
    database.redis.hset(keys.job("a"), "result_ttl_seconds", -1)
    assert await end(store, ENDS["finish"](lease)) == "DONE"
    assert database.redis.ttl(keys.job("a")) == -1


@pytest.mark.parametrize("outcome", ["retry", "bury"])
async def test_a_dead_job_is_kept_for_a_week(
    client: Client, store: WorkerStore, database: Database, outcome: str
) -> None:
    lease = await hold(client, store, max_retries=1, result_ttl_s=0)
    assert await end(store, ENDS[outcome](lease)) == "BURIED"
    assert WEEK_S - 30 < database.redis.ttl(keys.job("a")) <= WEEK_S


@pytest.mark.parametrize("how", [*ENDS])
async def test_the_unique_key_goes_in_the_step_that_ends_the_job(
    client: Client, store: WorkerStore, database: Database, how: str
) -> None:
    lease = await hold(client, store, unique_key="u")
    await end(store, ENDS[how](lease))
    assert (database.redis.get(keys.unique("u")) is None) == (how in ("finish", "bury"))


@pytest.mark.parametrize("how", ["finish", "bury"])
async def test_a_unique_key_that_another_job_holds_stays(
    client: Client, store: WorkerStore, database: Database, leaks: Leaks, how: str
) -> None:
    leaks.allow(keys.unique("u"))
    lease = await hold(client, store, unique_key="u")
    database.redis.set(keys.unique("u"), "another")
    await end(store, ENDS[how](lease))
    assert database.redis.get(keys.unique("u")) == b"another"


# The fence


@pytest.mark.parametrize("what", WRITES)
async def test_another_worker_cannot_write_for_the_holder(
    client: Client, store: WorkerStore, rival: WorkerStore, database: Database, what: str
) -> None:
    lease = await hold(client, store)
    with database.untouched():
        assert await write(rival, what, lease) == "SUPERSEDED"


@pytest.mark.parametrize("what", WRITES)
@pytest.mark.parametrize("again", [True, False], ids=["claimed again", "taken back only"])
async def test_a_superseded_attempt_cannot_write(
    client: Client,
    store: WorkerStore,
    rival: WorkerStore,
    database: Database,
    what: str,
    again: bool,
) -> None:
    old = await hold(client, store, unique_key="u")
    database.expire_lock("a")
    assert (await rival.lock_and_pop(1 if again else 0)).taken_back == ["a"]
    with database.untouched():
        assert await write(store, what, old) == "SUPERSEDED"


@pytest.mark.parametrize("what", WRITES)
async def test_an_earlier_attempt_of_the_same_worker_cannot_write(
    client: Client, store: WorkerStore, database: Database, what: str
) -> None:
    old = await hold(client, store)
    await end(store, Release(old))
    new = await take_one(store)
    with database.untouched():
        assert await write(store, what, old) == "SUPERSEDED"
    assert await end(store, ENDS["finish"](new)) == "DONE"


@pytest.mark.parametrize("what", WRITES)
async def test_a_job_whose_hash_is_gone_is_answered_with_gone(
    client: Client, store: WorkerStore, database: Database, leaks: Leaks, what: str
) -> None:
    leaks.allow(keys.locks("default"))
    lease = await hold(client, store)
    database.redis.delete(keys.job("a"))
    with database.untouched():
        assert await write(store, what, lease) == "GONE"


@pytest.mark.parametrize("how", [*ENDS])
async def test_a_repeated_end_changes_nothing(
    client: Client, store: WorkerStore, database: Database, how: str
) -> None:
    """Its reply was lost, so it is sent again: no second retry, no second DLQ entry."""
    lease = await hold(client, store, unique_key="u")
    await end(store, ENDS[how](lease))
    with database.untouched():
        assert await end(store, ENDS[how](lease)) == "REPEAT"


async def test_a_repeated_last_retry_changes_nothing(
    client: Client, store: WorkerStore, database: Database
) -> None:
    lease = await hold(client, store, max_retries=1)
    assert await end(store, ENDS["retry"](lease)) == "BURIED"
    with database.untouched():
        assert await end(store, ENDS["retry"](lease)) == "REPEAT"


@pytest.mark.parametrize("how", [*ENDS])
@pytest.mark.parametrize("then", [*ENDS, "refresh"])
async def test_an_attempt_that_has_ended_cannot_end_in_another_way(
    client: Client, store: WorkerStore, database: Database, how: str, then: str
) -> None:
    lease = await hold(client, store)
    await end(store, ENDS[how](lease))
    with database.untouched():
        answer = await write(store, then, lease)
    # A retry may have buried the job itself, so a bury looks to it like its own.
    repeats = how == then or (how, then) == ("bury", "retry")
    assert answer == ("REPEAT" if repeats else "SUPERSEDED")


@pytest.mark.parametrize("how", ["retry", "release"])
async def test_a_repeated_end_after_the_next_claim_is_superseded(
    client: Client, store: WorkerStore, rival: WorkerStore, database: Database, how: str
) -> None:
    old = await hold(client, store)
    await end(store, ENDS[how](old))
    database.make_due("a")
    await take_one(rival)
    with database.untouched():
        assert await end(store, ENDS[how](old)) == "SUPERSEDED"


# Effects


def with_effects(lease: Lease, *commands: list[str]) -> Finish:
    return Finish(lease, "null", json.dumps(commands))


async def test_effects_are_applied_with_the_commit_and_once(
    client: Client, store: WorkerStore, database: Database, leaks: Leaks
) -> None:
    leaks.allow("sent", "log")
    finish = with_effects(await hold(client, store), ["INCRBY", "sent", "5"], ["RPUSH", "log", "a"])
    assert await end(store, finish) == "DONE"
    assert await end(store, finish) == "REPEAT"
    assert database.redis.get("sent") == b"5"
    assert database.redis.lrange("log", 0, -1) == [b"a"]


async def test_a_refused_completion_applies_no_effect(
    client: Client, store: WorkerStore, rival: WorkerStore, database: Database
) -> None:
    finish = with_effects(await hold(client, store), ["INCR", "sent"])
    with database.untouched():
        assert await end(rival, finish) == "SUPERSEDED"
    database.expire_lock("a")
    await take_one(rival)
    with database.untouched():
        assert await end(store, finish) == "SUPERSEDED"


@pytest.mark.parametrize(
    "bad", [["LPUSH", "number", "x"], ["NOSUCHCOMMAND", "x"], ["INCR"], ["INCR", "text"]]
)
async def test_an_effect_that_the_server_refuses_does_not_complete_the_job(
    client: Client, store: WorkerStore, database: Database, leaks: Leaks, bad: list[str]
) -> None:
    leaks.allow("number", "text")
    database.redis.mset({"number": 1, "text": "no number"})
    lease = await hold(client, store)
    await client.enqueue("send", job_id="b")
    other = await take_one(store)
    with database.untouched():
        (answer,) = await store.settle([with_effects(lease, bad)])
    assert isinstance(answer, EffectRefused)
    assert bad[0] in str(answer)
    # One bad effect does not hold up the others, and the attempt can still be ended.
    answers = await store.settle([with_effects(lease, bad), Finish(other, "1")])
    assert isinstance(answers[0], EffectRefused)
    assert answers[1] == "DONE"
    assert await end(store, Bury(lease, "effect", str(answer))) == "BURIED"
