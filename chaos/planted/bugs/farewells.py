"""Bugs in how a worker hears that it is to leave, and how long it then stays."""

from __future__ import annotations

from chaos.planted.bugs.bug import Bug
from chaos.planted.edit import Edit

CHILDREN, PROCESS, WORKER = "children.py", "process.py", "worker.py"

BUGS = (
    Bug(
        name="grace_and_cleanup_swapped",
        sentence="running jobs get the time that a cancelled one has, and the other way round",
        edits=(
            Edit(
                WORKER,
                "not self._running(), self._settings.drain_timeout_s\n",
                "not self._running(), self._settings.cleanup_timeout_s\n",
            ),
            Edit(
                WORKER,
                "lambda: not self._running(), self._settings.cleanup_timeout_s)",
                "lambda: not self._running(), self._settings.drain_timeout_s)",
            ),
        ),
        anomaly="cut-short",
    ),
    Bug(
        name="no_grace_for_threads",
        sentence="a worker that leaves does not wait for plain functions",
        edits=(
            Edit(
                WORKER,
                "            lambda: self._hurry or not self._running(),",
                "            lambda: self._hurry or all(a.thread for a in self._running()),",
            ),
        ),
        anomaly="cut-short",
    ),
    Bug(
        name="a_running_thread_is_handed_back",
        sentence="a plain function that does not stop is handed back while it runs",
        edits=(
            Edit(
                "attempt.py",
                "self.task is not None and self.thread is None:",
                "self.task is not None:",
            ),
        ),
        anomaly="overlap",
    ),
    Bug(
        name="the_first_signal_hurries",
        sentence="the first signal to leave counts as the second one",
        edits=(Edit(PROCESS, "    asked = False\n", "    asked = True\n"),),
        anomaly="cut-short",
    ),
    Bug(
        name="hang_up_kills",
        sentence="SIGHUP ends a worker at once",
        edits=(
            Edit(
                CHILDREN,
                "[signal.SIGTERM, signal.SIGINT, *([] if ignored else [signal.SIGHUP])]",
                "[signal.SIGTERM, signal.SIGINT, *([signal.SIGHUP] if ignored else [])]",
            ),
        ),
        anomaly="abandoned",
    ),
    Bug(
        name="interrupt_is_not_heard",
        sentence="a worker goes on when it is interrupted from the terminal (SIGINT)",
        edits=(
            Edit(CHILDREN, "return [signal.SIGTERM, signal.SIGINT, *", "return [signal.SIGTERM, *"),
        ),
        anomaly="start-after-drain",
    ),
    Bug(
        name="unanswered_claim_is_left_behind",
        sentence="a worker that leaves forgets a claim whose answer has not come",
        edits=(
            Edit(
                WORKER,
                "        if self._store.unanswered_claim:  # repeat",
                "        if False:  # repeat",
            ),
        ),
        anomaly="abandoned",
    ),
    Bug(
        name="a_late_claim_is_started",
        sentence="jobs of a claim that was under way when the worker was told to leave are started",
        edits=(
            Edit(
                WORKER,
                "            if self._draining:  # the claim",
                "            if self._hurry:  # the claim",
            ),
        ),
        anomaly="start-after-drain",
    ),
    Bug(
        name="leaves_before_outcomes_are_written",
        sentence="a worker leaves without waiting until its last outcomes are written",
        edits=(
            Edit(
                WORKER,
                "self._until(lambda: not self._attempts, self._settings.lock_ttl_ms / 1000)",
                "self._until(lambda: not self._attempts, 0.0)",
            ),
        ),
        anomaly="abandoned",
    ),
    Bug(
        name="second_signal_kills_the_fleet",
        sentence="the second signal to a fleet kills its workers",
        edits=(
            Edit(
                "fleet.py", "os.kill(slot.pid, signal.SIGQUIT)", "os.kill(slot.pid, signal.SIGKILL)"
            ),
        ),
        anomaly="abandoned",
    ),
)
