"""The user of docs/deployment.md can do everything, and has no right that nothing needs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from redis import Redis as PlainRedis

import rrq_ref
from rrq_ref import scripts
from rrq_ref.attempt import Context
from rrq_ref.client import Client
from rrq_ref.connection import connect
from rrq_ref.deadletters import DeadLetters
from rrq_ref.settings import Settings

from .conftest import Leaks
from .database import Database
from .running import Gate, running, until

PAGE = Path(__file__).parents[2] / "docs" / "deployment.md"
pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="docs/ is not installed")
#: Of redis-py's own, when it connects; and of settings that ask for durability.
CONNECTING = {"ping", "select", "client|setinfo", "script|load", "wait"}


def _user() -> list[str]:
    (rules,) = re.findall(r"^ACL SETUSER (.*?)^```", PAGE.read_text("utf-8"), re.M | re.S)
    return str(rules).split()


@pytest.fixture
def limited(url: str, settings: Settings, admin: PlainRedis) -> Iterator[Settings]:
    server: Any = admin
    name, *rules = _user()
    release = tuple(map(int, server.info("server")["redis_version"].split(".")[:2]))
    if release < (7, 2):
        rules.remove("+client|setinfo")
    server.execute_command("ACL", "SETUSER", name, "reset", *rules)
    server.execute_command("ACL", "SETUSER", name, "~app:*", "+rpush")
    server.execute_command("ACL", "LOG", "RESET")
    parts = urlsplit(url)
    address = parts.netloc.rpartition("@")[2]
    yield replace(settings, redis_url=f"redis://{name}:secret@{address}{parts.path}")
    server.execute_command("ACL", "DELUSER", name)


async def serve(context: Context, what: str) -> str:
    if what == "fails":
        raise ValueError("no")
    context.effect("RPUSH", "app:done", context.job_id)
    return "done"


async def test_the_least_rights_are_enough(
    limited: Settings, database: Database, leaks: Leaks
) -> None:
    leaks.allow("app:*", "rrq:events:*")
    redis, gate = connect(limited), Gate()
    limited = replace(limited, retry_base_s=0.0)
    client = Client(limited, redis=redis)
    await client.enqueue("serve", "good", job_id="good", unique_key="u")
    await client.enqueue("serve", "fails", job_id="fails", max_retries=2, unique_key="v")
    await client.enqueue("unknown", job_id="unknown")
    await client.enqueue("hold", job_id="held")
    await client.enqueue("serve", job_id="never", queue="other")
    async with running(redis, limited, {"serve": serve, "hold": gate.handler}):
        assert (await client.wait("good", 20)).result == "done"
        await until(lambda: sorted(database.dead()) == ["fails", "unknown"])
        dead = DeadLetters(client.store, "default")
        entries = [entry async for page in dead.pages() for entry in page]
        await dead.requeue([entry for entry in entries if entry.id == "fails"])
        await until(lambda: sorted(database.dead()) == ["fails", "unknown"])
        await dead.delete([entry async for page in dead.pages() for entry in page])
        await client.cancel("never")
        await until(lambda: gate.began == ["held"])
        assert (await client.queues())["default"]["locked"] == 1
        await client.store.workers()
    assert (await client.job("held")).status == "PENDING"  # handed back by the drain
    await client.cancel("held")
    await redis.aclose()
    denied = [entry["object"] for entry in database.redis.acl_log()]
    assert [what for what in denied if not what.startswith("client")] == []


def test_the_rights_are_those_that_the_code_needs() -> None:
    given = {rule[1:] for rule in _user() if rule[0] == "+"}
    scripted = {word for one in scripts.ALL for word in _words(r"call\('([A-Z]+)'", one.text)}
    sent = set(scripted)
    for file in files(rrq_ref).iterdir():
        if file.name.endswith(".py"):
            sent |= _words(r'\("([A-Z]+)"[,)]', file.read_text("utf-8"))
    assert given - CONNECTING <= sent
    assert CONNECTING | scripted <= given


def _words(pattern: str, text: str) -> set[str]:
    return {word.lower() for word in re.findall(pattern, text)}
