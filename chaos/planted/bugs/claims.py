"""Bugs in how jobs are taken off the queue, and how they come back to it."""

from __future__ import annotations

from chaos.planted.bugs.bug import Bug
from chaos.planted.edit import Edit

LOCK_AND_POP, STORE = "lua/lock_and_pop.lua", "store.py"

_NO_LOCK = Edit(
    LOCK_AND_POP, "  if #held > 0 then redis.call('ZADD', locks, unpack(held)) end\n", ""
)

BUGS = (
    Bug(
        name="pop_without_lock",
        sentence="a claim takes jobs off the queue and locks nothing",
        edits=(_NO_LOCK,),
        scenario="kill_during_claim",
        anomaly="lost",
        options=("--jobs", "12", "--workers", "1"),
    ),
    Bug(
        name="lock_and_pop_in_two_steps",
        sentence="a claim takes jobs off the queue and locks them by a second command",
        edits=(
            _NO_LOCK,
            Edit(
                STORE,
                "        return Claim(\n",
                "        expiry = int(time.time() * 1000) + s.lock_ttl_ms\n"
                "        for n in range(0, len(flat), 10):\n"
                "            lock = (self._locks[flat[n] - 1], expiry, flat[n + 1])\n"
                '            await self.run([("ZADD", *lock)])\n'
                "        return Claim(\n",
            ),
        ),
        scenario="sweep",
        options=("--life", "succeeds", "--fault", "kill"),
        anomaly="lost",
    ),
    Bug(
        name="ghost_ids_stop_the_queue",
        sentence="a queued id whose job is gone makes every claim fail",
        edits=(
            Edit(
                LOCK_AND_POP,
                "  redis.call('ZREM', queue, unpack(gone))\n",
                "  if #ghosts > 0 then error('there is no job ' .. ghosts[1]) end\n"
                "  redis.call('ZREM', queue, unpack(gone))\n",
            ),
        ),
        scenario="planted.scenarios.everyday",
        anomaly="stuck",
    ),
    Bug(
        name="due_times_ignored",
        sentence="a claim takes jobs that are not due yet",
        edits=(
            Edit(
                LOCK_AND_POP,
                "'ZRANGEBYSCORE', queue, '-inf', now,",
                "'ZRANGEBYSCORE', queue, '-inf', '+inf',",
            ),
        ),
        scenario="planted.scenarios.everyday",
        anomaly="early-start",
    ),
    Bug(
        name="expired_locks_never_taken_back",
        sentence="no worker takes back the jobs of the dead",
        edits=(
            Edit(
                LOCK_AND_POP,
                "  if some and not repeated then\n    take_back(queue, locks, dlq)\n",
                "  if some and not repeated then\n",
            ),
        ),
        scenario="planted.scenarios.left_behind",
        anomaly="late-redelivery",
    ),
    Bug(
        name="taken_back_a_second_early",
        sentence="locks are taken back one second before they expire",
        edits=(
            Edit(
                LOCK_AND_POP,
                "'ZRANGEBYSCORE', locks, '-inf', now,",
                "'ZRANGEBYSCORE', locks, '-inf', now + 1000,",
            ),
        ),
        scenario="planted.scenarios.long_jobs",
        anomaly="premature-redelivery",
    ),
    Bug(
        name="clock_of_the_worker",
        sentence="expiry is judged by the workers' clocks, which are seconds apart",
        edits=(
            Edit(LOCK_AND_POP, "local now = now_ms()\n", "local now = tonumber(ARGV[10])\n"),
            Edit(STORE, "import json\nimport time\n", "import json\nimport os\nimport time\n"),
            Edit(
                STORE,
                "        call = scripts.LOCK_AND_POP.call(self._claim_keys, "
                "[*args, keys.JOB, keys.UNIQUE])\n",
                '        ahead_s = int(os.environ["CHAOS_PROCESS"][-1])  # worker-2 by 2 s\n'
                "        now_ms = int(1000 * (time.time() + ahead_s))\n"
                "        call = scripts.LOCK_AND_POP.call("
                "self._claim_keys, [*args, keys.JOB, keys.UNIQUE, now_ms])\n",
            ),
        ),
        scenario="planted.scenarios.long_jobs",
        anomaly="premature-redelivery",
    ),
    Bug(
        name="poison_never_buried",
        sentence="a job that keeps losing its worker comes back for ever",
        edits=(Edit(LOCK_AND_POP, "and crashes >= max_crashes then", "and false then"),),
        scenario="planted.scenarios.crashes",
        anomaly="budget-exceeded",
    ),
    Bug(
        name="poison_buried_too_early",
        sentence="a job is dead-lettered one lost worker too early",
        edits=(
            Edit(LOCK_AND_POP, "crashes >= max_crashes then", "crashes + 1 >= max_crashes then"),
        ),
        scenario="planted.scenarios.crashes",
        anomaly="false-dead-letter",
    ),
)
