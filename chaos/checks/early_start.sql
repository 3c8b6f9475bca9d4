-- Guarantee schedule: nothing starts before its time.
-- A row is one start of a job that was scheduled for a time.
-- Broken: it started earlier than that.
-- Needs: the time that the enqueue announced. Of several, the earliest counts. The server's clock tells
-- the time: where it was stepped meanwhile, nothing is early.
SELECT
    a.job,
    a.start_t AS t,
    a.start_t < j.due_t - clock_slack()
        AND NOT EXISTS (FROM leaps WHERE leaps.t BETWEEN j.invoke_t AND a.start_t) AS broken,
    format('job {} started at {}, {} before its time', a.job, at_s(a.start_t),
           in_ms(j.due_t - a.start_t)) AS why
FROM attempts AS a
JOIN jobs AS j USING (job)
WHERE j.due_t IS NOT NULL
