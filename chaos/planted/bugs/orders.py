"""Bugs in which queue a job belongs to, and whose turn it is."""

from __future__ import annotations

from chaos.planted.bugs.bug import Bug
from chaos.planted.edit import Edit

LOCK_AND_POP, STORE = "lua/lock_and_pop.lua", "store.py"

BUGS = (
    Bug(
        name="batch_backwards",
        sentence="of the jobs of one call the last one is due first",
        edits=(Edit("lua/enqueue.lua", "due + (place + n - 1)", "due - (place + n - 1)"),),
        scenario="steady_load",
        anomaly="starved",
    ),
    Bug(
        name="newest_first",
        sentence="of all due jobs those that came last are taken first",
        edits=(
            Edit(
                LOCK_AND_POP,
                "redis.call('ZRANGEBYSCORE', queue, '-inf', now, 'LIMIT', 0, want)",
                "redis.call('ZREVRANGEBYSCORE', queue, now, '-inf', 'LIMIT', 0, want)",
            ),
        ),
        anomaly="starved",
    ),
    Bug(
        name="handed_back_to_the_tail",
        sentence="a job that is handed back waits behind all others",
        edits=(
            Edit(
                "lua/_give_back.lua",
                "redis.call('ZADD', queue, 0, id)",
                "redis.call('ZADD', queue, now_ms(), id)",
            ),
        ),
        anomaly="starved",
    ),
    Bug(
        name="only_the_first_queue_taken_back",
        sentence="lost jobs of the second queue are not taken back",
        edits=(
            Edit(
                LOCK_AND_POP,
                "    take_back(queue, locks, dlq)\n    if want",
                "    if q == 1 then take_back(queue, locks, dlq) end\n    if want",
            ),
        ),
        anomaly="lost",
    ),
    Bug(
        name="failures_go_to_the_first_queue",
        sentence="a job that has failed waits for its next run in the worker's first queue",
        edits=(
            Edit(
                STORE,
                "        queue, locks, dlq, hints = self._keys[at]\n",
                "        queue, locks, dlq, hints = self._keys[0 if isinstance(outcome, Retry) "
                "else at]\n",
            ),
        ),
        anomaly="inconsistent",
    ),
    Bug(
        name="completions_unlock_the_first_queue",
        sentence="a completed job stays locked unless it is of the worker's first queue",
        edits=(
            Edit(
                STORE,
                "args += (queue + 1, job_id, token, result, effects)",
                "args += (1, job_id, token, result, effects)",
            ),
        ),
        anomaly="inconsistent",
    ),
    Bug(
        name="renewals_go_to_the_first_queue",
        sentence="locks are renewed as if all jobs were of the worker's first queue",
        edits=(
            Edit(STORE, "args += (queue + 1, job_id, token)\n", "args += (1, job_id, token)\n"),
        ),
        anomaly="needless-takeback",
    ),
    Bug(
        name="queues_sorted_in_one_place",
        sentence="locks are looked for by the queues' alphabetical order, which may be another one",
        edits=(
            Edit(
                STORE,
                "self._locks = [keys.locks(name) for name in settings.queues]",
                "self._locks = [keys.locks(name) for name in sorted(settings.queues)]",
            ),
        ),
        anomaly="inconsistent",
    ),
    Bug(
        name="burst_counts_the_last_queue",
        sentence="a burst worker leaves when the last of its queues is empty",
        edits=(
            Edit(
                LOCK_AND_POP,
                "  left = left + redis.call('ZCARD', queue)",
                "  left = redis.call('ZCARD', queue)",
            ),
        ),
        anomaly="early-exit",
    ),
    Bug(
        name="burst_counts_what_is_due",
        sentence="a burst worker leaves although jobs wait for their time or their next run",
        edits=(
            Edit(
                LOCK_AND_POP,
                "left + redis.call('ZCARD', queue)",
                "left + redis.call('ZCOUNT', queue, '-inf', now)",
            ),
        ),
        anomaly="early-exit",
    ),
    Bug(
        name="fraction_of_the_clock",
        sentence="the server's microseconds count ten times, so its clock jumps back every second",
        edits=(Edit("lua/_now.lua", "t[2] / 1000", "t[2] / 100"),),
        anomaly="early-start",
    ),
)
