-- Guarantee honest-dlq: only a job that used up its budget, or can never run, is dead-lettered.
-- A row is a job that is dead at the end, or that a dead-letter queue names.
-- Broken: it was not doomed, failed less often than max_retries, and can have crashed less often than
-- max_crashes.
-- Every attempt that the store did not surely end in another way may count as a crash: the rig need
-- not see a process die for a lock to expire. Claims that nobody saw may have crashed as well, so the
-- faults that may hide one are added: without a wire, all that landed; with one, those of the server.
-- Needs: the budgets that the enqueue announced; an intact history. Jobs of earlier runs are left alone.
WITH dead AS (
    SELECT job, max(t) AS t FROM (
        SELECT job, t FROM final_jobs WHERE state = 'dead'
        UNION ALL SELECT job, t FROM finals WHERE what = 'dlq')
    GROUP BY job
), hidden AS (
    SELECT count(*) AS n FROM stalls
    WHERE of_server OR NOT EXISTS (FROM transitions WHERE op = 'claim')
), asked AS (
    -- Of several operations that asked for it, any may have made it.
    SELECT job, min(max_retries) AS max_retries FROM enqueues GROUP BY job
), failed AS (
    SELECT job, count(*) AS n FROM failures GROUP BY job
), ended AS (
    SELECT
        job,
        count(*) FILTER (retry_accepted AND NOT coalesce(failed, false)) AS failed,
        count(*) FILTER (
            NOT coalesce(given_up, false)
            AND NOT (coalesce(failed, false) AND coalesce(failure_accepted, false))
            AND NOT (NOT on_wire AND end_t IS NOT NULL
                     AND coalesce(life IN (SELECT life FROM calm_lives), false))
        ) AS crashed
    FROM holds GROUP BY job
), counted AS (
    SELECT d.job, d.t, j.doomed, a.max_retries, j.max_crashes,
           coalesce(f.n, 0) + coalesce(e.failed, 0) AS failed,
           coalesce(e.crashed, 0) + hidden.n AS crashed, c.n AS crashed_surely
    FROM dead AS d
    CROSS JOIN hidden
    JOIN jobs AS j USING (job)
    JOIN asked AS a USING (job)
    LEFT JOIN failed AS f USING (job)
    LEFT JOIN ended AS e USING (job)
    LEFT JOIN (SELECT job, count(*) AS n FROM crashes GROUP BY job) AS c USING (job)
)
SELECT
    job,
    t,
    intact() AND NOT doomed AND (
        failed >= max_retries OR crashed_surely >= max_crashes OR crashed < max_crashes) AS judged,
    judged AND failed < max_retries AND crashed < max_crashes AS broken,
    format('job {} is dead-lettered after {} of {} failures and at most {} of {} crashes', job, failed,
           coalesce(max_retries::VARCHAR, '?'), crashed,
           coalesce(max_crashes::VARCHAR, '?')) AS why
FROM counted
