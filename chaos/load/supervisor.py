"""The keeper of a load test: jobs come from outside, everything else is as in every scenario.

A load generator (Locust) runs `python -m chaos.load.supervisor` as its child. The keeper starts the
server and a fleet, tends them while others enqueue, kills or pauses workers when it is told to, and
in the end lets the work be done, reads the final state and judges.

It prints two lines of JSON: `ready` when jobs may come (the server, masked; the file that has its
URL; where histories go; the settings), and `verdict` at the end; after that line the verdict for
people, until the end of the output. Progress and complaints go to stderr. Its input is orders, one
a line: `chaos kill`, `chaos pause`, `chaos none`, `finish`. The end of the input is a `finish`.

Who enqueues does it through `chaos.rig.enqueue`, with a `Recorder` on `producer-<any>.jsonl`, and
holds a shared lock on the file `producing` of the run directory meanwhile (`fcntl.flock`): that is
how the keeper knows that nothing more will come, even when a producer was killed.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click

from chaos.cli.program import complain, enter, guarded
from chaos.faults import FAULTS
from chaos.history.tail import Tail
from chaos.processes import Descendant, die_with_parent
from chaos.report import output, print_verdict
from chaos.rig.options import Options
from chaos.rig.playing import play
from chaos.rig.problem import RigProblem
from chaos.rig.progress import Progress
from chaos.rig.rig import Rig
from chaos.rig.scenario import Scenario
from chaos.rig.worker import Worker
from chaos.servers import DEFAULT_SPEC, SHOWN_SPEC, mask
from chaos.targets.target import WorkerSettings

#: What a storm can do to a worker.
KINDS = (*(kind.name for kind in FAULTS if kind.takes_out), "none")
#: Between two looks at orders and processes.
_TURN_S = 0.05
#: How long producers may take to leave once the load has ended.
_LEAVE_S = 30.0
#: Work that is left when the load has ended may take as long as it gets less within this time.
_STALLED_S = 30.0
#: Between two words on how much is left.
_SAY_S = 2.0
#: On average, each worker is left alone for this long between two faults.
_REST_S = 10.0


class Storm:
    """Kills or pauses one worker after the other, at seeded random intervals.

    Only while all workers of the fleet are there: what is put to the test is the loss of a worker,
    and how fast a fleet comes back from losing all of them is the fleet's own matter.
    """

    def __init__(self, rig: Rig, fleet: Worker) -> None:
        self._rig = rig
        self._fleet = fleet
        self._kind: str | None = None
        self._wanted: set[str] = set()
        self._landed: set[str] = set()
        self._next_at = 0.0
        #: The worker that stands still: its pid, the fault, and when it goes on.
        self._paused: tuple[int, str, float] | None = None

    def order(self, kind: str) -> None:
        """From now on `kill`, `pause`, or `none`."""
        self._kind = None if kind == "none" else kind
        if self._kind is not None:
            self._wanted.add(self._kind)
            self._next_at = time.monotonic() + self._rig.random.uniform(0.5, 1.0)

    def tend(self) -> None:
        """Do what is due."""
        now = time.monotonic()
        if self._paused is not None and (self._kind is None or now >= self._paused[2]):
            self._resume()
        workers = self._fleet.living_children()
        if (
            self._kind is not None
            and now >= self._next_at
            and len(workers) == self._rig.setup.workers
        ):
            self._strike(self._kind, self._rig.random.choice(workers))

    def _strike(self, kind: str, worker: Descendant) -> None:
        rig = self._rig
        rest_s = max(1.0, _REST_S / rig.setup.workers) * rig.random.uniform(0.5, 1.5)
        self._landed.add(kind)
        if not FAULTS[kind].lasts:
            rig.workers.hit(self._fleet, worker.pid, kind)
        else:
            dead_to_others_s = (
                max(rig.setup.settings.lock_ttl_ms, rig.setup.settings.health_ttl_ms) / 1000
            )
            pause_s = dead_to_others_s * rig.random.uniform(1.2, 2.0)
            fault = rig.workers.hit(self._fleet, worker.pid, kind)
            self._paused = worker.pid, fault, time.monotonic() + pause_s
            rest_s += pause_s
        self._next_at = time.monotonic() + rest_s

    def _resume(self) -> None:
        if self._paused is not None:
            pid, fault, _ = self._paused
            self._rig.workers.heal(self._fleet, pid, fault)
            self._paused = None

    def end(self) -> None:
        """Heal, and own up to what was wanted and did not come about."""
        self._resume()
        for kind in sorted(self._wanted - self._landed):
            self._rig.workers.missed(kind, "the load ended before a worker was hit")


def scenario(workers: int, concurrency: int) -> Scenario:
    """The scenario that this process plays."""
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
    fleet = rig.workers.fleet()
    directory = rig.directory.absolute()
    door = directory / "producing"
    # Never closed: nobody gets in again while this process lives.
    gate = os.open(door, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    url_file = directory / "server.url"
    rig.stays(_secret(url_file, rig.server.url))
    _say(
        ready={
            "server": mask(rig.server.url),
            "url_file": str(url_file),
            "target": rig.setup.options.target,
            "history": str(directory / "history"),
            "door": str(door),
            "settings": asdict(rig.setup.settings),
        }
    )
    storm = Storm(rig, fleet)
    for order in _orders():
        if order:
            _obey(storm, order)
        storm.tend()
        rig.tend()
    storm.end()
    _close(rig, gate)
    _work_off(rig)
    enqueued = (json.loads(line) for line in Tail(directory / "history", "producer-*.jsonl").read())
    rig.know(event["job"] for event in enqueued if event.get("phase") == "invoke")


def _obey(storm: Storm, order: str) -> None:
    word, _, kind = order.partition(" ")
    if word != "chaos" or kind not in KINDS:
        complain(f"error: no order is {order!r}; right are chaos {', chaos '.join(KINDS)}, finish")
        return
    storm.order(kind)


@contextlib.contextmanager
def _secret(path: Path, text: str) -> Iterator[None]:
    """A file for this user only, which is gone when the run is."""
    path.touch(mode=0o600)
    path.write_text(text)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _say(**message: Any) -> None:
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def _orders() -> Iterator[str]:
    """Each order as it comes, and an empty one each turn, until `finish` or the end of input."""
    rest = b""
    while True:
        if not select.select([0], [], [], _TURN_S)[0]:
            yield ""
            continue
        chunk = os.read(0, 4096)
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.strip() == b"finish":
                return
            yield line.decode(errors="replace").strip()
        if not chunk:
            return


def _close(rig: Rig, gate: int) -> None:
    """Wait until no producer is left, and let none in again."""
    end = time.monotonic() + _LEAVE_S
    while True:
        try:
            return fcntl.flock(gate, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > end:
                raise RigProblem(
                    f"producers still enqueued {_LEAVE_S:g} s after the load had ended"
                ) from None
        rig.tend()
        time.sleep(_TURN_S)


def _work_off(rig: Rig) -> None:
    """Wait while the work that is left gets less: it may be much."""
    least, since, said_at = sys.maxsize, time.monotonic(), 0.0
    while (left := rig.seen.backlog()) and (now := time.monotonic()) < since + _STALLED_S:
        if left < least:
            least, since = left, now
        if now > said_at + _SAY_S:
            said_at = now
            rig.progress.say(f"{left} jobs are left to do")
        rig.tend()
        time.sleep(_TURN_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadOptions(Options):
    """As of every scenario; what repeats the run is the load generator's command."""

    repeat: str

    def command(self, scenario: str, seed: int) -> str:
        del scenario, seed
        return self.repeat


