"""RRQ's own clients and the reference read and run each other's jobs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from redis import Redis as PlainRedis

from rrq_ref import keys
from rrq_ref.client import SyncClient
from rrq_ref.job import JobStatus
from rrq_ref.settings import Settings

from .conftest import RRQ

Work = Callable[[], None]


@pytest.fixture
def client(url: str) -> Iterator[SyncClient]:
    with SyncClient(Settings(redis_url=url)) as client:
        yield client


def test_a_job_of_rrqs_client_is_run_and_its_result_read_back(
    rrq: RRQ, work: Work, client: SyncClient
) -> None:
    kwargs = {"name": "Zoë", "numbers": [1, 2.5, None], "deep": {"yes": True}}
    job_id = rrq("enqueue", function="echo", kwargs=kwargs, result_ttl_s=500)
    assert rrq("read", job_id=job_id)["status"] == "PENDING"
    work()
    read = rrq("read", job_id=job_id)
    assert read["status"] == "COMPLETED"
    assert read["result"] == {"args": [], "kwargs": kwargs, "attempt": 1}
    assert client.job(job_id).kwargs == kwargs


def test_positional_arguments_arrive(rrq_081: RRQ, work: Work) -> None:
    job_id = rrq_081("enqueue", function="echo", args=["ada", [1]], kwargs={"x": 2})
    work()
    read = rrq_081("read", job_id=job_id)
    assert read["result"] == {"args": ["ada", [1]], "kwargs": {"x": 2}, "attempt": 1}
    assert read["completion_time"] is not None


def test_a_result_of_nothing_is_null(rrq: RRQ, work: Work) -> None:
    job_id = rrq("enqueue", function="nothing")
    work()
    read = rrq("read", job_id=job_id)
    assert (read["status"], read["result"]) == ("COMPLETED", None)


def test_a_failing_job_of_rrqs_client_is_retried(rrq: RRQ, work: Work) -> None:
    job_id = rrq("enqueue", function="fails", kwargs={"times": 2}, max_retries=3)
    work()
    read = rrq("read", job_id=job_id)
    assert (read["status"], read["result"]) == ("COMPLETED", 3)


@pytest.mark.parametrize("function", ["fails", "nosuchhandler"])
def test_a_dead_job_of_rrqs_client_is_read_as_failed(
    rrq: RRQ, work: Work, admin: PlainRedis, function: str
) -> None:
    job_id = rrq("enqueue", function=function, kwargs={"times": 9}, max_retries=2)
    work()
    read = rrq("read", job_id=job_id)
    assert read["status"] == "FAILED"
    assert ("failure 2" if function == "fails" else "nosuchhandler") in read["last_error"]
    found: Any = admin.lrange(keys.dlq("default"), 0, -1)
    assert found == [job_id.encode()]


def test_a_deferred_job_of_rrqs_client_waits_for_its_time(rrq: RRQ, work: Work) -> None:
    before = time.time()
    job_id = rrq("enqueue", function="echo", defer_s=2)
    work()
    assert time.time() - before >= 2
    assert rrq("read", job_id=job_id)["status"] == "COMPLETED"


def test_a_job_of_rrqs_client_keeps_its_own_numbers(
    rrq: RRQ, work: Work, client: SyncClient, admin: PlainRedis
) -> None:
    job_id = rrq("enqueue", function="nothing", max_retries=7, result_ttl_s=777)
    assert client.job(job_id).max_retries == 7
    assert client.job(job_id).enqueue_time is not None
    work()
    ttl: Any = admin.ttl(keys.job(job_id))
    assert 700 < ttl <= 777


def test_a_job_of_the_reference_is_read_by_rrqs_client(
    rrq: RRQ, work: Work, client: SyncClient
) -> None:
    client.enqueue("echo", 1, kwargs={"x": 2}, job_id="a", unique_key="u")
    read = rrq("read", job_id="a")
    assert (read["status"], read["result"]) == ("PENDING", None)
    work()
    read = rrq("read", job_id="a")
    assert read["status"] == "COMPLETED"
    assert read["result"] == {"args": [1], "kwargs": {"x": 2}, "attempt": 1}


def test_an_id_that_rrqs_client_took_is_taken(rrq: RRQ, client: SyncClient) -> None:
    rrq("enqueue", function="echo", job_id="a", kwargs={"x": 1})
    job = client.enqueue("nothing", job_id="a")
    assert (job.function, job.kwargs) == ("echo", {"x": 1})


def test_a_job_can_be_waited_for(rrq_0111: RRQ, work: Work) -> None:
    """It works without RRQ's stream of events, because its client also looks at the job."""
    job_id = rrq_0111("enqueue", function="nothing")
    work()
    assert rrq_0111("wait", job_id=job_id)["status"] == "COMPLETED"


def test_a_unique_key_of_rrqs_client_is_respected_and_freed(
    rrq_081: RRQ, work: Work, client: SyncClient, admin: PlainRedis
) -> None:
    rrq_081("enqueue", function="nothing", job_id="theirs", unique_key="u")
    assert client.enqueue("echo", unique_key="u").id == "theirs"
    work()
    assert not admin.exists(keys.unique("u"))
    ours = client.enqueue("echo", unique_key="u", job_id="ours")
    assert (ours.id, ours.status) == ("ours", JobStatus.PENDING)
