-- Guarantee right-end: a job ends as its handler and its terms decide, wherever it is interrupted.
-- A row is a job that had to be started after another one (`expected`), where both were started.
-- Broken: its first start came before the other's.
-- Needs: an intact history, since it argues from a start that was not seen earlier.
WITH firsts AS (
    SELECT job, min(start_t) AS t FROM attempts GROUP BY job
)
SELECT
    e.job,
    mine.t AS t,
    intact() AS judged,
    judged AND mine.t < other.t AS broken,
    format('job {} was started at {}, before job {} at {}', e.job, at_s(mine.t), e."after", at_s(other.t))
        AS why
FROM events AS e
JOIN firsts AS mine ON mine.job = e.job
JOIN firsts AS other ON other.job = e."after"
