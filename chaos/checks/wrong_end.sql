-- Guarantee right-end: a job ends as its handler and its terms decide, wherever it is interrupted.
-- A row is a job of which the rig knew how it must end (`expected`), and that it looked at in the end.
-- Broken: it is in another state; it is listed as dead and must not be, or is not and must be; or it has
-- other counts of failures or crashes, other effects, or another result. Servers that may have forgotten
-- something are excused.
-- Needs: the final state. What was not expected, or what the target does not show, is not compared.
WITH ends AS (
    SELECT f.*, coalesce(x.n, 0) AS effects,
           f.job IN (SELECT job FROM finals WHERE what = 'dlq') AS listed
    FROM final_jobs AS f LEFT JOIN final_effects AS x USING (job)
), compared AS (
    SELECT e.job, f.t, NOT server_forgot() AS judged, concat_ws('; ',
        CASE WHEN f.state <> e.state
             THEN format('it is {}, and must be {}', f.state, e.state) END,
        CASE WHEN f.listed <> e.listed
             THEN format('a dead-letter queue lists it: {}, and must: {}', f.listed, e.listed) END,
        CASE WHEN f.retries <> e.retries
             THEN format('it counts {} failures, and must count {}', f.retries, e.retries) END,
        CASE WHEN f.crashes <> e.crashes
             THEN format('it counts {} crashes, and must count {}', f.crashes, e.crashes) END,
        CASE WHEN f.effects <> e.effects AND offers('effects')
             THEN format('it left {} effects, and must leave {}', f.effects, e.effects) END,
        CASE WHEN f.result <> e.result THEN 'it has another result than it must have' END
    ) AS wrong
    FROM events AS e JOIN ends AS f USING (job)
    WHERE e.type = 'expected' AND e.state IS NOT NULL
)
SELECT
    job,
    t,
    judged,
    judged AND wrong <> '' AS broken,
    format('job {}: {}', job, wrong) AS why
FROM compared
