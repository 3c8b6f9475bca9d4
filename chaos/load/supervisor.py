"""A load from outside, on fleets whose workers are hit by faults meanwhile.

The supervisor starts the server and one or two fleets, which serve the queues in different orders,
and tends them while a load generator enqueues. It kills, pauses and cuts off workers as ordered
(see `chaos.load.protocol`). At the end it lets the work be done, reads the final state and judges,
as every scenario does.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from chaos.history.tail import Tail
from chaos.load.faults import FleetFaults
from chaos.load.lock import ProducersLock
from chaos.load.protocol import Ready, faults_of, orders, say_ready
from chaos.rig.options import Options
from chaos.rig.problem import RigProblem
from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.rig.worker import Worker
from chaos.servers import mask
from chaos.targets import WorkerSettings

#: In order of priority.
QUEUES = ("chaos", "second", "third")
#: Between two looks at orders and processes.
_TURN_S = 0.05
#: Time for producers to leave once the load has ended.
_LEAVE_S = 30.0
#: Time for which the work that is left after the load may stay the same.
_STALLED_S = 30.0
#: Between two words on how much is left.
_SAY_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOptions(Options):
    """The options of every run; it is the load generator's command that repeats this one."""

    repeat: str

    def command(self, scenario: str, seed: int) -> str:
        del scenario, seed
        return self.repeat


def scenario(workers: int, concurrency: int, *, wire: bool = False) -> Scenario:
    """The scenario of a load on this many workers, each of which runs `concurrency` jobs. With
    `wire` they reach the server through the wire proxy, which has faults of its own, and shows
    every transition to the checks; it costs throughput."""
    return Scenario(
        name="load",
        story=__doc__,
        guarantees=("no-loss", "no-phantom", "one-commit", "effects-once", "quiescent"),
        play=_play,
        workers=workers,
        jobs=0,
        settings=WorkerSettings(
            queues=QUEUES,
            concurrency=concurrency,
            lock_ttl_ms=2_000,
            poll_max_ms=500,
            health_interval_ms=500,
            health_slack_ms=1_500,
            grace_s=10.0,
        ),
        wire=wire,
        recovery_slack_ms=5_000,
    )


def _play(rig: Rig) -> None:
    faults = FleetFaults(rig, _fleets(rig))
    directory = rig.directory.absolute()
    lock = ProducersLock(directory / "producing")
    lock.create()
    url_file = directory / "server.url"
    rig.stays(_secret(url_file, rig.server.url))
    say_ready(
        Ready(
            server=mask(rig.server.url),
            url_file=url_file,
            target=rig.setup.options.target,
            history=directory / "history",
            lock=directory / "producing",
            settings=rig.setup.settings,
        )
    )
    for order in orders(_TURN_S):
        if order:
            _obey(order, faults, rig)
        faults.tend()
        rig.tend()
    faults.end()
    _wait_for_producers(rig, lock)
    _work_off(rig)
    enqueued = (json.loads(line) for line in Tail(directory / "history", "producer-*.jsonl").read())
    rig.know(
        {job for event in enqueued for job in (event.get("job"), event.get("answer_job")) if job}
    )


def _enqueued(history: Path) -> set[str]:
    """The ids that producers have asked for, or were answered."""
    events = [json.loads(line) for line in Tail(history, "producer-*.jsonl").read()]
    found = [(event.get("job"), event.get("answer_job")) for event in events]
    return {job for both in found for job in both if job is not None}


def _fleets(rig: Rig) -> list[Worker]:
    """One fleet; of two workers or more, two that serve the queues in different orders."""
    queues, count = rig.setup.settings.queues, rig.setup.workers
    if count == 1 or "queue" not in rig.setup.target.takes:
        return [rig.workers.fleet()]
    return [
        rig.workers.fleet(workers=count - count // 2),
        rig.workers.fleet(workers=count // 2, queues=(*queues[1:], queues[0])),
    ]


def _obey(order: str, faults: FleetFaults, rig: Rig) -> None:
    try:
        faults.choose(faults_of(order))
    except ValueError as error:
        rig.progress.keep(f"error: {error}")


@contextlib.contextmanager
def _secret(path: Path, text: str) -> Iterator[None]:
    """A file for this user only, which is gone when the run is."""
    path.touch(mode=0o600)
    path.write_text(text)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _wait_for_producers(rig: Rig, lock: ProducersLock) -> None:
    """Wait until no producer is left, and let none in again."""
    end = time.monotonic() + _LEAVE_S
    while not lock.close_for_all():
        if time.monotonic() > end:
            raise RigProblem(f"producers still enqueued {_LEAVE_S:g} s after the load had ended")
        rig.tend()
        time.sleep(_TURN_S)


def _work_off(rig: Rig) -> None:
    """Wait while the work that is left gets less: there may be much."""
    least, since, said_at = sys.maxsize, time.monotonic(), 0.0
    while (left := rig.seen.backlog()) and (now := time.monotonic()) < since + _STALLED_S:
        if left < least:
            least, since = left, now
        if now > said_at + _SAY_S:
            said_at = now
            rig.progress.say(f"{left} jobs are left to do")
        rig.tend()
        time.sleep(_TURN_S)
