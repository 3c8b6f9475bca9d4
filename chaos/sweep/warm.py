"""Programs of a foreign queue that need not wait for their imports.

Most of a short life is the start of its two workers. So a first one is watched while it imports, a
fork server of its own Python imports the same, and each worker of a cell is forked there; so is the
program that enqueues. What is the project's own each imports by itself, because that may depend on
the cell.
"""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from chaos.errors import ChaosError
from chaos.processes import (
    Forked,
    ForkServerGone,
    ProcessStillRunning,
    PythonProgram,
    WarmServer,
    Warmth,
    wait_until,
)
from chaos.rig.progress import Progress
from chaos.sweep.cell.play import play
from chaos.sweep.cells import Cell
from chaos.sweep.life import PATIENT, SETTINGS
from chaos.sweep.stage import Stage
from chaos.targets import EnqueueRefused, Producer, Target, WorkerSpec
from chaos.targets.programs import LEAVE_S, ByProgram, with_url

#: The life that the first worker has.
_WATCHED = Cell("succeeds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Warm:
    """Starts a target's programs in a warm server."""

    target: Target
    python: tuple[str, ...]
    server: WarmServer
    log: Path
    #: A file of what workers import, while that is not known.
    note: Path | None = None
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def fork(self, forked: Forked, spec: WorkerSpec, log: Path) -> None:
        command = self.target.worker
        environment = command.environment(spec)
        program = PythonProgram.of(command.words(spec), environment.get("PATH"))
        assert program is not None
        self.server.run(
            forked, program.words, environment, log=log, cwd=command.cwd, note=self.note
        )

    def producer(self, url: str) -> Producer | None:
        command, asking = self.target.enqueuer, self.target.asks
        if self.note is not None or command is None or asking is None:
            return None
        environment = with_url(command.env, url)
        words = [word.replace("{url}", url) for word in command.argv]
        program = PythonProgram.of(words, environment.get("PATH"))
        if program is None or program.python != self.python:
            return None
        return ByProgram(asking, lambda: self._enqueuer(program, environment, command.cwd))

    def _enqueuer(
        self, program: PythonProgram, environment: dict[str, str], cwd: Path | None
    ) -> _Enqueuer:
        forked = Forked(f"enqueue-{next(self._numbers)}")
        (theirs, ours), (back, forth) = os.pipe(), os.pipe()
        try:
            fds = (theirs, forth)
            self.server.run(forked, program.words, environment, log=self.log, cwd=cwd, fds=fds)
        except ForkServerGone as gone:
            raise EnqueueRefused(f"the enqueue program cannot be started: {gone}") from gone
        finally:
            os.close(theirs)
            os.close(forth)
        return _Enqueuer(forked, (ours, back))


@dataclass(slots=True)
class _Enqueuer:
    """An enqueue program that was forked."""

    forked: Forked
    pipes: tuple[int, int]

    def end(self) -> int:
        for pipe in self.pipes:
            os.close(pipe)
        with suppress(ProcessStillRunning):
            self.forked.wait(LEAVE_S)
        self.forked.kill()
        wait_until(lambda: self.forked.status is not None, LEAVE_S)
        self.forked.close()
        status = self.forked.status
        return -1 if status is None or status.code is None else status.code


class _Cold(ChaosError):
    """Workers are started by their command, each anew; the message says why."""


def warm(stage: Stage, directory: Path, stack: ExitStack, progress: Progress) -> Warm | None:
    """A warm server that lives as long as `stack`; None where workers start cold."""
    if stage.target.forkable is not None:
        return None
    try:
        started, modules = _warm(stage, directory, stack)
    except _Cold as reason:
        progress.say(f"workers start cold: {reason}")
        return None
    progress.say(f"workers start warm: forked with {modules} modules imported")
    return started


def _warm(stage: Stage, directory: Path, stack: ExitStack) -> tuple[Warm, int]:
    command, (same, other) = stage.target.worker, _environments(stage)
    program = PythonProgram.of(command.words(_SPEC), same.get("PATH"))
    if program is None:
        raise _Cold(f"{command.argv[0]} is no Python program")
    note = _imports(stage, program, same, directory)
    log = directory / "warm.log"
    server = stack.enter_context(
        WarmServer(program.python, log=log, environment=same, modules=note)
    )
    warmth = server.warmth()
    if warmth is None:
        raise _Cold(f"their Python cannot run a fork server; see {log}")
    if why_not := _why_not(warmth, other):
        raise _Cold(why_not)
    return Warm(target=stage.target, python=program.python, server=server, log=log), warmth.modules


def _imports(
    stage: Stage, program: PythonProgram, environment: dict[str, str], directory: Path
) -> Path:
    """What a worker imports until it has done a job, one module on each line."""
    note, log = directory / "imports.txt", directory / "warm.log"
    with WarmServer(program.python, log=log, environment=environment) as server:
        if server.warmth() is None:
            raise _Cold(f"their Python cannot run a fork server; see {log}")
        stage.warm = Warm(
            target=stage.target, python=program.python, server=server, log=log, note=note
        )
        try:
            run = play(stage, _WATCHED, directory / "watched")
        except ForkServerGone as gone:
            raise _Cold(str(gone)) from gone
        finally:
            stage.warm = None
    if run.trouble or stage.backlog(run.jobs) or not note.exists():
        raise _Cold("; ".join(["a first one did not do its job", *run.trouble[:1]]))
    shutil.rmtree(run.directory)
    names = dict.fromkeys(note.read_text().split())
    note.write_text("".join(f"{name}\n" for name in names))
    return note


_SPEC = WorkerSpec(name="one", url="redis://one:1/1", history="one", settings=SETTINGS, desk="one")
_OTHER = WorkerSpec(
    name="other", url="redis://other:2/2", history="other", settings=PATIENT, desk="other"
)


def _environments(stage: Stage) -> tuple[dict[str, str], set[str]]:
    """The variables that all workers have alike, and the names of the others."""
    one, other = (
        stage.target.worker.environment(spec) for spec in (_SPEC, replace(_OTHER, burst=True))
    )
    same = {name: text for name, text in one.items() if other.get(name) == text}
    return same, one.keys() - same.keys()


def _why_not(warmth: Warmth, other: set[str]) -> str:
    """Why workers may not be forked from a server that has begun like this; empty if they may."""
    if warmth.left:
        return f"their imports leave something behind: {', '.join(warmth.left)}"
    if read := sorted(warmth.read & {*other, "*"}):
        return f"their imports read variables that each worker has of its own: {', '.join(read)}"
    return ""