@click.command(name="python -m chaos.load.supervisor", help=__doc__)
@click.option("--target", default="rrq_ref", show_default=True)
@click.option("--redis", default=DEFAULT_SPEC, show_default=SHOWN_SPEC)
@click.option("--workers", type=click.IntRange(1, 200), default=2, show_default=True)
@click.option("--concurrency", type=click.IntRange(1, 1000), default=10, show_default=True)
@click.option("--seed", type=int)
@click.option("--out", type=click.Path(path_type=Path))
@click.option("--repeat", default="locust -f loadtests/", help="The command that repeats the run.")
def main(workers: int, concurrency: int, **chosen: Any) -> None:
    """Keep one load test."""

    def work() -> int:
        # The end of the load generator interrupts this process in any state. By SIGTERM and not
        # SIGKILL, so that workers that stand still are not left behind.
        die_with_parent(signal.SIGTERM)
        progress = Progress(output.console(stderr=True))
        played = play(scenario(workers, concurrency), LoadOptions(**chosen), progress)
        outcome = played.verdict.outcome
        _say(verdict={"outcome": outcome, "exit_code": outcome.exit_code})
        console = output.console()
        print_verdict(played.verdict, console, played.story)
        where = f"run directory: {played.directory}"
        console.print(where, soft_wrap=True)
        return outcome.exit_code

    code = guarded(work)
    # Nobody may listen any more; that must not become a message at the interpreter's end.
    with contextlib.suppress(OSError):
        sys.stdout.flush()
    os._exit(code)


if __name__ == "__main__":
    enter(main, "python -m chaos.load.supervisor")
