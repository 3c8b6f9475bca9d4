"""Enqueueing: one job per id, one live job per unique key, due when it was asked to be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import RFC_4122, UUID

import pytest

from rrq_ref import keys
from rrq_ref.client import Client
from rrq_ref.errors import InvalidJob
from rrq_ref.job import JobStatus, NewJob
from rrq_ref.store import WorkerStore

from .conftest import Leaks
from .database import Database
from .moves import ENDS, end, take_one


async def test_a_new_job_is_stored_and_queued(client: Client, database: Database) -> None:
    before = database.now_ms()
    job = await client.enqueue("send", "ada", 1.5, kwargs={"copies": 2}, job_id="a")
    after = database.now_ms()

    assert await client.job("a") == job
    assert (job.function, job.args, job.kwargs) == ("send", ["ada", 1.5], {"copies": 2})
    assert (job.status, job.retries, job.fencing_token) == (JobStatus.PENDING, 0, 0)
    assert job.enqueue_time is not None
    assert before <= job.enqueue_time.timestamp() * 1000 <= after
    due = database.redis.zscore(keys.queue("default"), "a")
    assert before <= due <= after


async def test_a_job_without_an_id_gets_one_of_its_own(client: Client, database: Database) -> None:
    first, second = [await client.enqueue("send") for _ in range(2)]
    assert first.id != second.id
    assert sorted(database.queued()) == sorted([first.id, second.id])
    for made in (first.id, second.id):  # as `uuid.uuid4` writes it
        assert (str(UUID(made)), UUID(made).version, UUID(made).variant) == (made, 4, RFC_4122)


async def test_the_hash_reads_as_rrqs_own(client: Client, database: Database) -> None:
    await client.enqueue("send", "ada", job_id="a", unique_key="u")
    stored = database.job("a")
    assert stored.pop("enqueue_time").endswith("Z")
    assert stored == {
        "id": "a",
        "function_name": "send",
        "job_args": '["ada"]',
        "job_kwargs": "{}",
        "status": "PENDING",
        "current_retries": "0",
        "max_retries": "5",
        "job_timeout_seconds": "300",
        "result_ttl_seconds": "86400",
        "queue_name": "default",
        "job_unique_key": "u",
    }


async def test_the_same_id_twice_is_one_job(client: Client, database: Database) -> None:
    first = await client.enqueue("send", "ada", job_id="a")
    with database.untouched():
        second = await client.enqueue("other", "bob", job_id="a", unique_key="u", queue="more")
    assert second == first


async def test_the_id_of_a_job_that_has_ended_is_still_taken(
    client: Client, store: WorkerStore, database: Database
) -> None:
    await client.enqueue("send", job_id="a")
    await end(store, ENDS["finish"](await take_one(store)))
    with database.untouched():
        assert (await client.enqueue("send", job_id="a")).status is JobStatus.COMPLETED


async def test_a_unique_key_answers_with_its_holder(client: Client, database: Database) -> None:
    first = await client.enqueue("send", "ada", unique_key="u")
    with database.untouched():
        second = await client.enqueue("send", "bob", unique_key="u")
    assert second == first


async def test_other_unique_keys_do_not_stand_in_the_way(
    client: Client, database: Database
) -> None:
    await client.enqueue("send", unique_key="u", job_id="a")
    await client.enqueue("send", unique_key="v", job_id="b")
    assert database.queued() == ["a", "b"]


@pytest.mark.parametrize("how", ["finish", "bury"])
async def test_the_next_job_gets_the_unique_key_once_its_holder_ended(
    client: Client, store: WorkerStore, how: str
) -> None:
    await client.enqueue("send", unique_key="u", job_id="a")
    lease = await take_one(store)
    assert (await client.enqueue("send", unique_key="u", job_id="b")).id == "a"  # it is running
    await end(store, ENDS[how](lease))
    assert (await client.enqueue("send", unique_key="u", job_id="b")).id == "b"


@pytest.mark.parametrize("how", ["release", "retry"])
async def test_a_job_that_waits_again_keeps_its_unique_key(
    client: Client, store: WorkerStore, how: str
) -> None:
    await client.enqueue("send", unique_key="u", job_id="a")
    await end(store, ENDS[how](await take_one(store)))
    assert (await client.enqueue("send", unique_key="u")).id == "a"


@pytest.mark.parametrize("status", [None, "COMPLETED", "FAILED", "CANCELLED"])
async def test_a_dead_holders_unique_key_is_taken_over(
    client: Client, database: Database, leaks: Leaks, status: str | None
) -> None:
    """RRQ leaves such a key behind: there it outlives its job."""
    database.redis.set(keys.unique("u"), "old", ex=60)
    if status is not None:
        leaks.allow(keys.job("old"))
        database.redis.hset(keys.job("old"), mapping={"id": "old", "status": status})
    assert (await client.enqueue("send", unique_key="u", job_id="a")).id == "a"
    assert database.redis.get(keys.unique("u")) == b"a"
    assert database.redis.ttl(keys.unique("u")) == -1  # as long as its job lives


async def test_a_refused_enqueue_leaves_the_unique_key_alone(
    client: Client, database: Database
) -> None:
    await client.enqueue("send", job_id="a")
    await client.enqueue("send", job_id="a", unique_key="u")
    assert not database.redis.exists(keys.unique("u"))


async def test_defer_by_counts_from_the_servers_now(client: Client, database: Database) -> None:
    before = database.now_ms()
    await client.enqueue("send", job_id="a", defer_by=timedelta(seconds=90))
    after = database.now_ms()
    due = database.redis.zscore(keys.queue("default"), "a")
    assert before + 90_000 <= due <= after + 90_000
    job = await client.job("a")
    assert job.next_run_time is not None
    assert job.next_run_time.timestamp() * 1000 == pytest.approx(due, abs=1)


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=-7, minutes=-30))])
async def test_defer_until_is_an_instant_in_any_time_zone(
    client: Client, database: Database, zone: timezone
) -> None:
    at = datetime(2100, 2, 28, 23, 59, 59, 500_000, UTC).astimezone(zone)
    job = await client.enqueue("send", job_id="a", defer_until=at)
    assert database.redis.zscore(keys.queue("default"), "a") == at.timestamp() * 1000
    assert (await client.job(job.id)).next_run_time == at


@pytest.mark.parametrize(
    "at",
    [datetime(1969, 7, 20, tzinfo=UTC), datetime(1970, 1, 1, tzinfo=UTC), datetime.now(UTC)],
    ids=["before the epoch", "epoch", "now"],
)
async def test_a_time_that_has_passed_is_due_at_once(
    client: Client, store: WorkerStore, at: datetime
) -> None:
    await client.enqueue("send", job_id="a", defer_until=at)
    assert (await take_one(store)).job_id == "a"


NAIVE = datetime(2100, 1, 1)  # noqa: DTZ001 - what must be refused


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"defer_until": NAIVE}, "no time zone"),
        ({"defer_until": datetime.now(UTC), "defer_by": timedelta(1)}, "both given"),
        ({"max_retries": 0}, "max_retries is 0"),
        ({"max_retries": 1.5}, "max_retries is 1.5"),
        ({"job_timeout_s": 0}, "job_timeout_s is 0"),
        ({"result_ttl_s": -1}, "result_ttl_s is -1"),
        ({"kwargs": {"x": {1, 2}}}, "kwargs cannot be written as JSON"),
        ({"kwargs": {"x": float("nan")}}, "kwargs cannot be written as JSON"),
    ],
)
async def test_what_could_never_work_is_refused(
    client: Client, database: Database, options: dict[str, Any], says: str
) -> None:
    with database.untouched(), pytest.raises(InvalidJob, match=says):
        await client.enqueue("send", **options)


async def test_a_job_without_a_function_is_refused(client: Client, database: Database) -> None:
    with database.untouched(), pytest.raises(InvalidJob, match="name a handler"):
        await client.enqueue("")


async def test_a_job_goes_to_the_queue_that_was_named(client: Client, database: Database) -> None:
    await client.enqueue("send", job_id="a", queue="mail")
    await client.enqueue("send", job_id="b", queue="rrq:queue:mail")  # RRQ's way to say it
    assert database.queued("mail") == ["a", "b"]
    assert (await client.job("b")).queue == "mail"


async def test_many_jobs_are_enqueued_in_order_and_once_each(
    client: Client, store: WorkerStore
) -> None:
    jobs = [NewJob(function="send", args=[n], job_id=f"{n:04}") for n in range(600)]
    repeated = [jobs[0], NewJob(function="send", unique_key="u"), NewJob(function="send")]
    ids = await client.enqueue_many([*jobs, *repeated])
    assert ids[:601] == [f"{n:04}" for n in range(600)] + ["0000"]
    assert (await store.sizes("default"))["queued"] == 602
    assert (await client.job("0599")).args == [599]


async def test_a_job_of_many_is_stored_as_it_is_alone(client: Client, database: Database) -> None:
    options: list[dict[str, Any]] = [
        {},
        {"args": ["ada", 1.5], "kwargs": {"copies": 2}},
        {"unique_key": "u", "max_retries": 9},
        {"queue": "more", "job_timeout_s": 7, "result_ttl_s": 0},
        {"defer_until": datetime(2100, 1, 1, tzinfo=UTC)},
        {"queue": "more", "args": ["é\n"], "unique_key": "v"},
    ]
    ids = [f"many-{n}" for n in range(len(options))]
    jobs = [NewJob(function="send", job_id=i, **o) for i, o in zip(ids, options, strict=True)]
    assert await client.enqueue_many(jobs) == ids
    for one, given in zip(ids, options, strict=True):
        alone = {**given, "job_id": f"{one}-alone"}
        if "unique_key" in given:
            alone["unique_key"] += "-alone"
        await client.enqueue("send", *alone.pop("args", []), **alone)
        many, single = database.job(one), database.job(f"{one}-alone")
        for stored in (many, single):
            assert stored.pop("enqueue_time").endswith("Z")
            stored["id"] = stored["id"].removesuffix("-alone")
            if "job_unique_key" in stored:
                stored["job_unique_key"] = stored["job_unique_key"].removesuffix("-alone")
        assert many == single
    assert database.queued("more") == ["many-3", "many-5", "many-3-alone", "many-5-alone"]


async def test_of_two_of_one_call_the_first_has_the_id_and_the_unique_key(
    client: Client, database: Database
) -> None:
    new = [
        NewJob(function="send", args=[1], job_id="a", unique_key="u"),
        NewJob(function="send", args=[2], job_id="a", unique_key="v"),
        NewJob(function="send", args=[3], job_id="b", unique_key="u"),
        NewJob(function="send", args=[4], job_id="c", unique_key="v"),
        NewJob(function="send", args=[5], job_id="b", unique_key="u"),
    ]
    assert await client.enqueue_many(new) == ["a", "a", "a", "c", "a"]
    assert database.queued() == ["a", "c"]
    assert [database.job(one)["job_args"] for one in "ac"] == ["[1]", "[4]"]


async def test_many_jobs_that_are_there_are_left_as_they_are(
    client: Client, database: Database
) -> None:
    new = [NewJob(function="send", args=[n], job_id=f"{n}") for n in range(5)]
    await client.enqueue_many(new)
    with database.untouched():
        assert await client.enqueue_many(new) == [*"01234"]


async def test_hints_are_capped_and_pass(client: Client, database: Database) -> None:
    await client.enqueue_many([NewJob(function="send") for _ in range(80)])
    assert database.redis.llen(keys.wake("default")) == 64
    assert 0 < database.redis.pttl(keys.wake("default")) <= 60_000
