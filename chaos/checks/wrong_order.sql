-- Guarantee right-end: a job ends as its handler and its terms decide, wherever it is interrupted.
-- A row is a job that had to be started after another one (`expected`), where both were started.
-- Broken: it was first claimed, or was first started by the same call, before the other. A worker may be held
-- up after a claim until it may no longer start the job.
-- Needs: an intact history, since it argues from a start that was not seen earlier.
WITH firsts AS (
    SELECT a.job, min(a.start_t) AS start_t, least(min(a.start_t), min(c.t)) AS t
    FROM attempts AS a
    LEFT JOIN transitions AS c ON c.job = a.job AND c.op = 'claim' AND c.applied
    GROUP BY a.job
)
SELECT
    e.job,
    mine.t AS t,
    intact() AS judged,
    judged AND (mine.t, mine.start_t) < (other.t, other.start_t) AS broken,
    format('job {} was taken at {}, before job {} at {}', e.job, at_s(mine.t), e."after", at_s(other.t))
        AS why
FROM events AS e
JOIN firsts AS mine ON mine.job = e.job
JOIN firsts AS other ON other.job = e."after"
