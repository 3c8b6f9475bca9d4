-- Guarantee lease: a job counts each attempt whose holder died with its lock.
-- A row is a job that was taken back from attempts that certainly had crashed, and whose count of crashes is
-- known at the end.
-- Broken: it counts fewer crashes than there were such attempts, and so may crash more often than its budget
-- allows.
-- Needs: the takebacks, with their tokens. Jobs that were requeued, and servers that may have forgotten a
-- count, are left out; so are attempts whose worker may have seen that its lock was over before it died,
-- because it may have said that it lives. (The machine's lag counts twice.)
WITH sure AS (
    SELECT c.job, count(*) AS n
    FROM crashes AS c
    JOIN taken_back AS k ON k.job = c.job AND k.token = c.token
    JOIN renewals AS r ON r.job = c.job AND r.token = c.token
        AND c.dead_by + 2 * lag_between(r.t - lock_ttl(), c.dead_by) < r.t + lock_ttl()
    GROUP BY c.job
), judged AS (
    SELECT f.job, f.t, f.crashes, s.n,
           NOT server_forgot() AND f.job NOT IN (SELECT job FROM jobs WHERE requeued) AS judged
    FROM final_jobs AS f JOIN sure AS s USING (job)
    WHERE f.crashes IS NOT NULL
)
SELECT
    job,
    t,
    judged,
    judged AND crashes < n AS broken,
    format('job {} counts {} crashes, and {} of its attempts crashed', job, crashes, n) AS why
FROM judged
