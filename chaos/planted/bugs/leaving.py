"""Bugs in how workers hear of their end, and in how they wait for it."""

from __future__ import annotations

from chaos.planted.bugs.bug import Bug
from chaos.planted.edit import Edit

DRAIN = "lambda: self._hurry or not self._running(), self._settings.drain_timeout_s"
ON_SIGNAL = "worker.drain(hurry=asked and parent_pipe is None)"

BUGS = (
    Bug(
        name="drain_without_a_grace_period",
        sentence="a worker that is told to stop cancels what it runs at once",
        edits=(Edit("worker.py", DRAIN, "lambda: True, self._settings.drain_timeout_s"),),
        scenario="every_signal",
        anomaly="cut-short",
    ),
    Bug(
        name="grace_period_in_the_unit_of_the_cleanup",
        sentence="a draining worker waits for as long as a cancelled job may clean up",
        edits=(Edit("worker.py", DRAIN, DRAIN.replace("drain_timeout_s", "cleanup_timeout_s")),),
        scenario="every_signal",
        anomaly="cut-short",
    ),
    Bug(
        name="drain_lets_locks_lapse",
        sentence="a draining worker renews no locks, because it will not be long",
        edits=(
            Edit(
                "worker.py",
                "return list(self._attempts)",
                "return [] if self._draining else list(self._attempts)",
            ),
        ),
        scenario="every_signal",
        anomaly="cut-short",
    ),
    Bug(
        name="drain_takes_the_health_key_along_at_once",
        sentence="a draining worker says goodbye before its jobs have ended",
        edits=(
            Edit(
                "worker.py",
                "                await self._store.heartbeat(report)\n",
                "                if self._draining:\n"
                "                    await self._store.remove_heartbeat()\n"
                "                else:\n"
                "                    await self._store.heartbeat(report)\n",
            ),
        ),
        scenario="every_signal",
        anomaly="unseen-worker",
    ),
    Bug(
        name="sighup_is_not_heard",
        sentence="a worker has no handler for SIGHUP, which ends it",
        edits=(
            Edit(
                "children.py",
                "return [signal.SIGTERM, signal.SIGINT, *([] if ignored else [signal.SIGHUP])]",
                "return [signal.SIGTERM, signal.SIGINT]",
            ),
        ),
        scenario="every_signal",
        anomaly="worker-died",
    ),
    Bug(
        name="deaf_to_the_second_signal",
        sentence="a second signal to a draining worker changes nothing",
        edits=(Edit("process.py", ON_SIGNAL, "worker.drain()"),),
        scenario="every_signal",
        anomaly="abandoned",
    ),
    Bug(
        name="sigquit_only_drains",
        sentence="SIGQUIT lets what runs go on for the grace period",
        edits=(Edit("process.py", "partial(worker.drain, hurry=True)", "worker.drain"),),
        scenario="every_signal",
        anomaly="abandoned",
    ),
    Bug(
        name="fleet_worker_takes_one_wish_for_two",
        sentence="a worker that a terminal told to stop hurries when its parent repeats that",
        edits=(
            Edit("process.py", "        worker.drain()\n", "        worker.drain(hurry=asked)\n"),
        ),
        anomaly="cut-short",
    ),
    Bug(
        name="fleet_hurries_at_the_first_signal",
        sentence="the parent of a fleet passes its first signal on as if it were the second",
        edits=(
            Edit(
                "fleet.py",
                "            if hurry and slot.pid is not None:\n",
                "            if slot.pid is not None:\n",
            ),
        ),
        scenario="terminal_signals",
        anomaly="cut-short",
    ),
    Bug(
        name="fleet_never_hurries",
        sentence="a second signal to the parent of a fleet does not reach its workers",
        edits=(
            Edit(
                "fleet.py",
                "            if hurry and slot.pid is not None:\n",
                "            if False and slot.pid is not None:\n",
            ),
        ),
        scenario="terminal_signals",
        anomaly="abandoned",
    ),
    Bug(
        name="claim_under_way_is_started_in_the_drain",
        sentence="jobs of a claim that was under way when the drain began are started",
        edits=(
            Edit(
                "worker.py",
                "            if self._draining:  # the claim was under way when the drain began\n"
                "                self._settle(attempt, Release(claimed.lease))\n"
                "                continue\n",
                "",
            ),
        ),
        scenario="signals_on_the_wire",
        anomaly="start-after-drain",
    ),
    Bug(
        name="claim_under_way_is_cut_short",
        sentence="a drain cancels a claim that is under way, and forgets the jobs that it took",
        edits=(
            Edit(
                "worker.py",
                "return await self._store.lock_and_pop(room)",
                "return await self._idle(partial(self._store.lock_and_pop, room))",
            ),
            Edit(
                "worker.py",
                "            return None\n        finally:\n",
                "            self._store.unanswered_claim = False\n"
                "            return None\n        finally:\n",
            ),
        ),
        scenario="signals_on_the_wire",
        anomaly="abandoned",
    ),
    Bug(
        name="locks_counted_by_the_wall_clock",
        sentence="a worker counts the life of its locks on its wall clock, which may be stepped",
        edits=(
            Edit(
                "clock.py",
                "return asyncio.get_running_loop().time()",
                "return datetime.now(UTC).timestamp()",
            ),
        ),
        scenario="worker_clock",
        anomaly="needless-takeback",
    ),
)
