-- Guarantee faithful: a job is run and stored as it was enqueued, and what its handler returns is what the
-- store keeps.
-- A row is a start of a handler, or a job in the store at the end, with the arguments that it had.
-- Broken: they are none of those that were enqueued for it, by an operation that may have made it.
-- Needs: the arguments' digests.
WITH known AS (
    SELECT job, list(arguments) AS sent, bool_and(arguments IS NOT NULL) AS all_known
    FROM makers GROUP BY job
), seen AS (
    SELECT job, t, arguments, 'its handler got' AS place FROM events WHERE type = 'start'
    UNION ALL
    SELECT job, t, arguments, 'the store has' FROM finals
)
SELECT
    s.job,
    s.t,
    k.all_known AS judged,
    judged AND NOT list_contains(k.sent, s.arguments) AS broken,
    format('of job {}, {} other arguments ({}) than were enqueued ({})', s.job, s.place, s.arguments,
           array_to_string(k.sent, ', ')) AS why
FROM seen AS s
JOIN known AS k USING (job)
WHERE s.arguments IS NOT NULL
