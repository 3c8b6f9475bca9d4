"""Bugs in how a job comes into the store, for the first time or out of the dead-letter queue."""

from __future__ import annotations

from chaos.planted.bugs.bug import Bug
from chaos.planted.edit import Edit

ENQUEUE, REQUEUE_DLQ, STORE = "lua/enqueue.lua", "lua/requeue_dlq.lua", "store.py"
DEAD_LETTERS = "deadletters.py"

BUGS = (
    Bug(
        name="enqueue_in_two_steps",
        sentence="the job is stored first and queued by a second command; a repeat finds it stored",
        edits=(
            Edit(ENQUEUE, "redis.call('ZADD', queue, unpack(members))\n", ""),
            Edit(
                STORE,
                "                standing[place] = (",
                "                if not job_id:\n"
                '                    queue = keys.queue(jobs[place].fields["queue_name"])\n'
                '                    await self.run([("ZADD", queue, 0, jobs[place].job_id)])\n'
                "                standing[place] = (",
            ),
        ),
        scenario="sweep",
        options=("--life", "enqueue", "--fault", "kill"),
        anomaly="lost",
    ),
    Bug(
        name="repeated_enqueue_is_a_second_job",
        sentence="an enqueue that is sent again after a lost reply queues the job once more",
        edits=(Edit(ENQUEUE, "or some_known and redis.call('EXISTS', job) == 1", ""),),
        scenario="planted.scenarios.lost_replies",
        anomaly="double-commit",
    ),
    Bug(
        name="half_refused_is_refused",
        sentence="a batch is reported as refused although some of its jobs were stored",
        edits=(Edit(STORE, "if len(failed) < len(replies):", "if len(failed) < 0:"),),
        scenario="producers",
        anomaly="phantom",
    ),
    Bug(
        name="unique_key_not_looked_at",
        sentence="an enqueue takes a unique key without looking who holds it",
        edits=(
            Edit(
                ENQUEUE, "(held[unique or ''] or held_by_another(unique, id, job_prefix))", "false"
            ),
        ),
        scenario="planted.scenarios.everyday",
        anomaly="unique-violated",
    ),
    Bug(
        name="deferred_starts_at_once",
        sentence="a deferred job is queued as due now",
        edits=(
            Edit(ENQUEUE, "if due == 0 then due = now + tonumber(ARGV[at + 2]) end", "due = now"),
        ),
        scenario="planted.scenarios.everyday",
        anomaly="early-start",
    ),
    Bug(
        name="dlq_requeue_in_two_steps",
        sentence="a dead job is revived first and queued by a second command",
        edits=(
            Edit(REQUEUE_DLQ, "redis.call('ZADD', queue, now, id)\n", ""),
            Edit(
                DEAD_LETTERS,
                "                left += sum(",
                '                await self._store.run([("ZADD", names[5], 0, one.id)'
                " for names, one in zip(calls, chunk, strict=True)])\n"
                "                left += sum(",
            ),
        ),
        scenario="planted.scenarios.requeue",
        anomaly="lost",
    ),
)
