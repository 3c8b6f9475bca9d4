"""A failover, with every kind of acknowledgement; and the reference's `durability` by itself."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
import redis

from chaos.servers import open_server
from chaos.servers.binary import BinaryServer
from chaos.servers.replication import Replication
from chaos.targets.rrq_ref.wire import Confirmations
from chaos.wire import Exchange
from rrq_ref import NewJob, Settings, StoreError, StoreUnavailable, SyncClient, scripts
from rrq_ref.scripts import Command
from rrq_ref.settings import Durability
from rrq_ref.store import BlockingStore
from tests.chaos.rig.running import begun, descendants, read_until, run, survivors


def found(report: Path) -> dict[str, int]:
    checks = json.loads(report.read_text())["checks"]
    return {check["anomaly"]: check["broken"] for check in checks if check["broken"]}


@pytest.mark.slow
@pytest.mark.parametrize(("mode", "code"), [("none", 1), ("fsynced", 0)])
def test_only_what_a_replica_had_confirmed_survives(mode: str, code: int, tmp_path: Path) -> None:
    report = tmp_path / "verdict.json"

    done = run(
        *("chaos.failover", "--acknowledge", mode, "--seed", "1"),
        *("--out", str(tmp_path / "run"), "--json", str(report)),
    )

    assert done.returncode == code, done.stdout + done.stderr
    assert (found(report).get("lost", 0) > 0) is (mode == "none")
    counts = json.loads(report.read_text())["counts"]
    assert counts["acknowledged"] > 0
    assert counts["uncertain"] > 0
    told = json.loads((tmp_path / "run" / "run.json").read_text())
    assert told["settings"]["acknowledge"] == mode


@pytest.mark.slow
def test_a_signal_ends_a_failover_without_a_trace(tmp_path: Path) -> None:
    with begun(
        "chaos.failover", "--acknowledge", "none", "--out", str(tmp_path / "run")
    ) as process:
        read_until(process, "the replica is cut off")
        started = descendants(process.pid)
        assert sum("valkey" in child.name() for child in started) == 3  # Sentinel is one too

        process.terminate()
        process.communicate(timeout=60)

        assert survivors(started) == []


@contextmanager
def replicated(directory: Path) -> Iterator[tuple[BinaryServer, Replication]]:
    """A primary with its replica in sync."""
    with open_server("embedded", directory / "primary", durability="always") as primary:
        assert isinstance(primary, BinaryServer)
        with Replication(primary, directory, "always") as replication:
            yield primary, replication


@pytest.fixture(scope="module")
def primary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a primary that has its replica. All tests of this module share the two."""
    with replicated(tmp_path_factory.mktemp("pair")) as (primary, _):
        yield primary.url


def client_of(
    url: str, durability: Durability, replicas: int = 1, limit_ms: int = 400
) -> SyncClient:
    return SyncClient(
        Settings(
            redis_url=url, durability=durability, replicas=replicas, command_timeout_ms=limit_ms
        )
    )


