"""A dead-letter queue of any length: no call slows down with it, and each id leaves once."""

from __future__ import annotations

from typing import Any

import pytest

from rrq_ref import keys
from rrq_ref.client import Client
from rrq_ref.deadletters import Dead, DeadLetters
from rrq_ref.store import WorkerStore

from .conftest import Leaks
from .database import Database

LONG = 5_000


@pytest.fixture
def dead(database: Database, leaks: Leaks) -> list[str]:
    """The ids of a long list, the newest first."""
    leaks.allow(keys.job("*"), keys.dlq("default"))
    ids = [f"{n:05}" for n in range(LONG)]
    bury(database, *ids)
    return ids


def bury(database: Database, *ids: str) -> None:
    """Put dead jobs before the first entry. The first of them becomes the newest."""
    with database.redis.pipeline(transaction=False) as pipe:
        for job_id in reversed(ids):
            fields = {"status": "FAILED", "function_name": "send", "queue_name": "default"}
            pipe.hset(keys.job(job_id), mapping=fields)
            pipe.lpush(keys.dlq("default"), job_id)
        pipe.execute()


async def entries(letters: DeadLetters) -> list[Dead]:
    return [entry async for page in letters.pages() for entry in page]


async def test_a_long_list_is_read_to_its_end_with_the_place_of_each(
    store: WorkerStore, dead: list[str]
) -> None:
    found = await entries(DeadLetters(store, "default"))
    assert [entry.id for entry in found] == dead
    assert [entry.place for entry in found] == [*range(-LONG, 0)]


