-- Guarantee lease: a job counts no more crashes than it had attempts whose holder died or stood still.
-- A row is a job that was claimed and whose count of crashes is known at the end.
-- Broken: it counts more crashes than attempts that may have crashed.
-- An attempt may have crashed if, before it was over, its process died, a fault touched that, it was told to
-- stop, or the machine kept it from a processor for a third of the TTL in the two TTLs after the lock was last
-- renewed; also if its process is not known, and if it was taken back although no claim of it was seen.
-- A process whose job was taken back, and that lives, has not crashed, unless it stood still: it may be counted
-- only where it died, was told to stop or had another fault before it could say that it lives, for which it has
-- the time that a job's recovery takes, from when its last fault was over.
-- Needs: transitions of all its attempts; an intact history. Jobs that were requeued, and servers that may
-- have forgotten an end, are left out.
WITH held AS (
    SELECT h.job, h.on_wire, h.life, h.begin_t, r.t AS renewed_t, k.t IS NOT NULL AS lost,
           coalesce(k.t, CASE WHEN h.ended THEN h.settled_t END, h.next_t, never()) AS over_t
    FROM holds AS h
    LEFT JOIN renewals AS r USING (job, token)
    LEFT JOIN taken_back AS k USING (job, token)
), witnessed AS (
    SELECT *, CASE WHEN lost
                   THEN greatest(over_t, (SELECT max(over_by_t) FROM disturbances
                                          WHERE whom = held.life AND begun_t <= held.over_t))
                        + lock_ttl() + poll() + recovery_slack()
                   ELSE over_t END AS heard_t
    FROM held
), weighed AS (
    SELECT w.job, w.on_wire,
           coalesce(l.dead_from <= w.heard_t, l.life IS NULL)
           OR told_to_stop(w.life, w.heard_t)
           OR w.heard_t > f.t
           OR EXISTS (FROM disturbances WHERE whom = w.life AND over_by_t >= w.begin_t
                      AND CASE WHEN w.lost AND begun_t <= w.over_t THEN still ELSE begun_t <= w.heard_t END)
           OR 3 * lag_between(w.renewed_t, least(w.over_t, w.renewed_t + 2 * lock_ttl())) >= lock_ttl() AS doubtful
    FROM witnessed AS w LEFT JOIN lives AS l USING (life) CROSS JOIN final_read AS f
    UNION ALL
    SELECT job, true, true FROM taken_back ANTI JOIN holds USING (job, token)
), summed AS (
    SELECT job, bool_and(on_wire) AS on_wire, count(*) FILTER (doubtful) AS n FROM weighed GROUP BY job
), judged AS (
    SELECT f.job, f.t, f.crashes, s.n, s.on_wire AND intact() AND NOT server_forgot()
           AND f.job NOT IN (SELECT job FROM jobs WHERE requeued) AS judged
    FROM final_jobs AS f JOIN summed AS s USING (job)
    WHERE f.crashes IS NOT NULL
)
SELECT
    job,
    t,
    judged,
    judged AND crashes > n AS broken,
    format('job {} counts {} crashes, and {} of its attempts may have crashed', job, crashes, n) AS why
FROM judged