@pytest.mark.parametrize(
    ("durability", "barrier"), [("none", None), ("replicated", "WAIT"), ("fsynced", "WAITAOF")]
)
def test_an_enqueue_waits_for_a_replica_that_is_there(
    durability: Durability, barrier: str | None, primary: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    replies = BlockingStore._replies

    async def spy(self: BlockingStore, commands: Sequence[Command], extra_s: float = 0.0) -> Any:
        sent.extend(command[0] for command in commands)
        return await replies(self, commands, extra_s)

    monkeypatch.setattr(BlockingStore, "_replies", spy)
    # A replica tells of its disk once a second.
    client = client_of(primary, durability, limit_ms=10_000)
    with client, redis.Redis.from_url(primary) as admin:
        admin.script_flush()

        assert client.enqueue("work", job_id=f"kept-{durability}").id == f"kept-{durability}"

    # Again behind what had to be said again, as the server had forgotten the script.
    waits = [barrier] if barrier else []
    assert sent == ["EVALSHA", *waits, "SCRIPT LOAD", "EVALSHA", *waits]


@pytest.mark.parametrize("durability", ["replicated", "fsynced"])
def test_without_enough_replicas_nothing_is_acknowledged(
    durability: Durability, primary: str
) -> None:
    with client_of(primary, durability, replicas=2) as client:
        with pytest.raises(StoreUnavailable, match=f"not {durability} in time: 1 replicas"):
            client.enqueue("work", job_id=f"doubtful-{durability}")
        # Nor when it is there already, and this connection has written nothing of it.
        with pytest.raises(StoreUnavailable):
            client.enqueue_many([NewJob(function="work", job_id=f"doubtful-{durability}")])

    with client_of(primary, "none") as client:
        assert client.job(f"doubtful-{durability}").function == "work"


def test_what_another_connection_wrote_is_waited_for_too(tmp_path: Path) -> None:
    """An enqueue that is sent again finds its job and writes nothing, but has to wait too."""
    with (
        replicated(tmp_path) as (primary, replication),
        client_of(primary.url, "none") as careless,
        client_of(primary.url, "replicated") as careful,
    ):
        replication.cut_off()
        careless.enqueue("work", job_id="here only")

        with pytest.raises(StoreUnavailable, match="0 replicas"):
            careful.enqueue("work", job_id="here only")


def test_a_server_that_cannot_wait_is_told_from_one_that_is_late(url: str) -> None:
    """The server of these tests has no append-only file."""
    with client_of(url, "fsynced", replicas=0) as client, pytest.raises(StoreError) as caught:
        client.enqueue("work")

    assert not isinstance(caught.value, StoreUnavailable)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"durability": "perfect"}, "it must be one of none, replicated, fsynced"),
        ({"durability": "replicated", "replicas": 0}, "would wait for nothing"),
        ({"replicas": -1}, "replicas is -1"),
    ],
)
def test_a_durability_that_means_nothing_is_refused(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Settings(**wrong)  # type: ignore[arg-type]


def exchange(*words: object, reply: Any) -> Exchange:
    return Exchange("worker-1", [str(word).encode() for word in words], reply, 1, 2)


FINISH = ("EVALSHA", scripts.FINISH.sha, 1, "locks", "w", 60, "j:", "u:", 1, "job", 7, "null", "")


@pytest.mark.parametrize(
    ("barrier", "reply", "confirmed"),
    [
        (("WAIT", 1, 500), 1, ["ok"]),
        (("WAIT", 1, 500), 0, []),
        (("WAITAOF", 1, 1, 500), [1, 1], ["ok"]),
        (("WAITAOF", 1, 1, 500), [1, 0], []),
        (("WAITAOF", 1, 1, 500), [0, 1], []),
    ],
)
def test_a_commit_counts_once_it_is_confirmed(
    barrier: tuple[object, ...], reply: object, confirmed: list[str]
) -> None:
    seen = Confirmations()

    first = list(seen(exchange(*FINISH, reply=[b"DONE"])))
    then = list(seen(exchange(*barrier, reply=reply)))
    again = list(seen(exchange(*FINISH, reply=[b"REPEAT"])))

    assert [event.answer for event in first] == [None]
    assert [event.answer for event in then] == confirmed
    assert [event.answer for event in again] == ["repeat"]
    assert list(seen(exchange(*barrier, reply=reply))) == []


def test_a_replica_answers_where_its_primary_was(tmp_path: Path) -> None:
    before = psutil.Process().children()
    with replicated(tmp_path) as (primary, replication):
        with redis.Redis.from_url(primary.url) as client:
            client.set("kept", 1)
            client.wait(1, 10_000)
            replication.cut_off()
            client.set("lost", 1)
        started = [one for one in psutil.Process().children() if one not in before]
        primary.kill()

        replication.take_over()

        with redis.Redis.from_url(primary.url) as client:
            assert client.keys() == [b"kept"]
            assert client.set("new", 1)
    assert survivors(started) == []
