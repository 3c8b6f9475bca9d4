"""A user who lacks a right: a call is refused whole, nothing is lost, and it works once allowed.

Every script is run with each of its commands, and each kind of key, denied in turn.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

import pytest
from redis import Redis as PlainRedis
from redis.asyncio import Redis

import rrq_ref
from rrq_ref import keys, scripts
from rrq_ref.attempt import Context
from rrq_ref.client import Client
from rrq_ref.connection import connect
from rrq_ref.deadletters import Dead, DeadLetters
from rrq_ref.errors import StoreRefused
from rrq_ref.job import NewJob
from rrq_ref.settings import Settings
from rrq_ref.store import WorkerStore
from rrq_ref.transitions import Acquit, Bury, Finish, Lease, Release, Retry
from rrq_ref.waiting import look

from .conftest import Leaks
from .database import Database
from .moves import take_one
from .running import running, until

LUA = files(rrq_ref) / "lua"
pytestmark = [pytest.mark.slow, pytest.mark.server]
USER, READ_ONLY = "limited", " (read only)"
PATTERNS = {
    "job": keys.job("*"), "queue": keys.queue("*"), "locks": keys.locks("*"),
    "dlq": keys.dlq("*"), "wake": keys.wake("*"), "unique": keys.unique("*"),
    "claim": keys.claim("*"),
    "events": keys.events("*"), "effects": "app:*",
}  # fmt: skip
EFFECTS = '[["RPUSH","app:done","a"],["INCR","app:count"]]'


def commands(text: str) -> list[str]:
    """The commands that a script's text sends, and those that its effects send here."""
    code = re.sub(r"--.*", "", text)
    found = {word.lower() for word in re.findall(r"redis\.p?call\('([A-Z]+)'", code)}
    return sorted(found | ({"rpush", "incr"} if "effects" in code else set()))


@dataclass(frozen=True, slots=True)
class Users:
    """A user whose rights a test gives and takes, and an unlimited one."""

    admin: Any
    limited: WorkerStore
    producer: Client
    store: WorkerStore
    rival: WorkerStore
    client: Client

    def grant(self, *rules: str) -> None:
        everything = ["on", ">secret", "~*", "+@all"]
        self.admin.execute_command("ACL", "SETUSER", USER, "reset", *everything)
        if rules:
            self.admin.execute_command("ACL", "SETUSER", USER, *rules)


@pytest.fixture
def users(
    runner: Any, url: str, settings: Settings, redis: Redis, admin: PlainRedis, leaks: Leaks
) -> Iterator[Users]:
    leaks.allow("app:*")
    parts = urlsplit(url)
    address = parts.netloc.rpartition("@")[2]
    mine = replace(settings, redis_url=f"redis://{USER}:secret@{address}{parts.path}")
    tight = replace(mine, max_crashes=2)
    server: Any = admin
    server.execute_command("ACL", "SETUSER", USER, "on", ">secret", "~*", "+@all")
    theirs: Any = connect(mine)
    yield Users(
        server,
        WorkerStore(theirs, tight, "worker-1"),
        Client(mine, redis=theirs),
        WorkerStore(redis, replace(settings, max_crashes=2), "worker-1"),
        WorkerStore(redis, replace(settings, max_crashes=2), "worker-2"),
        Client(settings, redis=redis),
    )
    runner.run(theirs.aclose(close_connection_pool=True))
    server.execute_command("ACL", "DELUSER", USER)


# What each script is given to do: (script, what was there before, what the limited user does)

Step = Callable[[Users, Database], Awaitable[Any]]


async def _ended(users: Users, database: Database) -> None:
    """The unique key is still there, and its job has ended."""
    await users.client.enqueue("send", job_id="old")
    await users.store.settle([Finish((await take_one(users.store)), "1")])
    database.redis.set(keys.unique("u"), "old")


async def _held(users: Users, database: Database) -> None:
    """`a`, unique, and `b` are held by the limited user."""
    await users.client.enqueue("send", job_id="a", unique_key="u", max_retries=2)
    await users.client.enqueue("send", job_id="b", max_retries=1)
    await users.store.lock_and_pop(2)
    database.redis.rpush(keys.dlq("default"), "expired")


