-- Guarantee burst: in burst mode no worker of the fleet leaves while work remains.
-- A row is a burst worker that left by itself, with code 0, untouched by any signal of the rig.
-- Broken: a job that had been acknowledged in time was worked on after that, or is unfinished at the
-- end.
-- "In time" is before the worker was ready, or `leaving_slack` before it was seen gone: a process takes a
-- while to leave, and work that arrives in between is not its fault.
-- Work is what `last_work` in views.sql knows of.
-- Needs: acknowledged jobs, and an exit with its code.
WITH work AS (
    SELECT j.job, j.ack_t, CASE
        WHEN f.state IN ('queued', 'active', 'retrying') THEN never()
        ELSE w.t END AS last_t
    FROM jobs AS j
    LEFT JOIN last_work AS w USING (job)
    LEFT JOIN final_jobs AS f USING (job)
    WHERE NOT j.requeued
), remaining AS (
    -- The job acknowledged first among those that were worked on at last_t or later.
    SELECT last_t, min(ack_t) OVER w AS ack_t, arg_min(job, ack_t) OVER w AS job
    FROM work
    WINDOW w AS (ORDER BY last_t DESC, ack_t, job ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
), exits AS (
    SELECT life, name, exit_t,
           greatest(exit_t - leaving_slack(), ready_t) AS in_time_t
    FROM lives
    WHERE works AND burst AND code = 0 AND signal IS NULL AND kill_t IS NULL
      AND life NOT IN (SELECT life FROM drains)
), begun AS (
    SELECT min(ack_t) AS t FROM work
)
SELECT
    r.job,
    e.exit_t AS t,
    begun.t < e.in_time_t AS judged,
    r.ack_t < e.in_time_t AS broken,
    format('{} left at {} although job {}, acknowledged at {}, was not finished', e.name, at_s(e.exit_t),
           coalesce(r.job, '-'), coalesce(at_s(r.ack_t), '-')) AS why
FROM exits AS e
CROSS JOIN begun
ASOF LEFT JOIN remaining AS r ON e.exit_t < r.last_t
