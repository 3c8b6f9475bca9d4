"""The origin of a failure is in the log, and stays with the job."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from redis.asyncio import Redis

from rrq_ref import failures, keys
from rrq_ref.attempt import Attempt, Context, Runner
from rrq_ref.client import Client
from rrq_ref.clock import Clock
from rrq_ref.job import Job
from rrq_ref.settings import Settings
from rrq_ref.timeouts import Timeouts
from rrq_ref.transitions import Bury, Claimed, Lease, Retry

from .conftest import Run
from .database import Database
from .running import world


def broken(number: int) -> int:
    return 1 // number


async def handler(_: Context) -> int:
    return broken(0)


def plain(_: Context) -> int:
    return broken(0)


def decorated(context: Context) -> Any:
    return handler(context)


async def outcome(function: Any, *, args: bytes = b"[]", timeout_s: int = 5) -> Retry | Bury:
    """The runner's outcome of one failed run of `function`."""
    claimed = Claimed(Lease(0, "a", 1), b"send", args, None, None, 0, 5, timeout_s)
    attempt = Attempt(claimed, Context("default", "w", "a", 1, 1), float("inf"))
    timeouts = Timeouts(Clock(), lambda: [attempt])
    with ThreadPoolExecutor(1) as threads:
        ours = world(Settings(), Clock()), {"send": function}, threads
        runner = Runner(*ours, timeouts.begin, lambda *_: None)
        attempt.task = asyncio.create_task(runner.run(attempt))
        watching = asyncio.create_task(timeouts.run())
        await attempt.task
    watching.cancel()
    assert isinstance(attempt.ending, Retry | Bury)
    return attempt.ending


@pytest.mark.parametrize("function", [handler, plain, decorated])
async def test_a_traceback_begins_in_the_handler_and_ends_with_the_error(function: Any) -> None:
    lines = (await outcome(function)).traceback.splitlines()
    files = [line for line in lines if line.lstrip().startswith("File ")]
    assert lines[0] == "Traceback (most recent call last):"
    assert all(__file__ in line for line in files), files
    assert files[-1].endswith("in broken")
    assert lines[-1].startswith("ZeroDivisionError: ")


async def test_a_run_that_never_reached_the_handlers_code_has_no_traceback() -> None:
    ending = await outcome(handler, args=b"[1, 2, 3]")
    assert ending.error.startswith("TypeError: handler() takes 1 positional argument")
    assert ending.traceback == ""


async def test_a_timeout_shows_where_the_handler_was() -> None:
    async def waits(_: Context) -> None:
        await asyncio.Event().wait()

    ending = await outcome(waits, timeout_s=0)
    assert isinstance(ending, Bury)
    assert (ending.reason, ending.error) == ("timeout", "still running after 0 s")
    assert "in waits" in ending.traceback


async def test_a_result_that_is_no_json_shows_why() -> None:
    ending = await outcome(lambda _: {1, 2})
    assert isinstance(ending, Bury)
    assert "not JSON serializable" in ending.traceback.splitlines()[-1]
    assert "rrq_ref/job.py" not in ending.traceback


async def test_a_chain_is_shown_whole() -> None:
    async def chains(_: Context) -> None:
        try:
            broken(0)
        except ZeroDivisionError as error:
            raise ValueError("no") from error

    text = (await outcome(chains)).traceback
    assert "ZeroDivisionError" in text
    assert "direct cause" in text
    assert text.endswith("ValueError: no")


def recursive(_: Context, depth: int = 0) -> Any:
    return recursive(_, depth + 1)


async def huge(_: Context) -> None:
    raise ValueError("x" * 1_000_000)


async def many_lines(_: Context) -> None:
    raise ValueError("line\n" * 100_000)


async def group(_: Context) -> None:
    raise ExceptionGroup("many", [ValueError(n) for n in range(5_000)])


async def long_chain(_: Context) -> None:
    try:
        try:
            raise ValueError("x" * 1_900)
        except ValueError as error:
            raise ValueError("y" * 1_900) from error
    except ValueError as error:
        raise ValueError("z" * 1_900) from error


async def surrogate(_: Context) -> None:
    raise OSError("\udcff")


@pytest.mark.parametrize("function", [recursive, huge, many_lines, group, long_chain, surrogate])
async def test_a_traceback_is_bounded_and_valid_text(function: Any) -> None:
    text = (await outcome(function)).traceback
    assert 0 < len(text.encode()) < 4_200
    assert "in " + function.__name__ in text


async def test_the_log_names_the_function_and_shows_the_traceback(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    await run(handler)
    (record,) = [one for one in caplog.records if "failed" in one.getMessage()]
    said = record.getMessage()
    assert re.fullmatch(r"job a, attempt 1, handler failed: ZeroDivisionError: .*", said)
    assert record.levelno == logging.WARNING
    assert record.exc_info is not None
    assert record.exc_info[0] is ZeroDivisionError
    assert str(record.exc_text).splitlines()[-1].startswith("ZeroDivisionError")
    assert "rrq_ref/attempt.py" not in str(record.exc_text)


async def test_a_job_has_the_traceback_that_its_hash_has(
    client: Client, database: Database, redis: Redis
) -> None:
    job = await client.enqueue("send", job_id="a")
    assert job.last_traceback is None
    database.redis.hset(keys.job("a"), "last_traceback", "Traceback …")
    assert (await client.job("a")).last_traceback == "Traceback …"
    assert Job.from_hash("a", {"status": "FAILED"}) is not None


class Raises(Exception):
    def __str__(self) -> str:
        raise SystemExit


@pytest.mark.parametrize("make", [Raises, lambda: ValueError(Raises())])
def test_what_cannot_be_shown_costs_no_more_than_itself(make: Callable[[], BaseException]) -> None:
    error = make()
    assert failures.text(error).startswith(type(error).__name__)
    assert failures.traceback(error, failures.trace(error))
    assert failures.traceback(None, None) == ""
