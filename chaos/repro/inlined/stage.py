"""The stage: the queue's programs in a directory, its workers, and the log of their jobs."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chaos.repro.inlined.fates import Run, fates_of
from chaos.repro.inlined.processes import lives, signal_family
from chaos.repro.inlined.server import CannotTry, Server

_BEGAN_S = time.time()
#: Limit for what must come about so that the finding can be tried.
_LIMIT_S = 60.0


def say(who: str, what: str, at_s: float | None = None) -> None:
    """Print what happens, and when."""
    print(f"{(at_s or time.time()) - _BEGAN_S:8.3f} s  {who:<9} {what}", flush=True)


@dataclass(kw_only=True)
class Queue:
    """The queue's programs. A command may have `{url}` in a word, which is the server's."""

    files: Mapping[str, str]
    worker: Sequence[str]
    enqueue: Sequence[str]
    variables: Mapping[str, str]


@dataclass(kw_only=True)
class Case:
    """What is done to the queue, and what was found."""

    #: What became of the job, or of the workers.
    fate: str
    #: A job that does not come back was waited for so long, in seconds.
    wait_s: float
    #: Which of the things that its `play` can do.
    how: str = ""
    plan: Mapping[str, Any] = field(default_factory=dict)
    deaths: int = 0
    #: It needs a server of the script's own.
    needs_server: bool = False
    #: The worker is told to leave once it has taken the job.
    drained: bool = False
    #: Of a command: its name and number, on which side of it, and the commands that have a name of
    #: their own.
    at: str = ""
    side: str = ""
    moments: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Worker:
    name: str
    process: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        return self.process.pid

    def kill(self) -> None:
        """SIGKILL to it and all that it has started."""
        say("script", f"SIGKILL to all processes of {self.name}")
        signal_family(self.pid, signal.SIGKILL)
        self.process.wait()


class Stage:
    """Starts workers, enqueues jobs, and reads what the handlers have written."""

    def __init__(self, queue: Queue, case: Case, server: Server, directory: Path) -> None:
        self.case = case
        self.server = server
        self.directory = directory
        self.workers: list[Worker] = []
        #: Of the jobs that it is about.
        self.jobs: list[str] = []
        #: What was seen of the workers.
        self.found: set[str] = set()
        self._queue = queue
        self._enqueued = 0
        self._told = 0
        self._log = directory / "log"
        self._log.touch()
        for name, text in queue.files.items():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            (directory / name).write_text(text)

    # What is done

    def worker(self, url: str | None = None, *, awaited: bool = True) -> Worker:
        """Start a worker, and wait until it has come to the server, if that is awaited."""
        name = f"worker-{len(self.workers) + 1}"
        before, output = self.server.clients(), self.directory / f"{name}.out"
        with output.open("wb") as out:
            process = self._start(self._queue.worker, name, url, stdout=out, stderr=out)
        worker = Worker(name, process)
        self.workers.append(worker)
        say(name, "is started")
        if not awaited:
            return worker
        if not self.allow(_LIMIT_S, lambda: self._came(process, before)):
            raise CannotTry(f"{name} does not come to the server")
        if process.poll() is not None:
            said = output.read_text(errors="replace").strip().splitlines()
            raise CannotTry(f"{name} has ended at once: {said[-1] if said else 'no word'}")
        return worker

    def enqueue(self, *plans: Mapping[str, Any]) -> list[str]:
        """Enqueue a job for each of these plans. Returns their ids."""
        jobs = [f"job-{self._enqueued + number:05}" for number in range(1, len(plans) + 1)]
        lines = [json.dumps({"id": id, "plan": plan}) for id, plan in zip(jobs, plans, strict=True)]
        self._enqueued += len(plans)
        say("producer", f"enqueues {', '.join(jobs)}")
        program = self._start(
            self._queue.enqueue, "producer", None, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        told, _ = program.communicate("".join(f"{line}\n" for line in lines).encode(), _LIMIT_S)
        if program.returncode != 0 or len(told.splitlines()) != len(plans):
            raise CannotTry(f"the enqueue program has ended with {program.returncode}")
        return jobs

    def at_work(self, plan: Mapping[str, Any], url: str | None = None) -> Worker:
        """A worker that runs the job that it is about."""
        worker = self.worker(url)
        self.jobs = self.enqueue(plan)
        self.wait("the job at work", lambda: bool(self.runs()))
        return worker

    def _came(self, process: subprocess.Popen[bytes], before: set[bytes]) -> bool:
        """True if a worker is at the server, where these clients were before it, or has ended."""
        return process.poll() is not None or bool(self.server.clients() - before)

    def _start(
        self, words: Sequence[str], name: str, url: str | None, **streams: Any
    ) -> subprocess.Popen[bytes]:
        url = url or self.server.url
        own = {key: text.replace("{url}", url) for key, text in self._queue.variables.items()}
        rig = {"REPRO_LOG": str(self._log), "REPRO_WORKER": name, "PYTHONPATH": str(self.directory)}
        env = {**os.environ, "REDIS_URL": url, "CHAOS_URL": url, **rig, **own}
        argv = [_program(words[0]), *(word.replace("{url}", url) for word in words[1:])]
        return subprocess.Popen(argv, cwd=self.directory, env=env, **streams)

    # What is seen

    def wait(self, what: str, condition: Callable[[], bool]) -> None:
        """Wait for what must come about. Raises `CannotTry`."""
        if not self.allow(_LIMIT_S, condition):
            raise CannotTry(f"{what}: not within {_LIMIT_S:.0f} s")

    def allow(self, limit_s: float, condition: Callable[[], bool] = lambda: False) -> bool:
        """Give it this time. True as soon as the condition holds."""
        end = time.monotonic() + limit_s
        while time.monotonic() < end:
            self._tell()
            if condition():
                return True
            time.sleep(0.02)
        return False

    def watch(self, more_s: float = 0) -> None:
        """Give it the time in which the finding was made, or until it is clear."""
        fate = self.case.fate  # "undone" is so until the job is done, and the others never end
        self.allow(self.case.wait_s + more_s, lambda: (fate in self.fates()) != (fate == "undone"))

    def runs(self, *jobs: str) -> list[Run]:
        """The runs of these jobs, or of those that it is about, in the order of their starts."""
        runs: list[Run] = []
        for line in self._lines():
            if line["job"] not in (jobs or self.jobs):
                continue
            who = (line["job"], line["pid"])
            if line["word"] == "start":
                runs.append(Run(line["job"], line["worker"], line["pid"], line["t"]))
            else:
                (run,) = [r for r in runs if (r.job, r.pid) == who and r.end_s is None][-1:]
                run.end_s, run.outcome = line["t"], line["word"]
        for run in runs:
            if run.outcome is None and not lives(run.pid):
                run.outcome = "gone"
        return runs

    def fates(self) -> set[str]:
        """What has become of the jobs that it is about, and of the workers."""
        found = {*self.found}
        for job in self.jobs:
            found |= fates_of(self.runs(job))
        return found

    def fresh(self) -> None:
        """A fresh job is done, if by a fresh worker: so nobody is to say that none works here."""
        self.worker()
        (job,) = self.enqueue({"do": "ok"})
        self.wait("a fresh job is done", lambda: "undone" not in fates_of(self.runs(job)))

    def left(self) -> list[str]:
        """The keys that are in Redis."""
        return sorted(key.decode(errors="replace") for key in self.server.ask("KEYS", "*"))

    def _lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._log.read_text().splitlines()]

    def _tell(self) -> None:
        """Print what the handlers have written meanwhile."""
        lines = self._lines()
        for line in lines[self._told :]:
            what = "starts" if line["word"] == "start" else f"ends ({line['word']})"
            say(line["worker"], f"{what} {line['job']} in process {line['pid']}", line["t"])
        self._told = len(lines)


def _program(name: str) -> str:
    """A program of the environment that this script runs in."""
    if name == "python":
        return sys.executable
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        raise CannotTry(f"there is no program {name}; install the packages that the head names")
    return found
