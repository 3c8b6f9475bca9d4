-- Guarantee schedule: nothing starts before its time.
-- A row is one start of a job that was scheduled for a time; or a start after a retry, which waits for as long as
-- the handler had asked for, or as is usual.
-- Broken: it started earlier than that.
-- Needs: the time that the enqueue announced. Of several, the earliest counts. The server's clock tells
-- the time: once it was stepped, it differs from that of the producer, and nothing is early.
WITH timed AS (
    SELECT a.job, a.start_t, j.due_t, j.invoke_t AS from_t
    FROM attempts AS a
    JOIN jobs AS j USING (job)
    WHERE j.due_t IS NOT NULL
    UNION ALL
    SELECT job, start_t, due_from_t, from_t FROM waits WHERE retried AND start_t IS NOT NULL
), cases AS (
    SELECT *, due_t - clock_slack() > from_t AND NOT EXISTS (FROM leaps WHERE leaps.t <= start_t) AS judged
    FROM timed
)
SELECT
    job,
    start_t AS t,
    judged,
    judged AND start_t < due_t - clock_slack() AS broken,
    format('job {} started at {}, {} before its time', job, at_s(start_t), in_ms(due_t - start_t)) AS why
FROM cases
