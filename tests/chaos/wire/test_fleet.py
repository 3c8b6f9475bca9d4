"""Processes that share a listener: a signal hits the one that sent the command, and no other."""

import os
import signal
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from chaos.faults import Side, WireFault, any_command, command
from chaos.processes import Descendant
from chaos.wire.endpoint import Endpoint
from chaos.wire.peers import Ends, peers_of
from tests.chaos.wire.conftest import TIMEOUT_S, Bench, Victim, eventually

FLEET = Path(__file__).with_name("fleet.py")


def start_fleet(bench: Bench, name: str = "fleet") -> tuple[Victim, dict[str, int]]:
    """A parent with two workers, and their pids by name. Each counts until it is ended."""
    argv = [sys.executable, str(FLEET), bench.proxy.listen(name), "a", "b"]
    process = bench.group.spawn(argv, log=bench.directory / f"{name}.log")
    bench.proxy.attach(name, process)
    victim = Victim(process)
    eventually(lambda: len(victim.said("worker")) == 2)
    return victim, {word: int(pid) for word, pid in victim.said("worker")}


def state_of(pid: int) -> str:
    try:
        return str(psutil.Process(pid).status())
    except psutil.NoSuchProcess:
        return psutil.STATUS_ZOMBIE


def count_of(bench: Bench, key: str) -> int:
    with bench.server.client() as client:
        return int(client.get(key) or 0)


def moves_on(bench: Bench, key: str) -> None:
    before = count_of(bench, key)
    eventually(lambda: count_of(bench, key) > before + 2)


@pytest.mark.parametrize("side", ["before-send", "before-reply", "after-reply"])
def test_a_kill_hits_the_worker_that_sent_the_command(bench: Bench, side: Side) -> None:
    fleet, pids = start_fleet(bench)
    match = command("incrby", b"b")
    seen = bench.proxy.count("fleet", match)
    injection = bench.proxy.plan(
        WireFault(id="f", process="fleet", match=match, nth=3, side=side, action="kill")
    )

    assert injection.wait(TIMEOUT_S)

    assert state_of(pids["b"]) == psutil.STATUS_ZOMBIE
    assert injection.pid == pids["b"]
    assert injection.process == f"fleet.{pids['b']}"
    (landed,) = bench.events.of("landed")
    assert (landed["target"], landed["child_pid"]) == (injection.process, injection.pid)
    # The others go on, so the channel is not quiet; the dead one is.
    assert bench.proxy.quiet("fleet", TIMEOUT_S, pid=injection.pid)
    ran = [x.reply for x in bench.exchanges if match(x.argv)]
    assert count_of(bench, "b") == ran[-1]
    assert seen.value >= 3
    moves_on(bench, "a")
    assert state_of(pids["a"]) != psutil.STATUS_ZOMBIE
    assert fleet.process.alive


def test_a_stop_hits_the_worker_that_sent_the_command(bench: Bench) -> None:
    fleet, pids = start_fleet(bench)
    injection = bench.proxy.plan(
        WireFault(
            id="f",
            process="fleet",
            match=command("incrby", b"a"),
            side="before-reply",
            action="pause",
        )
    )

    assert injection.wait(TIMEOUT_S)

    assert state_of(pids["a"]) == psutil.STATUS_STOPPED
    moves_on(bench, "b")
    assert fleet.process.alive
    os.kill(pids["a"], signal.SIGCONT)
    eventually(lambda: len(bench.events.of("healed")) == 1)
    moves_on(bench, "a")


def test_a_stopped_worker_runs_again_when_its_time_is_over(bench: Bench) -> None:
    _, pids = start_fleet(bench)
    bench.proxy.plan(
        WireFault(
            id="f",
            process="fleet",
            match=command("incrby", b"a"),
            side="after-reply",
            action="pause",
            for_ms=50,
        )
    )
    eventually(lambda: len(bench.events.of("healed")) == 1)
    assert bench.events.of("healed")[0]["target"] == f"fleet.{pids['a']}"
    moves_on(bench, "a")


def test_a_dead_worker_can_be_quiet_while_another_is_not(bench: Bench) -> None:
    _, pids = start_fleet(bench)
    more: dict[str, Any] = {"process": "fleet", "nth": 1}
    stop = bench.fault(
        "pause", "before-send", id="s", match=command("incrby", b"a"), then="hold", **more
    )
    kill = bench.fault("kill", "before-send", id="k", match=command("incrby", b"b"), **more)

    assert stop.wait(TIMEOUT_S)
    assert kill.wait(TIMEOUT_S)

    assert bench.proxy.quiet("fleet", TIMEOUT_S, pid=pids["b"])
    assert not bench.proxy.quiet("fleet", 0, pid=pids["a"])
    assert not bench.proxy.quiet("fleet", 0)
    os.kill(pids["a"], signal.SIGCONT)


