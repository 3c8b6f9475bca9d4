-- Guarantee one-commit: at most one accepted completion per job.
-- A row is one accepted completion seen on the wire, or one job with effects in the store.
-- Broken: an earlier completion of the same job had been accepted, with no requeue that could lie
-- between the two; or the job's effects carry different tokens although it was never requeued.
-- `repeat` answers are not completions: the store recognised a call that was sent again. Nor is one without
-- a token that the same process sends once more, with no start of the job in between: the worker knows of
-- one run only.
-- Needs: transitions, or effects with tokens.
WITH finishes AS (
    SELECT job, token, process, t_sent, t, lag(t_sent) OVER w AS earlier_sent_t,
           lag(token) OVER w AS earlier_token, lag(process) OVER w AS earlier_process
    FROM transitions WHERE op = 'finish' AND accepted
    WINDOW w AS (PARTITION BY job ORDER BY t, t_sent, token)
), cases AS (
    SELECT *, earlier_sent_t IS NULL OR NOT EXISTS (
        FROM requeues AS r WHERE r.job = f.job
        AND coalesce(r.from_t <= f.t, true) AND coalesce(r.until_t >= f.earlier_sent_t, true)
    ) AS judged, token IS NULL AND process = earlier_process AND NOT EXISTS (
        FROM events AS e WHERE e.type = 'start' AND e.job = f.job AND e.t BETWEEN f.earlier_sent_t AND f.t
    ) AS sent_again
    FROM finishes AS f
)
SELECT
    job,
    t,
    judged,
    judged AND earlier_sent_t IS NOT NULL AND NOT sent_again AS broken,
    format('completions of job {} that were sent at {} (token {}) and at {} (token {}) were both accepted',
           job, at_s(earlier_sent_t), coalesce(earlier_token::VARCHAR, 'none'),
           at_s(t_sent), coalesce(token::VARCHAR, 'none')) AS why
FROM cases
UNION ALL
SELECT
    x.job,
    x.t,
    x.tokens > 0 AND NOT coalesce(j.requeued OR j.refused, false) AS judged,
    judged AND x.tokens > 1,
    format('the store holds effects of {} different attempts of job {}', x.tokens, x.job)
FROM final_effects AS x
LEFT JOIN jobs AS j USING (job)