async def _a_mess(users: Users, database: Database) -> None:
    """Due jobs, ghosts, rubbish, and the locks of a dead worker."""
    for job_id in ("lost", "poison", "lived"):
        await users.client.enqueue("send", job_id=job_id, unique_key=job_id)
    await users.rival.lock_and_pop(3)
    for job_id in ("lost", "poison", "lived"):
        database.expire_lock(job_id)
    await users.rival.settle([Acquit(Lease(0, "lived", 1))])
    database.redis.hset(keys.job("poison"), mapping={"crashes": 1, "charged": ",0,"})
    await users.client.enqueue("send", job_id="due")
    database.redis.zadd(keys.queue("default"), {"ghost": 1, "rubbish": 1, "active": 2})
    database.redis.set(keys.job("rubbish"), "no hash")
    database.redis.hset(keys.job("active"), "status", "ACTIVE")
    database.redis.rpush(keys.dlq("default"), "expired")


async def _claimed_without_an_answer(users: Users, database: Database) -> None:
    await _a_mess(users, database)
    await users.limited.lock_and_pop(9)
    users.limited.unanswered_claim = True


async def _buried(users: Users, database: Database) -> None:
    """`a` is dead as poison, and its worker lives."""
    await users.client.enqueue("send", job_id="a", unique_key="u")
    for store in (users.store, users.rival):
        await take_one(store)
        database.expire_lock("a")
    await WorkerStore(users.rival.redis, users.rival.settings, "worker-3").lock_and_pop(0)


async def _taken_back(users: Users, database: Database) -> None:
    await _held(users, database)
    database.expire_lock("a")
    await users.rival.lock_and_pop(0)


async def _enqueue(users: Users, _: Database) -> None:
    new = [
        NewJob(function="send", job_id="a", unique_key="u"),
        NewJob(function="send", job_id="b", unique_key="v"),
    ]
    await users.producer.store.enqueue([one.ready(users.producer.settings) for one in new])


def _settle(*outcomes: Any) -> Step:
    async def settle(users: Users, _: Database) -> None:
        await users.limited.settle(outcomes)

    return settle


async def _claim(users: Users, _: Database) -> None:
    await users.limited.lock_and_pop(9)


async def _refresh(users: Users, _: Database) -> None:
    await users.limited.refresh_locks([Lease(0, "a", 1), Lease(0, "b", 1)])


async def _delete(users: Users, _: Database) -> None:
    entries = [Dead("a", 0, "FAILED", "default", "send")]
    await DeadLetters(users.producer.store, "default").delete(entries)


async def _cancel(users: Users, _: Database) -> None:
    await users.producer.cancel("a")


async def _await(users: Users, _: Database) -> None:
    await look(users.producer.store, "a")


async def _queued(users: Users, database: Database) -> None:
    await users.client.enqueue("send", job_id="a", unique_key="u")
    await look(users.client.store, "a")


async def _asked_to_stop(users: Users, database: Database) -> None:
    await _held(users, database)
    await users.client.cancel("a")


async def _all_awaited(users: Users, database: Database) -> None:
    await _held(users, database)
    for job_id in "ab":
        await look(users.client.store, job_id)


async def _all_asked(users: Users, database: Database) -> None:
    await _all_awaited(users, database)
    for job_id in "ab":
        await users.client.cancel(job_id)


async def _all_asked_and_lost(users: Users, database: Database) -> None:
    await _all_asked(users, database)
    for job_id in "ab":
        database.expire_lock(job_id)


async def _asked_without_an_answer(users: Users, database: Database) -> None:
    await _queued(users, database)
    await take_one(users.limited)
    users.limited.unanswered_claim = True
    await users.client.cancel("a")


async def _claim_nothing(users: Users, _: Database) -> None:
    await users.limited.lock_and_pop(0)


async def _list(users: Users, _: Database) -> None:
    async for page in DeadLetters(users.producer.store, "default").pages():
        del page


async def _requeue(users: Users, _: Database) -> None:
    job = await users.client.job("a")
    await users.producer.store.requeue(job, "default")