HASTY = """
import sys, time, redis
client = redis.Redis.from_url(sys.argv[1], single_connection_client=True)
client.incr("n")
client.close()
time.sleep(60)
"""


def test_a_kill_after_the_last_reply_finds_who_closes_at_once(bench: Bench) -> None:
    injection = bench.fault("kill", "after-reply", nth=1)
    argv = [sys.executable, "-c", HASTY, bench.proxy.listen("victim")]
    process = bench.group.spawn(argv, log=bench.directory / "hasty.log")
    bench.proxy.attach("victim", process)
    assert injection.wait(TIMEOUT_S), bench.events.of("missed")
    assert not process.alive


def test_peers_are_found_for_what_was_asked_only() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as one,
        socket.create_connection(server.getsockname()),
    ):
        ends = Ends(one.getsockname(), one.getpeername())
        nobody = Ends(("127.0.0.1", 1), ("127.0.0.1", 2))
        me = Descendant(psutil.Process(), "me")
        assert peers_of(me, [ends, nobody]) == {ends: me}


def test_what_a_dead_process_sent_is_waited_for_until_its_connection_ends() -> None:
    """Even when it seems quiet: what it wrote last may still be on its way through the kernel."""

    @dataclass(eq=False)
    class Some:
        """A connection that is quiet, or a process."""

        alive: bool = True
        quiet: bool = True
        peer: None = None

    context: Any = None
    process: Any = Some()
    connection: Any = Some()
    endpoint = Endpoint("worker", context, process, {connection})
    assert endpoint.quiet()
    process.alive = False
    assert not endpoint.quiet()
    endpoint.connections.clear()
    assert endpoint.quiet()


def test_workers_whose_parent_was_killed_are_still_found(bench: Bench) -> None:
    fleet, pids = start_fleet(bench)
    fleet.process.kill()
    fleet.process.wait(TIMEOUT_S)
    moves_on(bench, "a")
    injection = bench.proxy.plan(
        WireFault(
            id="f",
            process="fleet",
            match=command("incrby", b"a"),
            side="before-send",
            action="kill",
        )
    )

    assert injection.wait(TIMEOUT_S)

    assert injection.pid == pids["a"]
    assert state_of(pids["a"]) == psutil.STATUS_ZOMBIE
    moves_on(bench, "b")


def test_a_stranger_behind_the_listener_is_not_killed(bench: Bench) -> None:
    bench.start(count=0, name="client").process.wait(TIMEOUT_S)
    sleeper = bench.group.spawn(["sleep", "60"], log=bench.directory / "sleeper.log")
    bench.proxy.attach("client", sleeper)
    injection = bench.fault("kill", "before-send", process="client", match=command("incrby"), nth=1)
    with bench.client() as client:
        assert client.incr("n") == 1

    assert sleeper.alive
    assert not injection.wait(TIMEOUT_S)
    (missed,) = bench.events.of("missed")
    assert "ended" in missed["error"]


def test_a_command_of_the_dead_does_not_kill_who_came_after(bench: Bench) -> None:
    first = bench.start(count=3)
    bench.proxy.partition("victim", "up")
    eventually(lambda: not bench.proxy.quiet("victim", 0))
    first.process.kill()
    first.process.wait(TIMEOUT_S)
    second = bench.group.spawn(["sleep", "60"], log=bench.directory / "sleeper.log")
    bench.proxy.attach("victim", second)
    injection = bench.fault("kill", "before-send", match=any_command(), nth=1)

    bench.proxy.heal("victim")

    assert not injection.wait(TIMEOUT_S)
    assert bench.events.of("missed")
    assert second.alive


def test_a_fault_for_any_process_hits_whoever_comes_first(bench: Bench) -> None:
    injection = bench.fault("kill", "before-reply", process=None, nth=6)
    victims = [bench.start(count=1000, name=name) for name in ("one", "two")]

    assert injection.wait(TIMEOUT_S)

    dead = [victim for victim in victims if not victim.process.alive]
    assert [victim.process.pid for victim in dead] == [injection.pid]
    assert injection.process in ("one", "two")
    # The commands of both were counted together: five replies had come before this one. The fault
    # holds its command up for a turn of the loop, in which one from the other may overtake it.
    incrs = [x for x in bench.exchanges if x.argv[0] == b"INCRBY"]
    (at,) = [x for x in incrs if x.process == injection.process][-1:]
    assert at.reply in (5, 6, 7)
