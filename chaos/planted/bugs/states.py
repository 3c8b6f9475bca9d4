"""Bugs in what the store holds beside a job: dead-letter queue, unique key, counters, lives."""

from __future__ import annotations

from chaos.planted.bugs.bug import Bug
from chaos.planted.edit import Edit

ACQUIT, CANCEL, END = "lua/acquit.lua", "lua/cancel.lua", "lua/_end.lua"
LOCK_AND_POP, REQUEUE_DLQ, UNIQUE = "lua/lock_and_pop.lua", "lua/requeue_dlq.lua", "lua/_unique.lua"

BUGS = (
    Bug(
        name="requeue_keeps_the_failures",
        sentence="a job that is requeued has used up its runs already",
        edits=(Edit(REQUEUE_DLQ, "'PENDING', 'current_retries', 0, ", "'PENDING', "),),
        anomaly="wrong-end",
    ),
    Bug(
        name="requeue_keeps_the_ttl",
        sentence="a job that is requeued expires when it would have as a dead one",
        edits=(Edit(REQUEUE_DLQ, "redis.call('PERSIST', job)\n", ""),),
        anomaly="inconsistent",
    ),
    Bug(
        name="requeue_without_the_unique_key",
        sentence="a job that is requeued does not take its unique key again",
        edits=(Edit(REQUEUE_DLQ, "if unique then redis.call('SET', unique, id) end\n", ""),),
        anomaly="inconsistent",
    ),
    Bug(
        name="requeued_but_still_listed",
        sentence="a job that is requeued stays in the dead-letter queue",
        edits=(
            Edit(REQUEUE_DLQ, "unlist(dlq, id, at)\nredis.call('PERSIST'", "redis.call('PERSIST'"),
        ),
        anomaly="inconsistent",
    ),
    Bug(
        name="requeued_to_the_default_queue",
        sentence="dead jobs are requeued to the default queue",
        edits=(Edit("deadletters.py", "queue = entry.queue or self._name", 'queue = "default"'),),
        anomaly="stuck",
    ),
    Bug(
        name="oldest_dead_jobs_unlisted",
        sentence="for each job that dies two others leave the dead-letter queue",
        edits=(
            Edit(
                END,
                "redis.call('EXISTS', job_prefix .. oldest) == 1 then break",
                "redis.call('EXISTS', job_prefix .. oldest) == 0 then break",
            ),
        ),
        anomaly="inconsistent",
    ),
    Bug(
        name="cancelled_but_still_queued",
        sentence="a job that is cancelled before its start stays in its queue",
        edits=(Edit(CANCEL, "redis.call('ZREM', queue, id)\n", ""),),
        anomaly="inconsistent",
    ),
    Bug(
        name="cancelled_but_still_unique",
        sentence="a cancelled job keeps its unique key",
        edits=(
            Edit(
                END,
                "'next_scheduled_run_time')\n  redis.call('EXPIRE', job, ttl_s)\n"
                "  free_unique(unique_prefix, unique, id)\n",
                "'next_scheduled_run_time')\n  redis.call('EXPIRE', job, ttl_s)\n",
            ),
        ),
        anomaly="orphan-key",
    ),
    Bug(
        name="dead_but_still_unique",
        sentence="a dead job keeps its unique key",
        edits=(
            Edit(
                END,
                "  redis.call('HDEL', job, 'worker_id')\n  redis.call('EXPIRE', job, ttl_s)\n"
                "  free_unique(unique_prefix, unique, id)\n",
                "  redis.call('HDEL', job, 'worker_id')\n  redis.call('EXPIRE', job, ttl_s)\n",
            ),
        ),
        anomaly="orphan-key",
    ),
    Bug(
        name="taken_back_without_its_unique_key",
        sentence="a job that lost its worker gives its unique key up, and is run again",
        edits=(
            Edit(
                LOCK_AND_POP,
                "      taken_back[#taken_back + 1], taken_back",
                "      free_unique(unique_prefix, fields[7], id)\n"
                "      taken_back[#taken_back + 1], taken_back",
            ),
        ),
        anomaly="unique-violated",
    ),
    Bug(
        name="free_while_it_waits_for_its_next_run",
        sentence="the unique key of a job that has failed can be taken by another one",
        edits=(
            Edit(
                UNIQUE, "or status == 'ACTIVE' or status == 'RETRYING')", "or status == 'ACTIVE')"
            ),
        ),
        anomaly="unique-violated",
    ),
    Bug(
        name="acquitted_of_nothing",
        sentence="a worker that lives after all does not lower the count of crashes",
        edits=(Edit(ACQUIT, "whole(fields[4], 0) - 1)", "whole(fields[4], 0))"),),
        anomaly="overcounted-crash",
    ),
    Bug(
        name="acquitted_but_not_queued",
        sentence="a job that was buried for a crash that was none comes back, but not to its queue",
        edits=(
            Edit(
                ACQUIT,
                "  redis.call('PERSIST', job)\n  redis.call('ZADD', queue, 0, id)\n",
                "  redis.call('PERSIST', job)\n",
            ),
        ),
        anomaly="lost",
    ),
    Bug(
        name="claim_record_without_ttl",
        sentence="the record of a worker's last claim outlives it for ever",
        edits=(Edit(LOCK_AND_POP, ", 'PX', RECORD_TTL_MS)", ")"),),
        anomaly="orphan-key",
    ),
    Bug(
        name="hints_without_ttl",
        sentence="hints to idle workers stay for ever where there are none",
        edits=(Edit("lua/_wake.lua", "  redis.call('PEXPIRE', hints, 60000)\n", ""),),
        anomaly="inconsistent",
    ),
    Bug(
        name="waits_for_no_disk",
        sentence="an enqueue that is to be on disk does not wait for the disk",
        edits=(
            Edit("settings.py", '("WAITAOF", 1, self.replicas', '("WAITAOF", 0, self.replicas'),
        ),
        anomaly="lost",
    ),
)
