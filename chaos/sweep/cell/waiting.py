"""Waiting for a process of a cell: until its fault has landed, and until it has ended.

A worker of a queue whose handlers ask the rig does not know when nothing is left. It is told to
leave once it has had nothing to do for a while.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

from chaos.checks.evidence import HOME
from chaos.history.events import FaultBegun, FaultLanded
from chaos.sweep.cell.acting import Acting
from chaos.sweep.cell.changes import PATIENCE_S, Changes
from chaos.sweep.cell.jobs import CellJobs
from chaos.sweep.cell.state import CellPlay, CellProcess

#: A worker that does not leave by itself has nothing to do for so long before it is told to.
_IDLE_S = 0.3


class Waiting:
    """Waits for the processes of one cell, and notes what is wrong with how they end."""

    def __init__(self, play: CellPlay, jobs: CellJobs, changes: Changes, acting: Acting) -> None:
        self._play = play
        self._jobs = jobs
        self._changes = changes
        self._acting = acting
        #: Its workers do not leave by themselves.
        self._asked = play.asking is not None

    def until_hit(self, process: CellProcess) -> None:
        """Wait until a process was hit, or cannot be hit any longer; without a fault, until its
        end."""
        injection = process.injection
        if injection is None:
            return self.until_over(process)
        # A kill is known to have landed a little later than its victim is known to be dead.
        killed_itself = self._play.story.dies
        if self._asked:
            self._until_idle(process, settled=lambda: injection.settled)
            if process.killed and not killed_itself:
                self._changes.wait(lambda: injection.settled)
        else:
            self._changes.wait(
                lambda: (
                    injection.settled or (process.over and (killed_itself or not process.killed))
                )
            )
        if process.over:
            self.until_over(process)
        return None

    def until_over(self, process: CellProcess) -> None:
        """Wait until a process has ended, and note how."""
        if process.awaited:
            return
        # Its SIGTERM may have been meant for a job that another worker took.
        drained = self._acting.told is process.forked
        if self._asked and not process.over:
            self._until_idle(process)
            if not drained:
                if self._let_canary_run(process):
                    self._until_idle(process, again_s=0.0)
                self._send_home(process)
        if not self._changes.wait(lambda: process.over):
            if not (self._asked and (process.sent_home or process.hit)):
                self._play.trouble(f"{process.name} had not left after {PATIENCE_S:g} s")
            process.forked.kill()
            self._changes.wait(lambda: process.over)
        process.awaited = True
        self._note_end(process, drained=drained)

    def _note_end(self, process: CellProcess, *, drained: bool) -> None:
        status = process.life.look() if process.life else None
        if status is None:
            return
        may_be_killed = process.hit or self._play.story.dies
        # When a queue's worker leaves that was told to or hit, and how, is its own affair.
        if self._asked and (process.sent_home or drained or process.hit):
            return
        run = self._play.run
        if not (may_be_killed and process.killed) and status.code != 0 and not run.trouble:
            self._play.trouble(
                f"{process.name} ended with {status} although nobody ended it;"
                f" see its log in {run.directory}"
            )

    def _until_idle(
        self,
        process: CellProcess,
        *,
        settled: Callable[[], bool] = lambda: False,
        again_s: float | None = None,
    ) -> None:
        """Wait until a worker that may not know when nothing is left has ended, or has nothing left
        to do; or until nothing more is to be expected of it, from when it was there: the job of a
        dead worker comes within `again_s`, by default as late as the target says."""
        if again_s is None:
            again_s = self._play.stage.target.again_within_s or 0.0
        came = False
        deadline, idle = self._changes.deadline(again_s + PATIENCE_S), None
        while not (process.over or settled() or deadline.passed):
            if process.came and not came:
                came, deadline = True, self._changes.deadline(again_s + PATIENCE_S / 3)
            busy = not process.came or self._jobs.left() > 0
            idle = None if busy else (idle or self._changes.deadline(_IDLE_S))
            if idle is not None and idle.passed:
                return
            self._changes.pause()

    def _let_canary_run(self, process: CellProcess) -> bool:
        """Of a queue that nobody can look into, a job is lost only if a fresh one is run. True if
        one was: some queues look for the jobs of the dead only then."""
        asking = self._play.asking
        if asking is None or self._jobs.has_canary or process.over or not self._jobs.left():
            return False
        name = self._jobs.enqueue_canary()
        deadline = self._changes.deadline(PATIENCE_S)
        while not (done := asking.succeeded(name)) and not deadline.passed:
            self._changes.pause()
        if not done:
            self._play.trouble(
                f"nobody works in the end: a fresh job was not run within {PATIENCE_S:g} s"
            )
        return done

    def _send_home(self, process: CellProcess) -> None:
        """Tell a worker to leave that does not do so by itself."""
        process.sent_home = True
        about: dict[str, Any] = {"fault": f"home-{process.name}", "kind": "term"}
        about |= {"target": process.name, "phase": HOME}
        self._play.record(FaultBegun(**about))
        process.forked.signal(signal.SIGTERM)
        self._play.record(FaultLanded(**about))
