-- Guarantee one-commit: at most one accepted completion per job.
-- A row is one accepted completion seen on the wire, or one job with effects in the store.
-- Broken: an earlier completion of the same job had been accepted, with no requeue that could lie
-- between the two; or the job's effects carry different tokens although it was never requeued.
-- `repeat` answers are not completions: the store recognised a call that was sent again.
-- Needs: transitions, or effects with tokens.
WITH finishes AS (
    SELECT job, token, t_sent, t, lag(t_sent) OVER w AS earlier_sent_t, lag(token) OVER w AS earlier_token
    FROM transitions WHERE op = 'finish' AND accepted
    WINDOW w AS (PARTITION BY job ORDER BY t, t_sent, token)
)
SELECT
    f.job,
    f.t,
    f.earlier_sent_t IS NOT NULL AND NOT EXISTS (
        FROM requeues AS r WHERE r.job = f.job
        AND coalesce(r.from_t <= f.t, true) AND coalesce(r.until_t >= f.earlier_sent_t, true)
    ) AS broken,
    format('completions of job {} that were sent at {} (token {}) and at {} (token {}) were both accepted',
           f.job, at_s(f.earlier_sent_t), coalesce(f.earlier_token::VARCHAR, 'none'),
           at_s(f.t_sent), coalesce(f.token::VARCHAR, 'none')) AS why
FROM finishes AS f
UNION ALL
SELECT
    x.job,
    x.t,
    x.tokens > 1 AND NOT coalesce(j.requeued, false),
    format('the store holds effects of {} different attempts of job {}', x.tokens, x.job)
FROM final_effects AS x
LEFT JOIN jobs AS j USING (job)