@pytest.mark.parametrize("at", [0, 5, 999, 1_000, LONG // 2, LONG - 1_001, LONG - 1_000, LONG - 1])
@pytest.mark.parametrize("known", [True, False])
async def test_one_leaves_from_anywhere_in_a_long_list(
    client: Client, store: WorkerStore, database: Database, dead: list[str], at: int, known: bool
) -> None:
    if known:
        entry = Dead(dead[at], at - LONG, "FAILED", "default")
        assert await DeadLetters(store, "default").requeue([entry]) == {dead[at]: "DONE"}
    else:
        assert await store.requeue(await client.job(dead[at]), "default") == "DONE"
    left = database.dead()
    assert (database.queued(), sorted(left)) == ([dead[at]], sorted({*dead} - {dead[at]}))
    if at in range(1_000) or at in range(LONG - 1_000, LONG):  # the order is kept at both ends
        assert left == [job_id for job_id in dead if job_id != dead[at]]
    else:  # the oldest one has moved into the gap
        assert left == [*dead[:at], dead[-1], *dead[at + 1 : -1]]


@pytest.mark.parametrize("off", [-100, -7, 7, 100])
async def test_a_place_that_has_moved_a_little_is_found(
    store: WorkerStore, database: Database, dead: list[str], off: int
) -> None:
    """Expired entries have left the old end since the list was read."""
    at = LONG // 2
    entry = Dead(dead[at], at - LONG + off, "FAILED", "default")
    calls = Counted(store)
    assert await DeadLetters(store, "default").requeue([entry]) == {dead[at]: "DONE"}
    assert (calls.n, database.queued()) == (1, [dead[at]])


class Counted:
    """Counts the calls of a store, and does something before each."""

    def __init__(self, store: Any, before: Any = lambda: None) -> None:
        self.n = 0
        run = store.run

        async def counted(*words: Any, **options: Any) -> Any:
            self.n += 1
            before()
            return await run(*words, **options)

        store.run = counted


async def test_a_place_that_is_wrong_altogether_is_looked_for(
    store: WorkerStore, database: Database, dead: list[str]
) -> None:
    entry = Dead(dead[3_500], -3_500, "FAILED", "default")
    assert await DeadLetters(store, "default").requeue([entry]) == {dead[3_500]: "DONE"}
    assert database.queued() == [dead[3_500]]


async def test_a_dead_job_that_is_not_in_a_long_list_is_not_touched(
    client: Client, store: WorkerStore, database: Database, dead: list[str]
) -> None:
    database.redis.hset(keys.job("other"), mapping={"status": "FAILED", "queue_name": "default"})
    with database.untouched():
        assert await store.requeue(await client.job("other"), "default") == "MOVED"


@pytest.mark.parametrize("act", ["requeue", "delete"])
@pytest.mark.parametrize("which", [slice(None), slice(0, None, 2), slice(2_000, 3_000)])
async def test_many_leave_while_others_die(
    store: WorkerStore, database: Database, dead: list[str], act: str, which: slice
) -> None:
    """Pushes move every place that is counted from the newest entry."""
    letters = DeadLetters(store, "default")
    wanted = [entry for entry in await entries(letters) if entry.id in {*dead[which]}]
    new = [f"new-{n:04}" for n in range(9_000)]
    calls = Counted(store, lambda: bury(database, *(new.pop() for _ in range(30))))
    answers = await getattr(letters, act)(wanted)
    assert answers == dict.fromkeys(dead[which], "DONE")
    assert calls.n == -(-len(wanted) // 50)  # nobody had to be looked for
    left = [job_id for job_id in database.dead() if not job_id.startswith("new")]
    assert sorted(left) == sorted({*dead} - {*dead[which]})
    assert database.redis.llen(keys.dlq("default")) == len(left) + 30 * calls.n
    assert sorted(database.queued()) == (sorted(dead[which]) if act == "requeue" else [])


async def test_two_operators_at_once_leave_nothing_twice_and_nothing_behind(
    store: WorkerStore, rival: WorkerStore, database: Database, dead: list[str]
) -> None:
    mine, theirs = DeadLetters(store, "default"), DeadLetters(rival, "default")
    listed = await entries(mine)
    odd, even = listed[1::2], listed[::2]
    for n in range(0, len(odd), 500):  # each moves entries under the other's feet
        first = await mine.requeue(odd[n : n + 500])
        second = await theirs.requeue(even[n : n + 500])
        assert {*first.values(), *second.values()} == {"DONE"}
    assert (database.dead(), sorted(database.queued())) == ([], dead)


async def test_an_id_that_is_listed_twice_leaves_at_both_places(
    store: WorkerStore, database: Database, dead: list[str]
) -> None:
    database.redis.lset(keys.dlq("default"), 3_000, dead[2_000])
    letters = DeadLetters(store, "default")
    twice = [entry for entry in await entries(letters) if entry.id == dead[2_000]]
    assert [entry.place for entry in twice] == [2_000 - LONG, 3_000 - LONG]
    assert await letters.requeue(twice) == {dead[2_000]: "DONE"}
    assert (dead[2_000] in database.dead(), database.queued()) == (False, [dead[2_000]])


@pytest.mark.slow
async def test_no_call_takes_longer_for_a_long_list(
    store: WorkerStore, database: Database, leaks: Leaks
) -> None:
    """Compares, in one run, a removal anywhere in 100,000 entries with LREM at the same place."""
    leaks.allow(keys.job("*"), keys.dlq("default"))
    bury(database, *(f"{n:06}" for n in range(100_000)))
    letters, redis = DeadLetters(store, "default"), database.redis

    async def cost_us(command: bytes, act: Any) -> float:
        redis.config_set("slowlog-log-slower-than", 0)
        redis.execute_command("SLOWLOG", "RESET")
        for n in range(20):
            await act(n)
        took = redis.slowlog_get(500)
        # The least: what else this machine does meanwhile only adds to it.
        return float(min(one["duration"] for one in took if one["command"].startswith(command)))

    async def scan(n: int) -> None:
        redis.lrem(keys.dlq("default"), 0, f"nobody-{n}")

    async def remove(at: int) -> None:
        length = redis.llen(keys.dlq("default"))
        job_id = redis.lindex(keys.dlq("default"), at).decode()
        place = at - length if at >= 0 else at
        answers = await letters.requeue([Dead(job_id, place, "FAILED", "default")])
        assert answers == {job_id: "DONE"}

    try:
        redis.config_set("slowlog-max-len", 500)
        whole = await cost_us(b"LREM", scan)
        for start in (0, 50_000, -20):
            assert await cost_us(b"EVALSHA", lambda n, start=start: remove(start + n)) < whole / 4
        pages = letters.pages()
        assert await cost_us(b"EVALSHA", lambda _: anext(pages)) < whole
    finally:
        redis.config_set("slowlog-log-slower-than", 10_000)
        redis.flushall()
