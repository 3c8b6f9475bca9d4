-- Guarantee schedule: nothing starts before its time.
-- A row is one start of a job that was scheduled for a time.
-- Broken: it started earlier than that.
-- Needs: the time that the enqueue announced. Of several, the earliest counts. The server's clock tells
-- the time: once it was stepped, it differs from that of the producer, and nothing is early.
WITH cases AS (
    SELECT a.job, a.start_t, j.due_t,
           j.due_t - clock_slack() > j.invoke_t
               AND NOT EXISTS (FROM leaps WHERE leaps.t <= a.start_t) AS judged
    FROM attempts AS a
    JOIN jobs AS j USING (job)
    WHERE j.due_t IS NOT NULL
)
SELECT
    job,
    start_t AS t,
    judged,
    judged AND start_t < due_t - clock_slack() AS broken,
    format('job {} started at {}, {} before its time', job, at_s(start_t), in_ms(due_t - start_t)) AS why
FROM cases
