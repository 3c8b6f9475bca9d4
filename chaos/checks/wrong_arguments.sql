-- Guarantee faithful: a handler gets the arguments that were enqueued, and what it returns is what the
-- store keeps.
-- A row is a start of a handler, or a job in the store at the end, with the arguments that it had.
-- Broken: they are none of those that were enqueued for it. Of several enqueues of one id only those count
-- that began before the first of them was acknowledged: a later one changes nothing. One that definitely
-- failed, or that another job answered for, does not count either.
-- Needs: the arguments' digests. Where the server may have forgotten a job, a later enqueue counts too.
WITH asked AS (
    SELECT job, invoke_t, ok_t, arguments
    FROM enqueues
    WHERE kind IS DISTINCT FROM 'requeue' AND result <> 'fail' AND coalesce(answer_job, job) = job
), stood AS (
    SELECT job, min(ok_t) AS ok_t FROM asked GROUP BY job
), known AS (
    SELECT job, list(a.arguments) AS sent, bool_and(a.arguments IS NOT NULL) AS all_known
    FROM asked AS a JOIN stood AS s USING (job)
    WHERE s.ok_t IS NULL OR a.invoke_t < s.ok_t OR server_forgot()
    GROUP BY job
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
