"""The options of a connection, and secrets in what a server says about it."""

from __future__ import annotations

import asyncio
import socket
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest
import redis as plain_redis
from redis.asyncio import Redis

from rrq_ref import Client, NewJob, Settings, SyncClient, Worker, connect
from rrq_ref.connection import connect_plain
from rrq_ref.errors import StoreError

from .database import Database
from .running import PATIENCE_S

# Options


OURS = [
    "decode_responses=True", "decode_responses=yes&protocol=3", "encoding=utf-16",
    "encoding=ascii", "encoding_errors=strict", "legacy_responses=False",
    "legacy_responses=False&protocol=2", "max_connections=1", "timeout=0",
    "socket_timeout=0.000001",
    "socket_connect_timeout=0.000001", "retry_on_timeout=True", "retry_on_error=TimeoutError",
]  # fmt: skip
THEIRS = [
    "protocol=2", "protocol=3", "client_name=me", "health_check_interval=1", "db=0",
    "socket_keepalive=True", "socket_read_size=4096", "username=default",
]  # fmt: skip


@pytest.mark.parametrize("option", [*OURS, *THEIRS])
async def test_no_option_of_the_url_keeps_jobs_from_their_end(
    settings: Settings, database: Database, option: str
) -> None:
    if option == "username=default":
        option += "&password=any"  # which the default user accepts
    settings = replace(settings, redis_url=f"{settings.redis_url}?{option}")
    with SyncClient(settings) as plain:
        plain.enqueue("echo", "é", job_id="a")
        plain.enqueue_many([NewJob(function="echo", args=["é"], job_id="ö")])
    async with Client(settings) as client:
        await client.enqueue("echo", {"x": [None]}, job_id="b")
        redis: Any = connect(settings)
        assert redis.get_encoder().encoding_errors == "surrogateescape"

        async def echo(context: Any, value: Any) -> Any:
            return value

        worker = Worker(redis, {"echo": echo}, settings, worker_id="w", burst=True)
        async with asyncio.timeout(PATIENCE_S):
            await worker.run()
        await redis.aclose(close_connection_pool=True)
        assert [(await client.job(i)).result for i in "aöb"] == ["é", "é", {"x": [None]}]
    with SyncClient(settings) as plain:
        assert plain.job("a").result == "é"
        assert plain.queues() == {}


def test_a_client_name_is_the_users(settings: Settings, database: Database) -> None:
    settings = replace(settings, redis_url=f"{settings.redis_url}?client_name=me")
    with SyncClient(settings) as plain:
        plain.enqueue("send")
        assert "me" in {client["name"] for client in database.redis.client_list()}


@pytest.mark.filterwarnings("ignore:.*lib_name:DeprecationWarning")  # of redis-py 8
@pytest.mark.parametrize(("option", "name"), [("", "redis-py"), ("?lib_name=mine", "mine")])
def test_the_server_is_told_which_library_it_is(settings: Settings, option: str, name: str) -> None:
    redis = connect_plain(replace(settings, redis_url=f"{settings.redis_url}{option}"))
    library = redis.client_info().get("lib-name")
    redis.close()
    assert library in (name, None)  # Redis 6.2 is not told


def test_clients_of_redis_py_with_which_no_job_could_be_read_are_refused(url: str) -> None:
    text = "decode_responses=True; give one that answers in bytes"
    asynchronous, plain = Redis.from_url, plain_redis.Redis.from_url
    cases: list[tuple[Callable[[], object], str]] = [
        (lambda: Client(redis=asynchronous(url, decode_responses=True)), text),
        (lambda: SyncClient(redis=plain(url, decode_responses=True)), text),
        (
            lambda: Worker(asynchronous(f"{url}?decode_responses=1"), {}, Settings(), worker_id=""),
            text,
        ),
        (lambda: Client(redis=plain(url)), "give a redis.asyncio.Redis"),  # type: ignore[arg-type]
        (lambda: SyncClient(redis=asynchronous(url)), "give a redis.Redis"),  # type: ignore[arg-type]
    ]
    for make, says in cases:
        with pytest.raises(ValueError, match=says) as caught:
            make()
        assert "\n" not in str(caught.value)


# Secrets


@contextmanager
def parrot() -> Iterator[str]:
    """The address of a server that knows no command, and says so as Redis does: it repeats it."""

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with connection:
                    while said := connection.recv(4096):
                        text = said.replace(b"\r\n", b" ").decode()
                        connection.sendall(f"-ERR unknown command, with args: {text}\r\n".encode())

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(PATIENCE_S)


@pytest.mark.parametrize("protocol", [2, 3])
@pytest.mark.parametrize("form", ["{0}", "%70%61ss-w@rd", "?password={0}"])
async def test_what_a_server_repeats_shows_no_password(protocol: int, form: str) -> None:
    secret = "pass-w@rd"
    with parrot() as address:
        url = f"redis://ada:{form.format(secret)}@{address}/?protocol={protocol}"
        if form.startswith("?"):
            url = f"redis://{address}/{form.format(secret)}&username=ada&protocol={protocol}"
        settings = Settings(redis_url=url, poll_min_ms=1, poll_max_ms=1)
        said = []
        async with Client(settings) as client:
            with pytest.raises(StoreError) as caught:
                await client.enqueue("send")
            said.append(caught.value)
            assert "pass" not in repr(client.store.redis)
        with SyncClient(settings) as plain:
            with pytest.raises(StoreError) as caught:
                plain.enqueue("send")
            said.append(caught.value)
        assert "pass" not in repr(connect_plain(settings))
    for error in said:
        text = "".join(traceback.format_exception(error))
        assert "unknown command" in str(error)
        assert "***" in text
        assert secret not in text
