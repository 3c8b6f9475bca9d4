"""A dead-letter queue with rubbish in it: it is listed, and every good job can leave it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rrq_ref import keys
from rrq_ref.client import Client
from rrq_ref.deadletters import DeadLetters
from rrq_ref.job import JobStatus
from rrq_ref.store import WorkerStore

from .commands import Cli, cli
from .conftest import Leaks
from .database import Database
from .moves import ENDS, end, take_one

__all__ = ["cli"]

DEEP = "[" * 200_000 + "]" * 200_000
#: Too deep for what prints it, but not for what reads it.
SHALLOWER = "[" * 400 + "]" * 400


def bury(database: Database, job_id: str | bytes, **fields: Any) -> None:
    """A dead job, as another program wrote it."""
    raw = job_id if isinstance(job_id, bytes) else job_id.encode()
    basic = {"status": "FAILED", "function_name": "send", "queue_name": "default"}
    database.redis.hset(keys.JOB.encode() + raw, mapping=basic | fields)
    database.redis.expire(keys.JOB.encode() + raw, 600)
    database.redis.lpush(keys.dlq("default"), raw)


@pytest.mark.parametrize("text", [DEEP, SHALLOWER, "{", "1e999", "3", "null"])
@pytest.mark.parametrize("field", ["job_args", "job_kwargs", "result", "error_history"])
async def test_a_job_with_rubbish_inside_is_listed_requeued_and_shown(
    client: Client, store: WorkerStore, database: Database, field: str, text: str
) -> None:
    bury(database, "bad", **{field: text})
    job = await client.job("bad")
    assert (type(job.args), type(job.kwargs), job.error_history) == (list, dict, [])
    pages = [page async for page in DeadLetters(store, "default").pages()]
    assert [entry.id for page in pages for entry in page] == ["bad"]
    assert await store.requeue(job, "default") == "DONE"
    assert (database.dead(), database.queued()) == ([], ["bad"])


@pytest.mark.parametrize("text", [DEEP, SHALLOWER])
def test_one_that_is_nested_too_deep_hides_nobody(cli: Cli, database: Database, text: str) -> None:
    bury(database, "a")
    bury(database, "deep", job_args=text, result=text)
    bury(database, "b")
    shown = cli("job", "deep")
    assert (shown.code, json.loads(shown.out)["id"]) == (0, "deep")
    assert [line.split()[0] for line in cli("dlq", "list").lines] == ["b", "deep", "a"]
    assert cli("dlq", "requeue").code == 0
    assert (database.dead(), sorted(database.queued())) == ([], ["a", "b", "deep"])


@pytest.mark.parametrize(
    ("before", "kept"),
    [
        ("[1e999]", []),
        ("[NaN]", []),
        (DEEP, []),
        ("[" + DEEP[:1_800].replace("[" * 900, "[" * 900 + "]" * 900) + "]", []),
        ('{"error": "x"}', []),
        ("7", []),
        ("[", []),
        ("", []),
        ("\xff", []),
        ('[{"error": "x"}, {"error": 1e999}, 3, null]', ["x"]),
        (json.dumps([{"error": "x" * 200_000}]), []),
        (json.dumps([{"error": f"{n}"} for n in range(99)]), [f"{n}" for n in range(90, 99)]),
    ],
    ids=range(12),
)  # fmt: skip
async def test_the_end_of_this_life_is_kept_whatever_the_history_was(
    client: Client, store: WorkerStore, database: Database, before: str, kept: list[str]
) -> None:
    bury(database, "a", error_history=before, last_error="no", dead_reason="retries")
    assert await store.requeue(await client.job("a"), "default") == "DONE"
    history = (await client.job("a")).error_history
    last = history[-1]
    assert (last["error"], last["reason"], last["retries"]) == ("no", "retries", 0)
    assert [life["error"] for life in history[:-1] if "error" in life] == kept
    assert (database.dead(), database.queued()) == ([], ["a"])


async def test_an_error_of_any_size_and_rubbish_counts_are_kept_as_history(
    client: Client, store: WorkerStore, database: Database
) -> None:
    fields = {"current_retries": "inf", "crashes": "1e99", "last_error": "é" * 1_000_000}
    bury(database, "a", **fields)
    assert await store.requeue(await client.job("a"), "default") == "DONE"
    (life,) = (await client.job("a")).error_history
    assert (life["retries"], life["crashes"], life["error"][:3]) == (0, 0, "ééé")
    assert len(life["error"]) < 10_000


def test_what_is_listed_and_is_no_dead_job_is_named(
    cli: Cli, database: Database, leaks: Leaks
) -> None:
    leaks.allow(keys.job("list"))
    bury(database, "dead", dead_reason="timeout", last_error="slow")
    database.redis.hset(keys.job("live"), mapping={"status": "PENDING"})
    database.redis.zadd(keys.queue("default"), {"live": 0})
    database.redis.hset(keys.job("live"), mapping={"function_name": "f", "queue_name": "default"})
    database.redis.rpush(keys.job("list"), "no hash")
    database.redis.rpush(keys.dlq("default"), "expired", "live", "list", "live")
    with database.untouched():
        done = cli("dlq", "list")
    assert (done.code, done.lines) == (
        0,
        ["dead send timeout slow", "expired - gone ", "live f not-dead ", "list - no-job ",
         "live f not-dead "],
    )  # fmt: skip
    assert cli("dlq", "list", "--reason", "gone").lines == ["expired - gone "]
    with database.untouched():
        assert cli("dlq", "purge", "--dry-run").code == 0
    purged = cli("dlq", "purge")
    assert (purged.code, [line.split()[:2] for line in purged.lines]) == (
        0, [["GONE", "expired"], ["REPEAT", "live"]]
    )  # fmt: skip
    assert (database.dead(), database.queued()) == (["dead", "list"], ["live"])
    assert cli("queue").lines == ["default queued=1 due=1 locked=0 dead=2"]
    assert cli("dlq", "requeue").lines == ["DONE dead send timeout slow"]
    assert cli("dlq", "delete", "--id", "list").lines == ["DONE list - no-job "]
    assert database.dead() == []


def test_ids_that_are_no_utf_8_are_listed_and_requeued(cli: Cli, database: Database) -> None:
    bury(database, b"\xff\xfe", function_name="send")
    assert cli("dlq", "list").lines == ["\\udcff\\udcfe send - "]
    assert cli("dlq", "requeue", "--id", "\udcff\udcfe").code == 0
    assert database.redis.zrange(keys.queue("default"), 0, -1) == [b"\xff\xfe"]
    assert database.dead() == []


FORGED = "x\ny send timeout z\r\x1b[2J\x1b]0;pwned\x07\u2028\u202e\x85 \t"


def test_nothing_in_a_job_forges_a_line_or_commands_the_terminal(
    cli: Cli, database: Database
) -> None:
    forged = {"function_name": FORGED, "dead_reason": FORGED, "last_error": FORGED}
    bury(database, FORGED, **forged)
    for words in (["list"], ["requeue", "--dry-run"], ["requeue"]):
        done = cli("dlq", *words)
        (line,) = done.out.splitlines()
        assert line.isprintable()
        assert len(line.removeprefix("DONE ").split(" ")[:3]) == 3
        assert line.removeprefix("DONE ").split(" ")[0].endswith("\\u202e\\x85\\x20\\t")
    assert database.redis.zscore(keys.queue("default"), FORGED) is not None
    assert cli("dlq", "list", "--queue", FORGED).err.splitlines()[0].isprintable()


def test_large_jobs_are_listed_by_what_is_shown_of_them(cli: Cli, database: Database) -> None:
    """Their arguments stay on the server, and so does an error too long to read."""
    for n in range(60):
        large = json.dumps(["x" * 500_000])
        bury(database, f"{n}", job_args=large, last_error="e" * 500_000, error_history=large)
    before = database.redis.info("stats")["total_net_output_bytes"]
    lines = cli("dlq", "list").lines
    assert database.redis.info("stats")["total_net_output_bytes"] - before < 60_000
    assert lines[0] == "59 send - (500000 bytes)"
    assert cli("dlq", "requeue").code == 0
    assert database.dead() == []


def test_a_long_error_is_cut_where_it_is_shown_and_searched_whole(
    cli: Cli, database: Database
) -> None:
    bury(database, "a", last_error="x" * 5_000 + "needle")
    assert cli("dlq", "list", "--error", "needle").lines == ["a send - " + "x" * 500 + "…"]


async def test_a_job_listed_in_another_queues_list_returns_to_its_own_queue(
    client: Client, store: WorkerStore, database: Database
) -> None:
    bury(database, "a", queue_name="rrq:queue:mail")  # as RRQ 0.11 writes it
    assert await store.requeue(await client.job("a"), "default") == "DONE"
    assert (database.queued("mail"), database.queued(), database.dead()) == (["a"], [], [])
    database.redis.hset(keys.job("a"), "queue_name", "mail")


def test_an_id_that_is_listed_twice_is_requeued_once(cli: Cli, database: Database) -> None:
    bury(database, "a")
    database.redis.lpush(keys.dlq("default"), "b", "a")
    done = cli("dlq", "requeue")
    assert (done.code, done.lines) == (0, ["DONE a send - "])
    assert (database.dead(), database.queued()) == (["b"], ["a"])
    assert cli("dlq", "purge").lines == ["GONE b - gone "]


def test_a_filter_that_matches_nothing_says_what_there_is(cli: Cli, database: Database) -> None:
    bury(database, "a", dead_reason="retries")
    done = cli("dlq", "requeue", "--reason", "retrys")
    assert (done.code, done.out) == (1, "")
    assert done.err.splitlines() == [
        "nothing matches; default has 1 retries",
        "error: no job died of 'retrys'; did you mean retries?",
    ]
    done = cli("dlq", "list", "--reason", "timeout")
    assert (done.code, done.err) == (0, "nothing matches; default has 1 retries\n")
    done = cli("dlq", "list", "--queue", "defualt")
    assert (done.code, done.out) == (1, "")
    assert "no queue is named 'defualt'" in done.err
    assert "did you mean default?" in done.err


def test_a_reason_of_another_release_can_be_asked_for(cli: Cli, database: Database) -> None:
    bury(database, "a", dead_reason="boredom")
    assert [line.split()[0] for line in cli("dlq", "list", "--reason", "boredom").lines] == ["a"]


# Delete and purge


@pytest.mark.parametrize("holder", ["a", "b"])
async def test_a_deleted_job_takes_its_own_unique_key_with_it_and_no_others(
    client: Client, store: WorkerStore, database: Database, holder: str
) -> None:
    await client.enqueue("send", job_id="b", unique_key="u")
    bury(database, "a", job_unique_key="u")
    database.redis.set(keys.unique("u"), holder)
    (page,) = [page async for page in DeadLetters(store, "default").pages()]
    assert await DeadLetters(store, "default").delete(page) == {"a": "DONE"}
    assert (database.job("a"), database.dead()) == ({}, [])
    assert database.redis.get(keys.unique("u")) == (None if holder == "a" else b"b")
    await end(store, ENDS["finish"](await take_one(store)))


async def test_a_delete_that_is_sent_again_changes_nothing(
    store: WorkerStore, database: Database
) -> None:
    bury(database, "a")
    letters = DeadLetters(store, "default")
    (page,) = [page async for page in letters.pages()]
    assert await letters.delete(page) == {"a": "DONE"}
    with database.untouched():
        assert await letters.delete(page) == {"a": "GONE"}


async def test_a_job_that_lives_again_is_not_deleted(
    client: Client, store: WorkerStore, database: Database
) -> None:
    bury(database, "a")
    letters = DeadLetters(store, "default")
    (page,) = [page async for page in letters.pages()]
    await letters.requeue(page)
    with database.untouched():
        assert await letters.delete(page) == {"a": "REPEAT"}
    assert (await client.job("a")).status is JobStatus.PENDING


async def test_a_purge_does_not_touch_a_job_that_has_died_since_the_list_was_read(
    store: WorkerStore, database: Database
) -> None:
    database.redis.lpush(keys.dlq("default"), "a")
    letters = DeadLetters(store, "default")
    (page,) = [page async for page in letters.pages()]
    assert page[0].ghost
    database.redis.delete(keys.dlq("default"))
    bury(database, "a")
    with database.untouched():
        assert await letters.purge(page) == {"a": "DEAD"}


def test_dlq_delete_and_purge_all(cli: Cli, database: Database) -> None:
    for job_id in "abc":
        bury(database, job_id, dead_reason="timeout" if job_id == "b" else "retries")
    done = cli("dlq", "delete", "--reason", "timeout")
    assert (done.code, done.lines) == (0, ["DONE b send timeout "])
    assert (database.dead(), database.job("b")) == (["c", "a"], {})
    database.redis.delete(keys.job("c"))
    assert [line.split()[:2] for line in cli("dlq", "purge", "--all").lines] == [
        ["GONE", "c"], ["DONE", "a"],
    ]  # fmt: skip
    assert database.redis.keys("rrq:*") == []
