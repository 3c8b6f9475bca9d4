"""The proxy from its start to its end: plans, records, trouble at the server, TLS."""

import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from chaos.faults import Direction, Side, WireFault, any_command, command
from chaos.servers import Server, open_server
from chaos.wire import Exchange, NoReply, WireProxy, WireProxyError
from tests.chaos.wire.conftest import TIMEOUT_S, Bench, Events, eventually
from tests.chaos.wire.front import CERTIFICATE, in_front_of, tls


def once(bench: Bench, name: str = "client", **options: Any) -> redis.Redis:
    """A client on one connection that tries once."""
    return bench.client(name, single_connection_client=True, retry=Retry(NoBackoff(), 0), **options)


def nothing_is_missing(proxy: WireProxy, events: Events, *ids: str) -> None:
    proxy.close()
    assert [e["fault"] for e in events.of("missed")] == list(ids)


def test_what_did_not_land_is_recorded_as_missed(bench: Bench) -> None:
    injection = bench.fault("kill", "before-send")
    bench.fault("partition", "before-send", id="landed", process="client", nth=1, for_ms=1)
    with once(bench) as client:
        client.incr("n")
    nothing_is_missing(bench.proxy, bench.events, "f")
    assert not injection.wait(0)
    assert bench.events.of("missed")[0]["error"] == "its command did not come"
    assert [e["fault"] for e in bench.events.of("planned")] == ["f", "landed"]
    bench.proxy.close()


def test_a_cancelled_fault_is_not_missing(bench: Bench) -> None:
    injection = bench.fault("reset", "before-send", process="client", nth=1)
    injection.cancel()
    with once(bench) as client:
        assert client.incr("n") == 1
    injection.cancel()
    nothing_is_missing(bench.proxy, bench.events)
    assert len(bench.events.of("cancelled")) == 1
    assert not injection.landed


def test_a_kill_without_a_process_is_missed_and_harmless(bench: Bench) -> None:
    injection = bench.fault("kill", "before-send", process="client", nth=1)
    with once(bench) as client:
        assert client.incr("n") == 1
    assert not injection.wait(TIMEOUT_S)
    assert bench.events.of("missed")[0]["error"] == "no process is attached to client"


def test_of_two_faults_at_one_command_the_later_is_missed(bench: Bench) -> None:
    bench.fault("reset", "before-send", process="client", nth=1)
    bench.fault("lost-reply", "before-reply", process="client", nth=1, id="g")
    with once(bench) as client, pytest.raises(redis.ConnectionError):
        client.incr("n")
    eventually(lambda: [e["fault"] for e in bench.events.of("missed")] == ["g"])


@pytest.mark.parametrize(("side", "replied"), [("before-send", False), ("before-reply", True)])
def test_a_fault_that_lands_tells_the_job(server: Server, side: Side, replied: bool) -> None:
    seen: list[Exchange] = []

    def job_of(exchange: Exchange) -> str:
        seen.append(exchange)
        return exchange.argv[1].decode()

    events = Events()
    match = command("set")
    fault = WireFault(id="f", match=match, side=side, action="delay", for_ms=1)
    with WireProxy(server.url, events.record, job_of=job_of) as proxy:
        proxy.plan(fault)
        with redis.Redis.from_url(proxy.listen("client")) as client:
            client.set("job-1", "x")
    assert [event["job"] for event in events.of("landed")] == ["job-1"]
    assert [each.reply == b"OK" for each in seen] == [replied]


def test_a_fault_whose_job_cannot_be_read_lands_all_the_same(server: Server) -> None:
    def job_of(exchange: Exchange) -> str:
        raise ZeroDivisionError

    events = Events()
    proxy = WireProxy(server.url, events.record, job_of=job_of)
    proxy.start()
    fault = WireFault(id="f", match=command("set"), side="before-send", action="delay", for_ms=1)
    injection = proxy.plan(fault)
    with redis.Redis.from_url(proxy.listen("client")) as client:
        client.set("job-1", "x")
    assert injection.landed
    with pytest.raises(WireProxyError, match="broke"):
        proxy.close()


def test_two_faults_with_one_id_are_refused(bench: Bench) -> None:
    bench.fault("reset", "before-send")
    with pytest.raises(ValueError, match="planned before"):
        bench.fault("reset", "before-send")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"action": "explode"}, "no fault is named 'explode'"),
        ({"side": "between"}, "no such side"),
        ({"action": "chop", "side": "after-reply"}, "makes no sense"),
        ({"action": "lost-reply"}, "makes no sense"),
        ({"nth": 0}, "counts from 1"),
        ({"action": "error"}, "error needs error"),
        ({"error": "OOM"}, "kill takes no error"),
        ({"action": "chop", "for_ms": 3}, "chop takes no for_ms"),
        ({"action": "chop", "pieces": 0}, "pieces cannot be 0"),
        ({"action": "stop"}, "is now called pause"),
        ({"action": "error", "error": "a\r\nb"}, "one line"),
        ({"action": "delay"}, "needs for_ms"),
        ({"for_ms": -1}, "cannot be"),
    ],
)
def test_faults_that_make_no_sense_are_refused(wrong: dict[str, Any], message: str) -> None:
    right: dict[str, Any] = {"id": "f", "match": any_command(), "side": "before-send"}
    with pytest.raises(ValueError, match=message):
        WireFault(**{**right, "action": "kill", **wrong})


