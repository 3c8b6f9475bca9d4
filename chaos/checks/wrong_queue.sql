-- Guarantee faithful: a job is run and stored as it was enqueued, and what its handler returns is what the
-- store keeps.
-- A row is a place in the store at the end where a job stands beside the name of a queue: its own record, or an
-- entry of a queue, of its locks, or of its dead-letter queue.
-- Broken: the queue is none of those that it was enqueued into, by an operation that may have made it.
-- Needs: the final state with the jobs' queues.
WITH known AS (
    SELECT job, list(queue) AS sent, bool_and(queue IS NOT NULL) AS all_known
    FROM makers GROUP BY job
)
SELECT
    f.job,
    f.t,
    k.all_known AS judged,
    judged AND NOT list_contains(k.sent, f.queue) AS broken,
    format('job {} was enqueued into {}, and stands in {} ({})', f.job, array_to_string(k.sent, ', '),
           f.queue, f.what) AS why
FROM finals AS f
JOIN known AS k USING (job)
WHERE f.queue IS NOT NULL
