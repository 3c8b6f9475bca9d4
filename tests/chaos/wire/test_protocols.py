"""All of Redis' protocols pass unchanged, and faults land in their midst."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from chaos.faults import ERRORS, Side, command, data_command
from chaos.wire import RespError
from tests.chaos.wire.conftest import TIMEOUT_S, Bench, eventually

SCRIPT = "redis.call('INCRBY', KEYS[1], ARGV[1]) return {KEYS[1], ARGV[1]}"


@pytest.fixture(params=[2, 3], ids=["RESP2", "RESP3"])
def client(bench: Bench, request: pytest.FixtureRequest) -> Iterator[redis.Redis]:
    """A client behind the proxy, on one connection, that tries once."""
    made = bench.client(
        protocol=request.param,
        single_connection_client=True,
        retry=Retry(NoBackoff(), 0),
        socket_timeout=TIMEOUT_S,
    )
    with made:
        yield made


@contextmanager
def beside(work: Callable[[], object]) -> Iterator[list[object]]:
    """Do something in a thread while the block runs. Its result or exception goes into the list."""
    results: list[object] = []

    def run() -> None:
        try:
            results.append(work())
        except Exception as problem:  # noqa: BLE001 - the test looks at it
            results.append(problem)

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield results
    finally:
        thread.join(TIMEOUT_S)
        assert not thread.is_alive()


def argvs(bench: Bench, word: bytes) -> list[list[bytes]]:
    return [x.argv for x in bench.exchanges if x.argv[0].upper() == word]


def test_every_kind_of_reply_passes(bench: Bench, client: redis.Redis) -> None:
    binary = bytes(range(256)) * 1000
    with bench.server.client() as plain:
        plain.mset({"n": 1, "binary": binary})
        plain.hset("hash", mapping={"a": "1", "b": ""})
        plain.sadd("set", "x", "y")
        plain.zadd("zset", {"m": 1.5})
    assert client.get("binary") == binary
    assert client.get("missing") is None
    assert client.hgetall("hash") == {b"a": b"1", b"b": b""}
    assert client.smembers("set") == {b"x", b"y"}
    assert client.zscore("zset", "m") == 1.5
    assert client.set("key", "value") is True
    assert client.echo("") == b""
    with pytest.raises(redis.ResponseError, match="not an integer"):
        client.incr("binary")
    assert isinstance(bench.exchanges[-1].reply, RespError)


def test_a_pipeline_is_seen_command_by_command_and_answered_in_order(
    bench: Bench, client: redis.Redis
) -> None:
    with client.pipeline(transaction=False) as pipe:
        for _ in range(500):
            pipe.incr("n")
        assert pipe.execute() == list(range(1, 501))
    assert [x.reply for x in bench.exchanges if x.argv[0] == b"INCRBY"] == list(range(1, 501))


def test_a_transaction_is_answered_as_one(bench: Bench, client: redis.Redis) -> None:
    with client.pipeline(transaction=True) as pipe:
        pipe.incr("n")
        pipe.incr("n")
        assert pipe.execute() == [1, 2]
    assert [x.reply for x in bench.exchanges][-4:] == [b"OK", b"QUEUED", b"QUEUED", [1, 2]]


@pytest.mark.parametrize(
    ("side", "action", "ran"),
    [("before-send", "reset", 2), ("before-reply", "reset", 5), ("before-reply", "lost-reply", 5)],
)
def test_a_pipeline_is_cut_at_the_planned_command(
    bench: Bench, client: redis.Redis, side: Side, action: Any, ran: int
) -> None:
    bench.fault(action, side, process="client", nth=3)
    with client.pipeline(transaction=False) as pipe:
        for _ in range(5):
            pipe.incr("n")
        with pytest.raises(redis.ConnectionError):
            pipe.execute()
    assert bench.proxy.quiet("client", TIMEOUT_S)
    # Before-send holds back what comes behind; before-reply, the server has all of it already.
    assert bench.counted == ran


def test_an_error_in_a_pipeline_keeps_the_order(bench: Bench, client: redis.Redis) -> None:
    bench.fault("error", "before-send", process="client", nth=2, error=ERRORS["OOM"])
    bench.fault("error", "before-reply", process="client", nth=4, error=ERRORS["BUSY"], id="g")
    with client.pipeline(transaction=False) as pipe:
        for _ in range(5):
            pipe.incr("n")
        answers = pipe.execute(raise_on_error=False)
    assert [answers[0], answers[2], answers[4]] == [1, 2, 4]
    assert [str(answers[1])[:24], str(answers[3])[:13]] == [
        "command not allowed when",
        "BUSY Redis is",
    ]


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("LOADING", redis.exceptions.BusyLoadingError),
        ("READONLY", redis.exceptions.ReadOnlyError),
        ("OOM", redis.exceptions.OutOfMemoryError),
        ("NOSCRIPT", redis.exceptions.NoScriptError),
        ("MASTERDOWN", redis.exceptions.ResponseError),
        ("BUSY", redis.exceptions.ResponseError),
        ("MOVED", redis.exceptions.ResponseError),
    ],
)
def test_clients_know_the_injected_errors(
    bench: Bench, client: redis.Redis, code: str, kind: type[Exception]
) -> None:
    bench.fault("error", "before-send", process="client", nth=1, error=ERRORS[code])
    with pytest.raises(kind):
        client.incr("n")
    assert client.incr("n") == 1


@pytest.mark.parametrize("side", ["before-send", "before-reply"])
def test_a_command_or_reply_in_pieces_is_slow_and_whole(
    bench: Bench, client: redis.Redis, side: Side
) -> None:
    client.ping()
    injection = bench.fault("chop", side, process="client", match=command("echo"), nth=1)
    with client.pipeline(transaction=False) as pipe:
        pipe.echo("x" * 50)
        pipe.incr("n")
        answers = pipe.execute()
    assert answers == [b"x" * 50, 1]
    assert injection.t is not None
    (echo,) = [x for x in bench.exchanges if x.argv[0] == b"ECHO"]
    if side == "before-send":
        assert echo.t_reply - echo.t_sent >= 50_000_000, "a millisecond lies between two bytes"
    else:
        assert time.monotonic_ns() - echo.t_reply >= 50_000_000


def test_a_blocking_command_waits_and_a_held_reply_comes_later(
    bench: Bench, client: redis.Redis
) -> None:
    client.ping()
    injection = bench.fault(
        "partition", "before-reply", process="client", match=command("blpop"), nth=1
    )
    with beside(lambda: client.blpop(["list"], timeout=0)) as results:
        eventually(lambda: not bench.proxy.quiet("client", 0))
        with bench.server.client() as plain:
            plain.rpush("list", "item")
        assert injection.wait(TIMEOUT_S)
        assert not results
        assert bench.proxy.heal("client") == 1
    assert results in ([(b"list", b"item")], [[b"list", b"item"]])


def test_what_a_dead_process_waited_for_is_not_taken_from_others(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chaos.wire.connection.LINGER_S", 10 * TIMEOUT_S)  # it is not waited for
    victim = bench.start("BLPOP", "list", "0", count=1)
    eventually(lambda: bool(bench.server_clients("blpop")))
    victim.process.kill()
    victim.process.wait(TIMEOUT_S)
    assert bench.proxy.quiet("victim", TIMEOUT_S)
    eventually(lambda: not bench.server_clients("blpop"))
    with bench.server.client() as plain:
        plain.rpush("list", "item")
        assert plain.lrange("list", 0, -1) == [b"item"]


@pytest.mark.parametrize("side", ["before-send", "before-reply"])
def test_a_kill_at_a_blocking_command_is_exact(bench: Bench, side: Side) -> None:
    with bench.server.client() as plain:
        plain.rpush("list", "item")
    injection = bench.fault("kill", side, match=command("blpop", b"list"), nth=1)
    victim = bench.start("BLPOP", "list", "0", count=1)
    assert injection.wait(TIMEOUT_S)
    assert not victim.process.alive
    assert bench.proxy.quiet("victim", TIMEOUT_S)
    with bench.server.client() as plain:
        assert plain.llen("list") == (1 if side == "before-send" else 0)


def test_published_messages_pass_and_do_not_answer_commands(
    bench: Bench, client: redis.Redis
) -> None:
    with pubsub_of(client) as pubsub, bench.server.client() as plain:
        pubsub.subscribe("one", "two")
        pubsub.psubscribe("t*")
        kinds = [message_of(pubsub)["type"] for _ in range(3)]
        assert kinds == ["subscribe", "subscribe", "psubscribe"]
        plain.publish("two", "hello")
        assert {message_of(pubsub)["type"] for _ in range(2)} == {"message", "pmessage"}
        pubsub.ping()
        assert message_of(pubsub)["type"] == "pong"
        pubsub.unsubscribe()
        assert [message_of(pubsub)["channel"] for _ in range(2)] == [b"one", b"two"]
        assert bench.proxy.quiet("client", TIMEOUT_S)
    assert len(argvs(bench, b"SUBSCRIBE")) == len(argvs(bench, b"PING")) == 1
    assert client.incr("n") == 1


def test_messages_that_a_partition_holds_come_in_order_when_it_heals(
    bench: Bench, client: redis.Redis
) -> None:
    with pubsub_of(client) as pubsub, bench.server.client() as plain:
        pubsub.subscribe("c")
        message_of(pubsub)
        bench.proxy.partition("client", "down")
        for number in range(20):
            plain.publish("c", number)
        assert pubsub.get_message(timeout=0.05) is None
        bench.proxy.heal("client")
        assert [int(message_of(pubsub)["data"]) for _ in range(20)] == list(range(20))


def pubsub_of(client: Any) -> Any:
    return client.pubsub()


def message_of(pubsub: Any) -> dict[str, Any]:
    for _ in itertools.repeat(None, 10):
        found: dict[str, Any] | None = pubsub.get_message(timeout=TIMEOUT_S)
        if found is not None:
            return found
    raise AssertionError("no message came")


def test_scripts_pass_and_a_lost_one_is_loaded_again(bench: Bench, client: redis.Redis) -> None:
    with bench.server.client() as plain:
        plain.script_flush()
    script = client.register_script(SCRIPT)
    bench.fault("error", "before-send", process="client", match=command("evalsha"), nth=3,
                error=ERRORS["NOSCRIPT"])  # fmt: skip
    for _ in range(3):
        assert script(keys=["n"], args=[2]) == [b"n", b"2"]
    assert bench.counted == 6
    # The first is answered NOSCRIPT by the server, the third by the proxy.
    assert len(argvs(bench, b"SCRIPT")) == 2


@pytest.mark.parametrize(("side", "counted"), [("before-send", 0), ("before-reply", 1)])
def test_a_kill_at_a_script_is_exact(bench: Bench, side: Side, counted: int) -> None:
    with bench.server.client() as plain:
        sha = str(plain.script_load(SCRIPT))
    injection = bench.fault("kill", side, match=command("evalsha", sha.encode()), nth=1)
    victim = bench.start("EVALSHA", sha, "1", "n", "1", count=0)
    assert injection.wait(TIMEOUT_S)
    assert not victim.process.alive
    assert bench.proxy.quiet("victim", TIMEOUT_S)
    assert bench.counted == counted


def test_a_kill_in_a_pipeline_lets_run_what_was_sent_before(bench: Bench) -> None:
    injection = bench.fault("kill", "before-send", nth=300)
    victim = bench.start(count=-500)
    assert injection.wait(TIMEOUT_S)
    assert not victim.process.alive
    assert bench.proxy.quiet("victim", TIMEOUT_S)
    assert bench.counted == 299


def test_handshakes_are_told_from_data(bench: Bench, client: redis.Redis) -> None:
    tally = bench.proxy.count("client", data_command())
    client.ping()
    client.incr("n")
    assert tally.value == 1


@pytest.mark.parametrize("words", [["MONITOR"], ["SYNC"], ["CLIENT", "REPLY", "OFF"]])
def test_what_cannot_be_matched_is_refused(client: redis.Redis, words: list[str]) -> None:
    with pytest.raises(redis.ResponseError, match="wire proxy"):
        client.execute_command(*words)  # type: ignore[no-untyped-call]
    assert client.ping()