A, B = Lease(0, "a", 1), Lease(0, "b", 1)
STORIES: dict[str, tuple[scripts.Script, Step, Step]] = {
    "enqueue": (scripts.ENQUEUE, _ended, _enqueue),
    "claim": (scripts.LOCK_AND_POP, _a_mess, _claim),
    "claim again": (scripts.LOCK_AND_POP, _claimed_without_an_answer, _claim),
    "refresh": (scripts.REFRESH_LOCKS, _held, _refresh),
    "refresh under a claim": (scripts.REFRESH_LOCKS, _claimed_without_an_answer, _refresh),
    "finish": (scripts.FINISH, _held, _settle(Finish(A, "1", EFFECTS), Finish(B, "2"))),
    "retry": (scripts.RETRY, _held, _settle(Retry(A, "no", 5, "line 7"))),
    "retry for the last time": (scripts.RETRY, _held, _settle(Retry(B, "no", 5, "line 7"))),
    "release": (scripts.RELEASE, _held, _settle(Release(A))),
    "bury": (scripts.BURY, _held, _settle(Bury(A, "timeout", "slow"))),
    "acquit in advance": (scripts.ACQUIT, _held, _settle(Acquit(A))),
    "acquit": (scripts.ACQUIT, _taken_back, _settle(Acquit(A))),
    "acquit the dead": (scripts.ACQUIT, _buried, _settle(Acquit(A))),
    "requeue": (scripts.REQUEUE_DLQ, _buried, _requeue),
    "delete": (scripts.DELETE_DLQ, _buried, _delete),
    "cancel": (scripts.CANCEL, _queued, _cancel),
    "ask to stop": (scripts.CANCEL, _held, _cancel),
    "stopped": (scripts.RELEASE, _asked_to_stop, _settle(Release(A))),
    "await": (scripts.AWAIT, _held, _await),
    "finish the awaited": (scripts.FINISH, _all_awaited, _settle(Finish(A, "1", EFFECTS))),
    "bury the awaited": (scripts.BURY, _all_awaited, _settle(Bury(A, "timeout", "slow"))),
    "stopped at last": (scripts.RETRY, _all_asked, _settle(Retry(B, "no", 5))),
    "take back what was to stop": (scripts.LOCK_AND_POP, _all_asked_and_lost, _claim_nothing),
    "hand back what was to stop": (scripts.LOCK_AND_POP, _asked_without_an_answer, _claim_nothing),
    "list": (scripts.LIST_DLQ, _buried, _list),
}
#: Sent only to undo, or for a list longer than those of these stories.
SELDOM = {"lpos", "lrange", "lset"}
UNDO = {"enqueue": {"del", "zrem"}}
DENIALS = [
    (story, what)
    for story, (script, _, _) in STORIES.items()
    for what in [f"-{word}" for word in commands(script.text)]
    + [*PATTERNS]
    + [kind + READ_ONLY for kind in PATTERNS]
]


def _old(users: Users) -> bool:
    """True for a server before Redis 7, where a script cannot ask for rights."""
    return bool(users.admin.info("server")["redis_version"].startswith("6."))


def _rules(what: str) -> list[str]:
    if what.startswith("-"):
        return [what]
    denied = what.removesuffix(READ_ONLY)
    rules = [f"~{pattern}" for kind, pattern in PATTERNS.items() if kind != denied]
    readable = [f"%R~{PATTERNS[denied]}"] if what.endswith(READ_ONLY) else []
    return ["resetkeys", *rules, *readable]


def _picture(database: Database) -> Any:
    """Everything in the database but times, and keys that are kept only for a while."""
    return {
        name: (
            stored.kind,
            re.sub(r"\d{13}(\.\d+)?|\d{4}-\d\d-\d\dT[0-9:.]+Z", "T", f"{stored.value}"),
        )
        for name, stored in database.dump().items()
        if not name.startswith((keys.wake(""), keys.claim(""), keys.events("")))
    }


async def _done(users: Users, database: Database, story: str) -> Any:
    """The picture that a story leaves if nothing is denied."""
    _, before, act = STORIES[story]
    await before(users, database)
    await act(users, database)
    await act(users, database)
    picture = _picture(database)
    database.redis.flushdb()
    users.limited.unanswered_claim = False
    return picture


