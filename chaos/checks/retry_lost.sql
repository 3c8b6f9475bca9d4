-- Guarantee retry-once: one failure = one increment and one re-queue, together.
-- A row is a job whose final count of retries is known and that failed at least once.
-- Broken: the count is lower than the number of failures that the store certainly recorded (see
-- `failures` in views.sql). The failure that used up the budget counts too.
-- A doomed job may be buried without a count, so there only retries count, not its burial.
-- Needs: the final state. Jobs that were requeued, and servers that may have forgotten a count, are
-- left out.
WITH recorded AS (
    SELECT f.job, max(f.end_t) AS t, NOT server_forgot() AS remembered,
           count(*) FILTER (f.sure AND (NOT j.doomed OR h.retry_accepted)) AS n
    FROM failures AS f
    JOIN jobs AS j ON j.job = f.job
    LEFT JOIN holds AS h ON h.job = f.job AND h.token = f.token
    WHERE NOT j.requeued
    GROUP BY f.job
)
SELECT
    r.job,
    r.t,
    r.n > 0 AND r.remembered AS judged,
    judged AND f.retries < r.n AS broken,
    format('{} failures of job {} were recorded, the last one at {}, but it counts {} retries',
           r.n, r.job, at_s(r.t), f.retries) AS why
FROM recorded AS r
JOIN final_jobs AS f USING (job)
WHERE f.retries IS NOT NULL AND f.state <> 'missing'
