"""`python -m rrq_ref dlq`: what it lists and requeues."""

from __future__ import annotations

import pytest

from rrq_ref import keys
from rrq_ref.client import SyncClient

from .commands import Cli, cli, plain
from .conftest import Leaks
from .database import Database

__all__ = ["cli", "plain"]


@pytest.fixture
def dead(plain: SyncClient, database: Database) -> list[str]:
    """Four dead jobs, the newest first."""
    for job_id, function, reason, error in [
        ("a", "send.mail", "retries", "ValueError: no"),
        ("b", "send.sms", "timeout", "still running after 5 s"),
        ("c", "send.mail", "poison", "lost its worker 5 times"),
        ("d", "bill", "retries", "KeyError: 'x'"),
    ]:
        plain.enqueue(function, job_id=job_id)
        fields = {"status": "FAILED", "dead_reason": reason, "last_error": error}
        database.redis.hset(keys.job(job_id), mapping=fields)
        database.redis.expire(keys.job(job_id), 600)
        database.redis.zrem(keys.queue("default"), job_id)
        database.redis.lpush(keys.dlq("default"), job_id)
    return ["d", "c", "b", "a"]


FILTERS = [
    ([], "dcba"),
    (["--function", "send.*"], "cba"),
    (["--function", "send"], ""),
    (["--reason", "retries"], "da"),
    (["--error", "ValueError"], "a"),
    (["--id", "b", "--id", "d", "--id", "nosuch"], "db"),
    (["--function", "send.*", "--reason", "retries"], "a"),
]


@pytest.mark.parametrize(("filters", "expected"), FILTERS)
def test_dlq_list_shows_what_the_filters_let_through(
    cli: Cli, dead: list[str], database: Database, filters: list[str], expected: str
) -> None:
    with database.untouched():
        done = cli("dlq", "list", *filters)
    assert done.code == 0
    assert [line.split()[0] for line in done.lines] == [*expected]


def test_dlq_list_tells_function_reason_and_error(cli: Cli, dead: list[str]) -> None:
    assert cli("dlq", "list", "--id", "b").lines == ["b send.sms timeout still running after 5 s"]


@pytest.mark.parametrize(("filters", "expected"), FILTERS)
def test_dlq_requeue_requeues_what_the_filters_let_through(
    cli: Cli, dead: list[str], database: Database, filters: list[str], expected: str
) -> None:
    with database.untouched():
        trial = cli("dlq", "requeue", "--dry-run", *filters)
    done = cli("dlq", "requeue", *filters)
    assert (trial.code, done.code) == (0, 0)
    assert [line.split()[0] for line in trial.lines] == [*expected]
    assert [line.split()[:2] for line in done.lines] == [["DONE", job_id] for job_id in expected]
    assert set(database.queued()) == set(expected)
    assert database.dead() == [job_id for job_id in dead if job_id not in expected]


def test_a_job_that_cannot_be_requeued_is_named_and_fails_the_command(
    cli: Cli, dead: list[str], plain: SyncClient, database: Database
) -> None:
    database.redis.hset(keys.job("b"), "job_unique_key", "u")
    plain.enqueue("send", job_id="holder", unique_key="u")
    done = cli("dlq", "requeue", "--id", "a", "--id", "b")
    assert done.code == 1
    assert [line.split()[:2] for line in done.lines] == [["UNIQUE", "b"], ["DONE", "a"]]
    assert database.dead() == ["d", "c", "b"]


def test_a_long_dead_letter_queue_is_listed_to_its_end(
    cli: Cli, database: Database, leaks: Leaks
) -> None:
    leaks.allow(keys.job("*"), keys.dlq("default"))
    for n in range(1_100):
        database.redis.hset(keys.job(f"{n:04}"), mapping={"status": "FAILED", "id": f"{n:04}"})
    database.redis.rpush(keys.dlq("default"), *[f"{n:04}" for n in range(1_100)], "expired")
    assert [line.split()[0] for line in cli("dlq", "list").lines] == [
        *(f"{n:04}" for n in range(1_100)),
        "expired",
    ]
