-- Guarantee retry-once: one failure = one increment and one re-queue, together.
-- A row is a job whose final count of retries is known and that failed at least once or counts one.
-- Broken: the count is higher than the number of failures. A failure is a handler that ended in an error,
-- or an attempt whose retry the store accepted. A doomed job may fail once more without its handler
-- (a time-out, an unknown handler).
-- Needs: the final state; an intact history (it argues from failures that were not seen). Jobs that were
-- requeued are left out.
WITH failed AS (
    SELECT job, count(*) AS n, max(end_t) AS t FROM failures GROUP BY job
), silent AS (
    SELECT job, count(*) AS n FROM holds
    WHERE retry_accepted AND NOT coalesce(failed, false) GROUP BY job
), counted AS (
    SELECT f.job, coalesce(failed.t, f.t) AS t, f.retries,
           coalesce(failed.n, 0) + coalesce(silent.n, 0) + j.doomed::BIGINT AS most
    FROM final_jobs AS f
    JOIN jobs AS j USING (job)
    LEFT JOIN failed USING (job)
    LEFT JOIN silent USING (job)
    WHERE f.retries IS NOT NULL AND f.state <> 'missing' AND j.asked AND NOT j.requeued
)
SELECT
    job,
    t,
    intact() AS judged,
    judged AND retries > most AS broken,
    format('job {} counts {} retries, but failed {} times at most', job, retries, most) AS why
FROM counted
WHERE retries > 0 OR most > 0
