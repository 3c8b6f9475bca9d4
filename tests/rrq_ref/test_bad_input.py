"""Input that cannot work is refused at once, in one sentence that names it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from rrq_ref.client import Client, SyncClient
from rrq_ref.errors import InvalidJob, JobNotFound, RetryJob
from rrq_ref.job import NewJob
from rrq_ref.settings import Settings

from .database import Database

NAN = float("nan")


def one_sentence(error: BaseException) -> str:
    text = str(error)
    assert "\n" not in text
    return text


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"queues": ()}, r"queues is \(\); give .* at least one"),
        ({"queues": ("mail", "")}, r"queues is \('mail', ''\); give .* none empty"),
        ({"queues": "mail"}, "queues is 'mail'"),
        ({"queues": 7}, "queues is 7"),
        ({"queues": None}, "queues is None"),
        ({"queues": ("mail", 7)}, r"queues is \('mail', 7\); give a tuple of names"),
        ({"queues": ("mail", " sms")}, "blanks around it"),
        ({"queues": ("mail", "sms\n")}, "blanks around it"),
        ({"queues": ("mail", "rrq:dlq:")}, "none empty"),
        ({"queues": ("mail", "rrq:queue:mail")}, "give each name once"),
        ({"concurrency": "3"}, "concurrency is '3'; it must be at least 1"),
        ({"concurrency": None}, "concurrency is None"),
        ({"concurrency": True}, "concurrency is True"),
        ({"lock_ttl_ms": 1000.5}, "lock_ttl_ms is 1000.5"),
        ({"lock_ttl_ms": 10**30}, r"lock_ttl_ms is 10+; it must be at most 10\*\*12"),
        ({"drain_timeout_s": "30"}, "drain_timeout_s is '30'"),
        ({"concurrency": 0}, "concurrency is 0; it must be at least 1"),
        ({"concurrency": 1001}, "concurrency is 1001; it must be at most 1000"),
        ({"lock_ttl_ms": 99}, "lock_ttl_ms is 99; it must be at least 100"),
        ({"poll_min_ms": 0}, "poll_min_ms is 0"),
        ({"poll_min_ms": 9, "poll_max_ms": 8}, "poll_min_ms is 9; poll_max_ms is 8"),
        ({"command_timeout_ms": -1}, "command_timeout_ms is -1"),
        ({"heartbeat_slack_ms": -1}, "heartbeat_slack_ms is -1"),
        ({"drain_timeout_s": -0.5}, "drain_timeout_s is -0.5"),
        ({"cleanup_timeout_s": NAN}, "cleanup_timeout_s is nan"),
        ({"max_retries": 0}, "max_retries is 0"),
        ({"max_crashes": 0}, "max_crashes is 0"),
        ({"result_ttl_s": -1}, "result_ttl_s is -1"),
        ({"dlq_ttl_s": 0}, "dlq_ttl_s is 0"),
        ({"retry_base_s": NAN}, "retry_base_s is nan"),
        ({"retry_jitter": 1.01}, "retry_jitter is 1.01"),
        ({"retry_jitter": NAN}, "retry_jitter is nan"),
    ],
)
def test_settings_that_cannot_work_are_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says) as caught:
        Settings(**given)
    one_sentence(caught.value)


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Settings().concurrency = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"function": ""}, "function name is empty"),
        ({"function": "\ud800"}, "function"),
        ({"function": "send", "job_id": "\ud800"}, "job_id"),
        ({"function": "send", "queue": "\ud800"}, "queue"),
        ({"function": "send", "unique_key": "\ud800"}, "unique_key"),
        ({"function": "send", "args": [object()]}, "args cannot be written as JSON"),
        ({"function": "send", "args": [float("inf")]}, "args cannot be written as JSON"),
        ({"function": "send", "kwargs": [("x", 1)]}, "kwargs"),
        ({"function": 7}, "function is 7; give valid text"),
        ({"function": "send", "job_id": ""}, "job_id is '', which is empty"),
        ({"function": "send", "job_id": 0}, "job_id is 0; give valid text"),
        ({"function": "send", "job_id": b"a"}, "job_id is b'a'; give valid text"),
        ({"function": "send", "queue": ""}, "queue is '', which is empty"),
        ({"function": "send", "queue": 0}, "queue is 0; give valid text"),
        ({"function": "send", "queue": "rrq:queue:"}, "queue is 'rrq:queue:', which is empty"),
        ({"function": "send", "unique_key": ""}, "unique_key is '', which is empty"),
        ({"function": "send", "max_retries": True}, "max_retries is True"),
        ({"function": "send", "max_retries": "3"}, "max_retries is '3'"),
        ({"function": "send", "result_ttl_s": 1.5}, "result_ttl_s is 1.5"),
        ({"function": "send", "defer_until": datetime(2100, 1, 1)}, "no time zone"),  # noqa: DTZ001
    ],
)
async def test_a_job_that_cannot_work_is_refused_by_every_door(
    client: Client, settings: Settings, database: Database, given: dict[str, Any], says: str
) -> None:
    good = NewJob(function="send")
    with database.untouched():
        with pytest.raises(InvalidJob, match=says) as caught:
            await client.enqueue_many([good, NewJob(**given)])
        one_sentence(caught.value)
        with SyncClient(settings) as plain, pytest.raises(InvalidJob, match=says):
            plain.enqueue_many([good, NewJob(**given)])


async def test_an_option_that_is_mistyped_is_refused_by_every_door(
    client: Client, settings: Settings, database: Database
) -> None:
    typo: Any = {"max_retrys": 3}
    says = "NewJob has no option 'max_retrys'; did you mean max_retries?"
    with database.untouched(), SyncClient(settings) as plain:
        doors: list[Any] = [client.enqueue, plain.enqueue, lambda _, **given: NewJob(**given)]
        for door in doors:
            with pytest.raises(InvalidJob, match=says) as caught:
                await door("send", **typo)
            one_sentence(caught.value)
            assert isinstance(caught.value, TypeError)
        with pytest.raises(InvalidJob, match=r"no option 'recipient'$"):
            await client.enqueue("send", recipient="ada")  # type: ignore[call-arg]
        with pytest.raises(TypeError, match="'args'"):
            await client.enqueue("send", args=[1])  # type: ignore[call-arg]


def test_a_setting_that_is_mistyped_is_refused() -> None:
    says = "Settings has no option 'concurency'; did you mean concurrency?"
    with pytest.raises(TypeError, match=says) as caught:
        Settings(concurency=3)  # type: ignore[call-arg]
    one_sentence(caught.value)
    with pytest.raises(TypeError, match="did you mean lock_ttl_ms"):
        replace(Settings(), lock_ttl=3)  # type: ignore[call-arg]


def _nested(depth: int) -> list[Any]:
    nested: list[Any] = []
    for _ in range(depth):
        nested = [nested]
    return nested


async def test_arguments_nested_too_deep_are_refused(client: Client) -> None:
    with pytest.raises(InvalidJob, match="args cannot be written as JSON"):
        await client.enqueue("send", _nested(100_000))


@pytest.mark.parametrize(
    "given",
    [
        {"defer_by": timedelta.max},
        {"defer_by": timedelta.min},
        {"defer_until": datetime.max.replace(tzinfo=UTC)},
        {"defer_until": datetime.min.replace(tzinfo=UTC)},
        {"max_retries": 10**30, "job_timeout_s": 10**30, "result_ttl_s": 10**30},
        {"queue": "a b\n*", "job_id": 'with " and \\ and \0', "unique_key": "ü"},
    ],
    ids=lambda given: ",".join(given),
)
async def test_extremes_are_stored_and_read_again(client: Client, given: dict[str, Any]) -> None:
    job = await client.enqueue("send", **given)
    assert (await client.job(job.id)).status == "PENDING"


async def test_nothing_to_enqueue_is_no_error(client: Client, settings: Settings) -> None:
    assert await client.enqueue_many([]) == []
    with SyncClient(settings) as plain:
        assert plain.enqueue_many([]) == []
        with pytest.raises(JobNotFound, match="there is no job nosuch"):
            plain.job("nosuch")


def test_a_retry_in_the_past_is_refused() -> None:
    with pytest.raises(ValueError, match="delay_s is -1"):
        RetryJob(delay_s=-1)
