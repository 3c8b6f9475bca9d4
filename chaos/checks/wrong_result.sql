-- Guarantee faithful: a job is run and stored as it was enqueued, and what its handler returns is what the
-- store keeps.
-- A row is a job that is completed at the end, with a result.
-- Broken: its result is none that a handler of it returned. Of several that succeeded the one counts whose
-- completion the store accepted last, where that was seen, or a later one whose completion got no reply.
-- Needs: the results' digests; an intact history (it argues from a result that was not seen); a server that
-- forgot nothing.
WITH finishes AS (
    SELECT job, token, bool_or(answer IS NOT NULL) AS sure FROM transitions
    WHERE op = 'finish' AND applied GROUP BY job, token
), committed AS (
    SELECT job, max(token) AS last FROM finishes WHERE sure GROUP BY job
), returned AS (
    SELECT e.job, list(e.result) AS results
    FROM events AS e
    LEFT JOIN committed AS c USING (job)
    LEFT JOIN finishes AS x USING (job, token)
    WHERE e.outcome = 'ok' AND e.result IS NOT NULL
      AND (c.last IS NULL OR (e.token >= c.last AND x.sure IS NOT NULL))
    GROUP BY e.job
)
SELECT
    f.job,
    f.t,
    intact() AND NOT server.forgot AS judged,
    judged AND NOT list_contains(r.results, f.result) AS broken,
    format('job {} is completed with the result {}, but its handler returned {}', f.job, f.result,
           array_to_string(r.results, ', ')) AS why
FROM final_jobs AS f
JOIN returned AS r USING (job)
CROSS JOIN (SELECT server_forgot() AS forgot) AS server
WHERE f.state = 'completed' AND f.result IS NOT NULL
