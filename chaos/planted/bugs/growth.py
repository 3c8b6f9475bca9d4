"""Bugs that do no harm to any job: a process keeps what it need not, or asks too often."""

from __future__ import annotations

from chaos.planted.bugs.bug import Bug
from chaos.planted.edit import Edit

STORE, SETTLER, WORKER, TROUBLE = "store.py", "settler.py", "worker.py", "trouble.py"

BUGS = (
    Bug(
        name="outcomes_are_remembered",
        sentence="every attempt has an entry in the settler's count of strikes, for ever",
        edits=(
            Edit(
                SETTLER,
                "        self._pending.append(attempt)\n        self._arrived()",
                "        self._pending.append(attempt)\n        self._strikes[attempt] = 0\n"
                "        self._arrived()",
            ),
            Edit(
                SETTLER,
                "            self._strikes.pop(attempt, None)\n            if isinstance(answer",
                "            if isinstance(answer",
            ),
        ),
        scenario="steady_load",
        anomaly="leak",
    ),
    Bug(
        name="a_timer_for_each_job",
        sentence="a timer is set for each job's time-out, and never cancelled when the job is done",
        edits=(
            Edit(
                WORKER,
                "            attempt.task.add_done_callback(partial(self._ended, attempt))",
                "            attempt.task.add_done_callback(partial(self._ended, attempt))\n"
                "            self._loop.call_later(claimed.timeout_s, attempt.stop)",
            ),
        ),
        scenario="steady_load",
        anomaly="leak",
    ),
    Bug(
        name="a_connection_for_each_retry",
        sentence="a failure is written over a connection of its own, which is left open",
        edits=(
            Edit(
                STORE,
                "        self._claims = 0\n",
                "        self._claims = 0\n        self._apart: list[Any] = []\n",
            ),
            Edit(
                STORE,
                "        finished = iter(",
                "        if any(isinstance(o, Retry) for o in outcomes):\n"
                "            self._apart.append(self.apart())\n"
                '            await self._apart[-1].run([("PING",)])\n'
                "        finished = iter(",
            ),
        ),
        scenario="steady_load",
        anomaly="leak",
    ),
    Bug(
        name="a_watcher_for_each_reset",
        sentence="whenever the server cannot be reached a task is left behind that watches it",
        edits=(
            Edit(
                TROUBLE,
                "        self._failures += 1\n",
                "        self._failures += 1\n"
                "        import asyncio\n"
                "        watch = asyncio.create_task(self._world.clock.pause(3600.0))\n"
                '        self._watching = [*getattr(self, "_watching", ()), watch]\n',
            ),
        ),
        scenario="steady_load",
        anomaly="leak",
    ),
    Bug(
        name="no_wait_between_claims",
        sentence="an idle worker asks for jobs all the time",
        edits=(
            Edit(WORKER, "self._store.lock_and_pop, 1, wait_s", "self._store.lock_and_pop, 1, 0.0"),
        ),
        anomaly="hammering",
    ),
    Bug(
        name="no_wait_after_a_refusal",
        sentence="what the server has refused is tried again at once",
        edits=(Edit(TROUBLE, "min(at_most_s, self._backoff.next())", "0"),),
        anomaly="hammering",
    ),
)
