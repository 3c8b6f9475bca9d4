"""The queues that are compared, each as fast as its settings can make it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from chaos.public.environments import Environment

_HERE = Path(__file__).parent
_FAST = ("uvloop==0.22.1", "hiredis==3.3.0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """A queue, the command of one of its worker processes, and what it enqueues with."""

    name: str
    #: The command of a worker; `{concurrency}` stands for the number of jobs at a time, `{url}` for
    #: the server's.
    worker: str
    concurrency: int
    #: What makes it fast, beside the number of jobs at a time, in words.
    settings: str
    #: Its packages, each pinned; none: the ones that run the benchmark.
    packages: tuple[str, ...] = ()
    python: tuple[int, int] = (3, 0)
    #: Its name in the comparison of what queues keep (`docs/results.md`).
    target: str
    #: It has a client without asyncio, or one with.
    has_sync: bool = False
    has_async: bool = True

    @property
    def directory(self) -> Path:
        """The folder of its program."""
        return _HERE / self.name

    @property
    def version(self) -> str:
        return self.packages[0].partition("==")[2] if self.packages else "this one"

    def prepare(self) -> None:
        """Install it, unless it is. Raises `EnvironmentProblem`."""
        if self.packages:
            self._environment.make()

    def program(self, name: str) -> str:
        """The path of a program of its environment."""
        if self.packages:
            return self._environment.program(name)
        return sys.executable if name == "python" else str(Path(sys.executable).with_name(name))

    def command(self, url: str) -> list[str]:
        """The command of one worker process."""
        first, *words = self.worker.format(concurrency=self.concurrency, url=url).split()
        return [self.program(first), *words]

    def variables(self, url: str, tally: Path) -> Mapping[str, str]:
        """The environment of its processes."""
        path = [str(self.directory), str(_HERE / "programs")]
        ours = [] if self.packages else [str(_HERE.parents[1])]
        return {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(path + ours),
            "REDIS_URL": url,
            "RRQ_REDIS_URL": url,
            "CONCURRENCY": str(self.concurrency),
            "TALLY": str(tally),
        }

    @property
    def _environment(self) -> Environment:
        return Environment(f"benchmark-{self.name}", self.packages, self.python)


CONTENDERS = (
    Contender(
        name="rrq_ref",
        target="rrq_ref",
        python=(3, 13),
        worker="python -m rrq_ref worker --num-workers 1 --handlers app:HANDLERS"
        " --concurrency {concurrency}",
        concurrency=100,
        settings="uvloop, hiredis; `enqueue_many`",
        has_sync=True,
    ),
    Contender(
        name="mayu",
        target="mayu",
        packages=("mayu==0.2.5",),
        python=(3, 13),
        worker="mayu worker app:app --mode thread --threads {concurrency} --thp keep",
        concurrency=16,
        settings="threads; it has no call for many",
        has_sync=True,
        has_async=False,
    ),
    Contender(
        name="blitzq",
        target="blitzq",
        packages=("blitzq==1.1.0", "redis[hiredis]==8.1.0", "uvloop==0.22.1"),
        python=(3, 12),
        worker="blitzq worker app:queue --concurrency {concurrency}",
        concurrency=100,
        settings="its reliable mode, uvloop, hiredis; `enqueue_many`",
        has_sync=True,
    ),
    Contender(
        name="ardiq",
        target="ardiq",
        packages=("ardiq==1.2.0", "uvloop==0.22.1"),
        python=(3, 12),
        worker="python -m ardiq run app:app",
        concurrency=100,
        settings="uvloop; `enqueue_many`",
    ),
    Contender(
        name="rrq_0111",
        target="rrq_0111",
        packages=("rrq==0.11.1",),
        worker="python worker.py",
        concurrency=64,
        settings="an orchestrator and a runner in Python; it has no call for many",
    ),
    Contender(
        name="huey",
        target="huey",
        packages=("huey==3.5.4", "redis[hiredis]==8.1.0"),
        worker="huey_consumer app.huey -w {concurrency} -d 0.01 -n",
        concurrency=4,
        settings="threads, hiredis, no scheduler; it has no call for many",
        has_sync=True,
        has_async=False,
    ),
    Contender(
        name="dramatiq",
        target="dramatiq",
        packages=("dramatiq[redis]==2.2.1", "hiredis==3.3.0"),
        worker="dramatiq app --processes 1 --threads {concurrency}",
        concurrency=8,
        settings="threads, hiredis; it has no call for many",
        has_sync=True,
        has_async=False,
    ),
    Contender(
        name="taskiq",
        target="taskiq_stream",
        packages=("taskiq==0.13.0", "taskiq-redis==1.2.4", *_FAST),
        worker="taskiq worker app:broker --workers 1 --max-async-tasks {concurrency}",
        concurrency=100,
        settings="streams, uvloop, hiredis; 100 enqueues at a time",
    ),
    Contender(
        name="docket",
        target="docket",
        packages=("pydocket==0.27.0", *_FAST),
        worker="python -m docket worker --docket chaos --url {url} --tasks app:TASKS"
        " --concurrency {concurrency}",
        concurrency=50,
        settings="hiredis; `add_many`",
    ),
    Contender(
        name="streaq",
        target="streaq",
        packages=("streaq==7.2.0", "uvloop==0.22.1"),
        worker="streaq run app:worker",
        concurrency=100,
        settings="uvloop; `enqueue_many`",
    ),
    Contender(
        name="saq",
        target="saq",
        packages=("saq[hiredis,redis]==0.26.4", "typing-extensions==4.16.0", "uvloop==0.22.1"),
        worker="saq app.settings",
        concurrency=100,
        settings="hiredis; 100 enqueues at a time",
    ),
    Contender(
        name="arq",
        target="arq",
        packages=("arq==0.28.0", "redis[hiredis]==5.3.1", "uvloop==0.22.1"),
        worker="arq app.Worker",
        concurrency=100,
        settings="hiredis, looks every 10 ms; 100 enqueues at a time",
    ),
)
"""All of them; the reference is the first."""
