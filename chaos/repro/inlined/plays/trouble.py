"""The server has trouble while two workers run jobs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from chaos.repro.inlined.stage import Stage, Worker, say

#: How long the trouble lasts, and how long workers have time to take a job afterwards.
_LASTS_S, _OFFER_S = 2.0, 30.0

#: Each as it is told, and the commands that begin and end it.
_TROUBLES: dict[str, tuple[str, list[str], list[str]]] = {
    "connections_closed": (
        "the server closes all connections",
        ["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"],
        [],
    ),
    "scripts_forgotten": ("the server forgets all scripts", ["SCRIPT", "FLUSH"], []),
    "server_read_only": (
        "the server refuses all writes",
        ["REPLICAOF", "127.0.0.1", "1"],
        ["REPLICAOF", "NO", "ONE"],
    ),
    "server_full": (
        "the server has no memory left",
        ["CONFIG", "SET", "maxmemory", "1"],
        ["CONFIG", "SET", "maxmemory", "0"],
    ),
}


def play(stage: Stage) -> None:
    workers = [stage.worker(), stage.worker()]
    stage.jobs = stage.enqueue(*[{"do": "ok", "ms": 4_000}] * 2)
    stage.wait("the jobs at work", lambda: len(stage.runs()) >= 2)
    with _trouble(stage):
        time.sleep(_LASTS_S)
    if stage.case.fate in ("left", "still"):
        stage.allow(stage.case.wait_s, lambda: "undone" not in stage.fates())
    else:
        stage.watch(more_s=4)
    still = {worker.name for worker in _idle(stage, workers)}
    left = {worker.name for worker in workers if worker.process.poll() is not None}
    for name in sorted(left):
        say(name, "has left, although nobody told it to")
    for name in sorted(still - left):
        say(name, "is there, and takes no job")
    stage.found |= ({"left"} if left else set()) | ({"still"} if still - left else set())


@contextmanager
def _trouble(stage: Stage) -> Iterator[None]:
    server = stage.server
    how = stage.case.how
    if how == "server_restarts":
        say("script", "the server is shut down")
        server.stop()
        yield
        server.start()
        say("script", "the server is there again, with its data")
        return
    what, begin, end = _TROUBLES[how]
    say("script", f"{what}: {' '.join(begin)}")
    server.ask(*begin)
    yield
    if end:
        say("script", f"that is over: {' '.join(end)}")
        server.ask(*end)


def _idle(stage: Stage, workers: list[Worker]) -> list[Worker]:
    """Those of these workers that take no job, however many are offered."""
    end_s, began_s, offered = time.time() + _OFFER_S, time.time(), list[str]()
    idle = workers
    while idle and time.time() < end_s:
        if all(run.outcome for run in stage.runs(*offered)):
            offered += stage.enqueue(*[{"do": "ok", "ms": 30}] * 8)
        stage.allow(0.5)
        at_work = {run.worker for run in stage.runs(*offered) if run.start_s > began_s}
        idle = [w for w in idle if w.name not in at_work and w.process.poll() is None]
    return idle
