"""Bugs in what is stored about a job: nothing is lost by them at once."""

from __future__ import annotations

from chaos.planted.bugs.bug import Bug
from chaos.planted.edit import Edit

END, FINISH, RETRY, ENQUEUE = "lua/_end.lua", "lua/finish.lua", "lua/retry.lua", "lua/enqueue.lua"
ACQUIT, CANCEL = "lua/acquit.lua", "lua/cancel.lua"

BUGS = (
    Bug(
        name="retry_does_not_tell_when",
        sentence="the hash of a job that is tried again does not say when",
        edits=(
            Edit(
                RETRY,
                "'last_error', err,\n  'next_scheduled_run_time', iso(due))",
                "'last_error', err)",
            ),
        ),
        scenario="steady_load",
        anomaly="inconsistent",
    ),
    Bug(
        name="unique_key_expires",
        sentence="a unique key has a TTL, as in RRQ, and goes before a job that waits for longer",
        edits=(
            Edit(
                ENQUEUE,
                "redis.call('SET', unique, id)",
                "redis.call('SET', unique, id, 'EX', 21600)",
            ),
        ),
        scenario="steady_load",
        anomaly="inconsistent",
    ),
    Bug(
        name="dead_at_the_wrong_end",
        sentence="a dead job is listed after the older ones, where the list is trimmed first",
        edits=(Edit(END, "redis.call('LPUSH', dlq, id)", "redis.call('RPUSH', dlq, id)"),),
        scenario="retry_storm",
        anomaly="inconsistent",
    ),
    Bug(
        name="dead_for_minutes",
        sentence="the TTL of a dead job is taken for milliseconds",
        edits=(
            Edit(
                END,
                "  redis.call('HDEL', job, 'worker_id')\n  redis.call('EXPIRE', job, ttl_s)",
                "  redis.call('HDEL', job, 'worker_id')\n  redis.call('PEXPIRE', job, ttl_s)",
            ),
        ),
        scenario="retry_storm",
        anomaly="inconsistent",
    ),
    Bug(
        name="completed_at_no_time",
        sentence="a completed job does not say when it was completed",
        edits=(Edit(FINISH, "'result', result, 'completion_time', now)", "'result', result)"),),
        scenario="retry_storm",
        anomaly="inconsistent",
    ),
    Bug(
        name="acquitted_and_still_charged",
        sentence="an acquittal lowers the count of crashes and leaves the charge",
        edits=(Edit(ACQUIT, "{'charged', charged, 'crashes',", "{'crashes',"),),
        scenario="pause_past_heartbeat",
        anomaly="inconsistent",
    ),
    Bug(
        name="cancelled_and_still_due",
        sentence="the hash of a cancelled job goes on saying when it is due",
        edits=(Edit(END, "'cancel_requested', 'next_scheduled_run_time')", "'cancel_requested')"),),
        scenario="steady_load",
        anomaly="inconsistent",
    ),
)
