-- Guarantee no-phantom: nothing runs that was not enqueued, or before it was, or whose enqueue
-- definitely failed.
-- A row is one start of a handler.
-- Broken: nobody asked for the job; or it started before the first request for it was made; or every
-- request for it definitely failed. A request with an unknown outcome may have been accepted.
-- Needs: an intact history (it argues from a request that is not there). A job that is known only
-- from an answer was in the store before the run, and is left alone.
SELECT
    a.job,
    a.start_t AS t,
    intact() AND (j.job IS NULL OR j.asked) AS judged,
    judged AND (
        j.job IS NULL
        OR (j.failed AND j.ack_t IS NULL)
        OR (j.invokes_known AND a.start_t < j.invoke_t - clock_slack())
    ) AS broken,
    format('job {} started at {}, but {}', a.job, at_s(a.start_t), CASE
        WHEN j.job IS NULL THEN 'nobody had enqueued it'
        WHEN j.failed AND j.ack_t IS NULL THEN 'every attempt to enqueue it had failed'
        ELSE 'it was enqueued only at ' || at_s(j.invoke_t) END) AS why
FROM attempts AS a
LEFT JOIN jobs AS j USING (job)