@pytest.mark.parametrize(("story", "what"), DENIALS)
async def test_what_is_denied_for_a_while_is_done_as_a_whole_afterwards(
    users: Users, database: Database, leaks: Leaks, story: str, what: str
) -> None:
    leaks.allow("*")  # the stories' own rubbish
    old = _old(users)
    if old and what.endswith(READ_ONLY):
        pytest.skip("Redis 6.2 has no keys that may only be read")
    if old and STORIES[story][0] is scripts.FINISH and what == "-incr":
        pytest.skip("Redis 6.2 cannot be asked for a right before it is used")
    expected = await _done(users, database, story)
    _, before, act = STORIES[story]
    await before(users, database)
    users.grant(*_rules(what))
    with suppress(StoreRefused):
        await act(users, database)
    users.grant()
    await act(users, database)
    await act(users, database)  # a claim that is sent again takes nothing new
    assert _picture(database) == expected


async def test_the_stories_need_all_commands(
    users: Users, database: Database, leaks: Leaks
) -> None:
    """Otherwise no denial above would be noticed. No script needs all parts of its includes."""
    leaks.allow("*")
    old = _old(users)
    missed: dict[str, set[str]] = {script.name: set() for script in scripts.ALL}
    for script, before, act in STORIES.values():
        for word in commands(script.text):
            await before(users, database)
            users.grant(f"-{word}")
            try:
                await act(users, database)
            except StoreRefused:
                missed[script.name].add(word)
            users.grant()
            database.redis.flushdb()
            users.limited.unanswered_claim = False
    for script in scripts.ALL:
        own = {*commands((LUA / f"{script.name}.lua").read_text("utf-8"))}
        own -= {"incr"} if old else set()
        assert own - missed[script.name] - UNDO.get(script.name, set()) <= SELDOM
    everything = {word for script in scripts.ALL for word in commands(script.text)}
    unseen = {"incr"} if old else set()
    assert everything - set().union(*missed.values()) - unseen <= SELDOM


# A whole worker

EVERYTHING = sorted({word for script in scripts.ALL for word in commands(script.text)} - {"incr"})


async def _serve(context: Context, what: str) -> str:
    if what == "fails":
        raise ValueError("no")
    context.effect("RPUSH", "app:done", context.job_id)
    return "done"


@pytest.mark.parametrize("word", [*EVERYTHING, "evalsha", "script", "blpop", "set"])
async def test_a_worker_without_a_right_for_a_while_loses_nothing_and_blames_nobody(
    users: Users, settings: Settings, database: Database, word: str
) -> None:
    """It lacks the right for more than twice the life of a lock, and gets it back amid the jobs."""
    settings = replace(settings, redis_url=users.producer.settings.redis_url, lock_ttl_ms=300)
    wanted = {"good": "COMPLETED", "fails": "FAILED", "unknown": "FAILED", "unique": "COMPLETED"}
    for name in wanted:
        function = "unknown" if name == "unknown" else "serve"
        unique = name if name == "unique" else None
        await users.client.enqueue(function, name, job_id=name, unique_key=unique, max_retries=1)
    users.grant(f"-{word}")
    redis = connect(settings)
    async with running(redis, settings, {"serve": _serve}):
        await asyncio.sleep(0.7)
        users.grant()
        await until(lambda: {name: database.job(name)["status"] for name in wanted} == wanted)
        await until(lambda: database.locked() == [])
    await redis.aclose()
    assert all(database.job(name).get("crashes", "0") == "0" for name in wanted)
    assert sorted(database.dead()) == ["fails", "unknown"]
    done = [name.decode() for name in database.redis.lrange("app:done", 0, -1)]
    assert sorted(done) == ["good", "unique"]
    assert database.redis.exists(keys.unique("unique")) == 0


async def test_jobs_that_are_stored_in_one_step_are_refused_as_a_whole(
    users: Users, database: Database
) -> None:
    """The last write of the step, the hash, is refused, and what was written before is undone."""
    new = [NewJob(function="send", job_id=one, unique_key=one) for one in "abc"]
    users.grant("-hset")
    with pytest.raises(StoreRefused):
        await users.producer.enqueue_many(new)
    assert _picture(database) == {}
    users.grant()
    assert await users.producer.enqueue_many(new) == [*"abc"]
    assert database.queued() == [*"abc"]
