"""A damaged field of a job hash: transitions still happen whole, with the field's default."""

from __future__ import annotations

import pytest

from rrq_ref import keys
from rrq_ref.client import Client
from rrq_ref.job import JobStatus
from rrq_ref.settings import Settings
from rrq_ref.store import WorkerStore

from .conftest import Leaks
from .database import Database
from .moves import ENDS, end, take_one

DAMAGES = ["", "many", "1e999", "nan", "-inf"]


@pytest.mark.parametrize("field", ["current_retries", "max_retries"])
@pytest.mark.parametrize("value", DAMAGES)
async def test_a_failed_run_is_counted_and_queued_again(
    client: Client, store: WorkerStore, database: Database, field: str, value: str
) -> None:
    await client.enqueue("send", job_id="a")
    lease = await take_one(store)
    database.redis.hset(keys.job("a"), field, value)
    assert await end(store, ENDS["retry"](lease)) == "DONE"
    assert (database.queued(), database.locked()) == (["a"], [])
    assert (await client.job("a")).retries == 1


@pytest.mark.parametrize("value", DAMAGES)
async def test_a_completion_takes_the_default_ttl(
    client: Client, store: WorkerStore, database: Database, settings: Settings, leaks: Leaks,
    value: str,
) -> None:  # fmt: skip
    leaks.allow(keys.job("a"))
    await client.enqueue("send", job_id="a")
    lease = await take_one(store)
    database.redis.hset(keys.job("a"), "result_ttl_seconds", value)
    assert await end(store, ENDS["finish"](lease)) == "DONE"
    assert database.locked() == []
    assert settings.result_ttl_s - 60 < database.redis.ttl(keys.job("a")) <= settings.result_ttl_s


@pytest.mark.parametrize("value", ["", "{", "7", "null"])
async def test_a_requeue_starts_a_new_history(
    client: Client, store: WorkerStore, database: Database, value: str
) -> None:
    await client.enqueue("send", job_id="a", unique_key="u")
    await end(store, ENDS["bury"](await take_one(store)))
    database.redis.hset(keys.job("a"), "error_history", value)
    assert await store.requeue(await client.job("a"), "default") == "DONE"
    job = await client.job("a")
    assert (job.status, len(job.error_history)) == (JobStatus.PENDING, 1)
