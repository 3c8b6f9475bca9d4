-- Guarantee faithful: a job is run and stored as it was enqueued, and what its handler returns is what the
-- store keeps.
-- A row is the key of a job that is completed at the end, and that was to be kept for some time, or for ever (0).
-- Broken: it has longer to live than that, or so little left that it would have been completed before it was
-- enqueued; or it was to be kept for ever, and expires. A key that never expires and should is the matter of
-- `orphan-key`.
-- Needs: the final state with its keys; a server whose clock was not stepped.
WITH known AS (
    SELECT job, min(invoke_t) AS invoke_t, any_value(result_ttl_s) AS ttl_s,
           bool_and(result_ttl_s IS NOT NULL) AND min(result_ttl_s) = max(result_ttl_s)
               AND NOT EXISTS (FROM leaps) AS sure
    FROM makers GROUP BY job
)
SELECT
    k.job,
    f.t,
    k.sure AS judged,
    judged AND CASE k.ttl_s
        WHEN 0 THEN f.ttl_ms >= 0
        ELSE f.ttl_ms NOT BETWEEN k.ttl_s * 1000 - (f.t - k.invoke_t) / 1e6 - 1 AND k.ttl_s * 1000
    END AS broken,
    format('job {} was to be kept for {} s, and has {} ms left', k.job, k.ttl_s, f.ttl_ms) AS why
FROM finals AS f
JOIN known AS k ON k.job = f.owner
JOIN final_jobs AS j ON j.job = f.owner AND j.state = 'completed'
WHERE f.kind = 'job' AND (f.ttl_ms >= 0 OR k.ttl_s = 0)
