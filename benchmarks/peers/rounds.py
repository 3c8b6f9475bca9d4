"""One round of a contender: a figure or two, each from programs of its own environment."""

from __future__ import annotations

import json
import shutil
import struct
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis import Redis

from benchmarks.parts import gauges
from benchmarks.parts.figures import percentile
from benchmarks.parts.problem import BenchmarkProblem
from benchmarks.parts.stand import Stand
from benchmarks.parts.waiting import wait_until
from benchmarks.peers.contenders import Contender
from chaos.processes import Process, ProcessGroup

_PROGRAMS = Path(__file__).parent / "programs"
#: Seconds between two looks at how many jobs are done.
_NAP_S = 0.002
#: The first jobs of a drain, which are slower, and the last, when not all hands are full.
_HEAD, _TAIL = 0.1, 0.02
#: A realistic job's argument and result.
REAL_BYTES = 4_000
_LIMIT_S = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """A backlog that idle workers found when they started."""

    jobs_per_s: float
    #: CPU of all threads of the workers and of the server.
    worker_us_per_job: float
    redis_us_per_job: float
    #: Of all processes of the workers together.
    peak_rss_mb: float
    #: What a job that is done has left in the server.
    bytes_per_job: float


def enqueue(stand: Stand, contender: Contender, way: str, jobs: int, name: str = "noop") -> float:
    """Jobs per second: one by one with its `sync` or `async` client, or `many`."""
    clear(stand)
    told = _produce(stand, contender, way, name, jobs)
    return float(told["jobs"] / told["seconds"])


def drain(stand: Stand, contender: Contender, jobs: int, processes: int, name: str) -> Drain:
    """Let worker processes do jobs that are there when they start."""
    clear(stand)
    before = gauges.memory(stand.admin)
    size = [REAL_BYTES] if name == "real" else []
    _produce(stand, contender, "many", name, jobs, *size)
    with _workers(stand, contender, processes) as (workers, tally):

        def at(share: float) -> tuple[float, int, float, float]:
            wanted = int(share * jobs)
            _wait(lambda: tally.done() >= wanted, contender, workers, tally)
            used = sum(gauges.cpu_s(gauges.family(one.pid)) for one in workers)
            return time.perf_counter(), tally.done(), used, _redis_cpu_s(stand.admin)

        (began, first, cpu_s, redis_s), (ended, last, cpu_end_s, redis_end_s) = (
            at(_HEAD),
            at(1 - _TAIL),
        )
        _wait(lambda: tally.done() >= jobs, contender, workers, tally)
        rss_mb = sum(_peak_rss_mb(one) for one in workers)
    wait_until(lambda: gauges.clients(stand.admin)[0] <= 1, "the workers' connections to close")
    return Drain(
        jobs_per_s=(last - first) / (ended - began),
        worker_us_per_job=(cpu_end_s - cpu_s) / (last - first) * 1e6,
        redis_us_per_job=(redis_end_s - redis_s) / (last - first) * 1e6,
        peak_rss_mb=rss_mb,
        bytes_per_job=(gauges.memory(stand.admin) - before) / jobs,
    )


def pick_up(stand: Stand, contender: Contender, jobs: int) -> tuple[float, float]:
    """From sending an enqueue until an idle worker starts the job, in ms: p50 and p99."""
    clear(stand)
    with _workers(stand, contender, 1) as (workers, tally):
        _produce(stand, contender, "many", "noop", 20)
        _wait(lambda: tally.done() >= 20, contender, workers, tally)
        _produce(stand, contender, "paced", "late", jobs)
        _wait(lambda: tally.done() >= 20 + jobs, contender, workers, tally)
        late_ms = [ns / 1e6 for ns in tally.late_ns()]
    return percentile(late_ms, 50), percentile(late_ms, 99)


def clear(stand: Stand) -> None:
    """Empty the database, and forget all scripts: each contender brings its own."""
    execute: Any = stand.admin.execute_command
    execute("FLUSHDB", "SYNC")


def _produce(stand: Stand, contender: Contender, way: str, name: str, *numbers: int) -> Any:
    """Run the producer to its end. Returns what it said."""
    done = subprocess.run(
        [contender.program("python"), str(_PROGRAMS / "produce.py"), way, name, *map(str, numbers)],
        env=dict(contender.variables(stand.server.url, stand.directory)),
        cwd=contender.directory,
        capture_output=True,
        text=True,
        timeout=_LIMIT_S,
        check=False,
    )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["it said nothing"]
        raise BenchmarkProblem(
            f"{contender.name} cannot enqueue ({way}): ended with {done.returncode}: {said[-1]}"
        )
    return json.loads(done.stdout.strip().splitlines()[-1])


@dataclass(frozen=True, slots=True)
class _Tally:
    """What the workers have noted (`programs/tally.py`)."""

    folder: Path

    def done(self) -> int:
        return sum(n for raw in self._read("done") for (n,) in struct.iter_unpack("q", raw))

    def late_ns(self) -> list[int]:
        return [n for raw in self._read("late") for (n,) in struct.iter_unpack("q", raw)]

    def _read(self, what: str) -> Iterator[bytes]:
        for path in self.folder.glob(f"*.{what}"):
            raw = path.read_bytes()
            yield raw[: len(raw) // 8 * 8]


@contextmanager
def _workers(
    stand: Stand, contender: Contender, processes: int
) -> Iterator[tuple[Sequence[Process], _Tally]]:
    """Worker processes that are killed afterwards: how they leave is not measured."""
    folder = stand.directory / "tally"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    env: Mapping[str, str] = contender.variables(stand.server.url, folder)
    with ProcessGroup(grace_s=0.0) as group:
        yield (
            [
                group.spawn(
                    contender.command(stand.server.url),
                    log=stand.directory / f"{contender.name}-{n}.log",
                    env=env,
                    cwd=contender.directory,
                    name=f"{contender.name}-{n}",
                )
                for n in range(1, processes + 1)
            ],
            _Tally(folder),
        )


def _wait(done: Any, contender: Contender, workers: Sequence[Process], tally: _Tally) -> None:
    what = f"{contender.name} to do its jobs"
    wait_until(done, what, workers, nap_s=_NAP_S, sign_of_life=tally.done)


def _peak_rss_mb(worker: Process) -> float:
    return sum(gauges.peak_rss_mb(process.pid) or 0.0 for process in gauges.family(worker.pid))


def _redis_cpu_s(admin: Redis) -> float:
    cpu: Any = admin.info("cpu")
    return float(cpu["used_cpu_user"] + cpu["used_cpu_sys"])