def test_a_broken_callback_does_not_cut_connections_and_is_told_at_the_end(server: Server) -> None:
    def observe(exchange: object) -> None:
        raise ZeroDivisionError

    events = Events()
    proxy = WireProxy(server.url, events.record, observe)
    proxy.start()
    with redis.Redis.from_url(proxy.listen("client")) as client:
        assert client.incr("n") == 1
        assert client.incr("n") == 2
    with pytest.raises(WireProxyError, match="broke"):
        proxy.close()
    assert "ZeroDivisionError" in events.of("broken", "rig")[0]["error"]
    with pytest.raises(WireProxyError, match="not running"):
        proxy.listen("client")


def test_a_match_that_raises_does_not_cut_connections(server: Server) -> None:
    events = Events()
    proxy = WireProxy(server.url, events.record)
    proxy.start()
    bad = command("incrby")
    object.__setattr__(bad, "test", lambda argv: argv[99] == b"")
    tally = None
    with redis.Redis.from_url(proxy.listen("client")) as client:
        tally = proxy.count("client", bad)
        assert client.incr("n") == 1
    assert tally.value == 0
    with pytest.raises(WireProxyError, match="broke"):
        proxy.close()


def test_a_url_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="not a redis"):
        WireProxy("http://localhost", Events().record)


def test_resets_by_hand_cut_all_connections_of_a_process(bench: Bench) -> None:
    clients = [once(bench) for _ in range(3)]
    other = once(bench, "other")
    for client in (*clients, other):
        client.ping()
    assert bench.proxy.reset("client") == 3
    for client in clients:
        with pytest.raises(redis.ConnectionError):
            client.ping()
        client.close()
    assert other.ping()
    other.close()
    assert bench.events.of("landed")[0]["kind"] == "reset"


@pytest.mark.parametrize("direction", ["up", "down", "both"])
def test_a_partition_holds_much_without_loss_or_disorder(
    bench: Bench, direction: Direction
) -> None:
    """More than sockets and lanes hold, so reading is paused on the way."""
    blob, count = b"x" * 100_000, 200
    with bench.server.client() as plain:
        plain.set("blob", blob)
    with bench.client(socket_timeout=TIMEOUT_S, retry=Retry(NoBackoff(), 0)) as client:
        client.ping()  # the pipeline takes over this connection
        bench.proxy.partition("client", direction)
        answers: list[Any] = []

        def work() -> None:
            with client.pipeline(transaction=False) as pipe:
                for number in range(count):
                    pipe.set(f"key-{number}", blob)
                    pipe.get("blob")
                    pipe.incr("n")
                answers.extend(pipe.execute())

        thread = threading.Thread(target=work)
        thread.start()
        eventually(
            lambda: bench.counted > 0 if direction == "down" else not bench.proxy.quiet("client", 0)
        )
        assert not answers
        bench.proxy.heal("client")
        thread.join(TIMEOUT_S)
        assert answers == [x for n in range(count) for x in (True, blob, n + 1)]


def test_a_server_that_is_away_looks_the_same_through_the_proxy(tmp_path: Path) -> None:
    with (
        open_server("embedded", tmp_path) as server,
        WireProxy(server.url, Events().record) as proxy,
        redis.Redis.from_url(proxy.listen("client"), retry=Retry(NoBackoff(), 0)) as client,
    ):
        assert client.incr("n") == 1
        server.kill()
        for _ in range(2):
            with pytest.raises(redis.ConnectionError):
                client.incr("n")
        assert proxy.quiet("client", TIMEOUT_S)
        server.start()
        assert client.incr("n") == 1


def test_what_a_dead_server_had_answered_arrives_when_the_partition_heals(tmp_path: Path) -> None:
    seen: list[Exchange] = []
    with (
        open_server("embedded", tmp_path) as server,
        WireProxy(server.url, Events().record, seen.append) as proxy,
        redis.Redis.from_url(proxy.listen("client"), retry=Retry(NoBackoff(), 0)) as client,
    ):
        client.ping()
        proxy.partition("client", "down")
        answers: list[Any] = []
        thread = threading.Thread(target=lambda: answers.append(client.incr("n")))
        thread.start()
        eventually(lambda: any(x.reply == 1 for x in seen))
        server.kill()
        eventually(lambda: proxy.quiet("client", 0))
        proxy.heal("client")
        thread.join(TIMEOUT_S)
        assert answers == [1]


