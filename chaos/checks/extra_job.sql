-- Guarantee no-phantom: nothing runs that was not enqueued, or before it was, or whose enqueue
-- definitely failed.
-- A row is a job that exists at the end, or that a queue or a list of the dead names twice.
-- Broken: nobody enqueued it; or every enqueue of it definitely failed, or was answered with another job;
-- or it is named twice. An enqueue with an unknown outcome may have made it: one whose job's id nobody
-- knows may have made any.
-- Needs: the final state, with all jobs that are there; an intact history (it argues from a request that is
-- not there). A job that is known only from an answer was in the store before the run.
WITH asked AS (
    SELECT job, bool_and(result = 'fail' OR coalesce(answer_job <> job, false)) AS for_nothing
    FROM enqueues WHERE kind IS DISTINCT FROM 'requeue' GROUP BY job
), nameless AS (
    SELECT count(*) > 0 AS any FROM enqueues WHERE job IS NULL AND result <> 'fail'
), twice AS (
    SELECT job, what, any_value(t) AS t, count(*) AS n FROM finals
    WHERE what IN ('queue', 'dlq') GROUP BY job, what
)
SELECT
    f.job,
    f.t,
    intact() AND (j.job IS NOT NULL OR NOT nameless.any) AS judged,
    judged AND (j.job IS NULL OR (a.for_nothing AND j.ack_t IS NULL)) AS broken,
    format('job {} is {} at the end, but {}', f.job, f.state, CASE
        WHEN j.job IS NULL THEN 'nobody had enqueued it'
        ELSE 'no enqueue of it was accepted as a new job' END) AS why
FROM final_jobs AS f
CROSS JOIN nameless
LEFT JOIN jobs AS j USING (job)
LEFT JOIN asked AS a USING (job)
WHERE f.state <> 'missing'
UNION ALL
SELECT
    job,
    t,
    true AS judged,
    n > 1,
    format('job {} stands {} times in a {}', job, n, CASE what WHEN 'dlq' THEN 'list of the dead'
           ELSE 'queue' END)
FROM twice
