"""Bugs in how many jobs a worker runs, and what it leaves behind."""

from __future__ import annotations

from chaos.planted.bugs.bug import Bug
from chaos.planted.edit import Edit

STORE, TROUBLE, WORKER = "store.py", "trouble.py", "worker.py"

BUGS = (
    Bug(
        name="slot_of_a_deaf_thread_is_given_away",
        sentence="a plain function that outlasts its time-out no longer counts",
        edits=(
            Edit(
                WORKER,
                "        if attempt.thread is not None and not attempt.thread.done():\n",
                "        if False:\n",
            ),
        ),
        anomaly="over-capacity",
    ),
    Bug(
        name="slot_of_a_deaf_thread_is_lost",
        sentence="the slot of a plain function that outlasted its time-out stays taken for ever",
        edits=(
            Edit(
                WORKER,
                "            attempt.thread.add_done_callback(self._thread_ended)\n",
                "            pass\n",
            ),
        ),
        anomaly="worker-idle",
    ),
    Bug(
        name="one_job_too_many",
        sentence="a worker runs one job more than it has slots",
        edits=(
            Edit(WORKER, "room = min(slots - self._busy,", "room = min(slots + 1 - self._busy,"),
        ),
        anomaly="over-capacity",
    ),
    Bug(
        name="slot_lost_with_the_lock",
        sentence="the slot of a job whose lock was lost stays taken for ever",
        edits=(
            Edit(
                WORKER,
                "        else:\n            self._free_slot()\n        self._settle(",
                "        elif attempt in self._attempts:\n"
                "            self._free_slot()\n        self._settle(",
            ),
        ),
        anomaly="worker-idle",
    ),
    Bug(
        name="waits_for_ever_for_a_hint",
        sentence="a wait of less than a second for a hint has no end",
        edits=(Edit(STORE, "max(LEAST_WAIT_S, round(at_most_s, 3))", "int(at_most_s)"),),
        anomaly="late-start",
    ),
    Bug(
        name="back_off_without_bound",
        sentence="the wait after a connection error grows without bound",
        edits=(
            Edit(
                TROUBLE,
                "min(self._next_s * 2, self._high_s)",
                "max(self._next_s * 2, self._high_s)",
            ),
        ),
        anomaly="late-start",
    ),
    Bug(
        name="polls_without_back_off",
        sentence="an idle worker polls as often as it can",
        edits=(Edit(WORKER, "min(poll.next(), self._longest_wait_s)", "LEAST_WAIT_S"),),
        anomaly="hammering",
    ),
    Bug(
        name="claims_at_once_after_an_error",
        sentence="a worker whose claim fails claims again at once",
        edits=(
            Edit(
                WORKER,
                "await self._idle(partial(trouble.wait, error))",
                "await self._idle(partial(trouble.wait, error, 0.0))",
            ),
        ),
        anomaly="hammering",
    ),
    Bug(
        name="each_error_opens_a_new_pool",
        sentence="a worker opens new connections after each error, and keeps the old ones",
        edits=(
            Edit(
                WORKER,
                "                await self._idle(partial(trouble.wait, error))\n",
                "                self._pools.append(self._store.redis)\n"
                "                self._store.redis = connect(self._settings)\n"
                "                await self._idle(partial(trouble.wait, error))\n",
            ),
            Edit(
                WORKER,
                "        self._dropped = 0\n",
                "        self._dropped = 0\n        self._pools: list[Redis] = []\n",
            ),
            Edit(
                WORKER,
                "from .store import LEAST_WAIT_S, WorkerStore\n",
                "from .store import LEAST_WAIT_S, WorkerStore, connect\n",
            ),
        ),
        anomaly="leak",
    ),
    Bug(
        name="attempts_are_kept",
        sentence="a worker keeps every job that it has ever held",
        edits=(
            Edit(
                WORKER,
                "            self._attempts.add(attempt)\n",
                "            self._attempts.add(attempt)\n"
                "            self._known.append(attempt)\n",
            ),
            Edit(
                WORKER,
                "        self._dropped = 0\n",
                "        self._dropped = 0\n        self._known: list[Attempt] = []\n",
            ),
        ),
        anomaly="leak",
    ),
)