def test_a_command_that_the_server_took_to_its_grave_misses_its_fault(tmp_path: Path) -> None:
    events = Events()
    with (
        open_server("embedded", tmp_path) as server,
        WireProxy(server.url, events.record) as proxy,
        redis.Redis.from_url(proxy.listen("client"), retry=Retry(NoBackoff(), 0)) as client,
    ):
        client.ping()
        proxy.plan(WireFault(id="f", match=command("incrby"), side="before-reply", action="reset"))
        tally = proxy.count("client", command("incrby"))
        server.pause()
        killer = threading.Thread(target=lambda: tally.wait(1, TIMEOUT_S) and server.kill())
        killer.start()
        with pytest.raises(redis.ConnectionError):
            client.incr("n")
        killer.join(TIMEOUT_S)
    (missed,) = events.of("missed")
    assert missed["error"] == "the server did not answer the command"


def test_a_command_that_got_no_reply_is_shown_without_one(tmp_path: Path) -> None:
    seen: list[Exchange] = []
    with (
        open_server("embedded", tmp_path) as server,
        WireProxy(server.url, Events().record, seen.append) as proxy,
        redis.Redis.from_url(proxy.listen("client"), retry=Retry(NoBackoff(), 0)) as client,
    ):
        client.ping()
        tally = proxy.count("client", command("incrby"))
        server.pause()
        killer = threading.Thread(target=lambda: tally.wait(1, TIMEOUT_S) and server.kill())
        killer.start()
        with pytest.raises(redis.ConnectionError):
            client.incr("n")
        killer.join(TIMEOUT_S)
    (lost,) = [x for x in seen if x.argv[0] == b"INCRBY"]
    assert isinstance(lost.reply, NoReply)
    assert lost.t_sent <= lost.t_reply


def test_a_unix_socket_and_a_password_are_reached(tmp_path: Path) -> None:
    path = tmp_path / "s"
    config = {"unixsocket": str(path), "requirepass": "s3cret"}
    with (
        open_server("embedded", tmp_path / "server", config=config),
        WireProxy(f"unix://:s3cret@{path}?db=2", Events().record) as proxy,
        redis.Redis.from_url(proxy.listen("client")) as client,
    ):
        assert urlsplit(proxy.listen("client")).path == "/2"
        assert client.ping()


@pytest.mark.parametrize("options", [f"ssl_ca_certs={CERTIFICATE}", "ssl_cert_reqs=none"])
def test_tls_is_spoken_to_a_server_whose_url_says_so(server: Server, options: str) -> None:
    seen: list[Any] = []
    login = urlsplit(server.url).netloc.rpartition("@")[0]
    with (
        in_front_of(server.url, tls()) as port,
        WireProxy(
            f"rediss://{login}@localhost:{port}/3?{options}", Events().record, seen.append
        ) as proxy,
    ):
        url = proxy.listen("client")
        there = urlsplit(url)
        assert (there.scheme, there.hostname, there.path) == ("redis", "127.0.0.1", "/3")
        with redis.Redis.from_url(url, single_connection_client=True) as client:
            assert client.incr("n") == 1
            proxy.plan(
                WireFault(
                    id="f", match=command("incrby"), side="before-reply", action="chop", pieces=3
                )
            )
            assert client.incr("n") == 2
    assert [x.reply for x in seen if x.argv[0] == b"INCRBY"] == [1, 2]


def test_a_certificate_that_nobody_trusts_is_refused(server: Server) -> None:
    with (
        in_front_of(server.url, tls()) as port,
        WireProxy(f"rediss://localhost:{port}", Events().record) as proxy,
        redis.Redis.from_url(proxy.listen("client"), retry=Retry(NoBackoff(), 0)) as client,
        pytest.raises(redis.ConnectionError),
    ):
        client.ping()


def test_many_threads_may_plan_and_ask_at_once(bench: Bench) -> None:
    """Each waits for faults of its own, while all work."""

    def work(number: int) -> None:
        name = f"client-{number}"
        with once(bench, name) as client:
            for turn in range(10):
                injection = bench.fault(
                    "delay", "before-reply", process=name, nth=1, for_ms=0, id=f"{number}-{turn}"
                )
                client.incr("n")
                assert injection.wait(TIMEOUT_S)
                done.append(number)

    done: list[int] = []
    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(TIMEOUT_S)
    assert len(done) == 40
    assert bench.counted == 40
    assert time.monotonic_ns() > max(e["t"] for e in bench.events.of("landed"))
