"""A load from outside, on a fleet whose workers are killed or paused meanwhile.

The supervisor starts the server and the fleet, and tends them while a load generator enqueues. It
kills or pauses workers as ordered (see `chaos.load.protocol`). At the end it lets the work be done,
reads the final state and judges, as every scenario does.
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
from chaos.load.faults import WorkerFaults
from chaos.load.lock import ProducersLock
from chaos.load.protocol import Ready, fault_of, orders, say_ready
from chaos.rig.options import Options
from chaos.rig.problem import RigProblem
from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.servers import mask
from chaos.targets import WorkerSettings

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


def scenario(workers: int, concurrency: int) -> Scenario:
    """The scenario of a load on this many workers, each of which runs `concurrency` jobs."""
    return Scenario(
        name="load",
        story=__doc__,
        guarantees=("no-loss", "no-phantom", "one-commit", "effects-once", "quiescent"),
        play=_play,
        workers=workers,
        jobs=0,
        settings=WorkerSettings(
            concurrency=concurrency,
            lock_ttl_ms=2_000,
            poll_max_ms=500,
            health_interval_ms=500,
            health_slack_ms=1_500,
            grace_s=10.0,
        ),
        wire=False,
        recovery_slack_ms=5_000,
    )


def _play(rig: Rig) -> None:
    faults = WorkerFaults(rig, rig.workers.fleet())
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
    rig.know(event["job"] for event in enqueued if event.get("phase") == "invoke")


def _obey(order: str, faults: WorkerFaults, rig: Rig) -> None:
    try:
        faults.choose(fault_of(order))
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
