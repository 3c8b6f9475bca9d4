-- Guarantee lease: a job counts no more crashes than it had attempts whose holder died or stood still.
-- A row is a job that was claimed and whose count of crashes is known at the end.
-- Broken: it counts more crashes than attempts that may have crashed.
-- An attempt may have crashed if, before it was over, its process died, a fault touched that, it was told to
-- stop, or the machine kept it from a processor for a third of the TTL since the lock was last renewed; also
-- if its process is not known, and if it was taken back although no claim of it was seen.
-- Needs: transitions of all its attempts; an intact history. Jobs that were requeued, and servers that may
-- have forgotten an end, are left out.
WITH held AS (
    SELECT h.job, h.on_wire, h.life, h.begin_t, r.t AS renewed_t,
           coalesce(k.t, CASE WHEN h.ended THEN h.settled_t END, h.next_t, never()) AS over_t
    FROM holds AS h
    LEFT JOIN renewals AS r USING (job, token)
    LEFT JOIN taken_back AS k USING (job, token)
), weighed AS (
    SELECT held.job, held.on_wire,
           coalesce(l.dead_from <= held.over_t, l.life IS NULL)
           OR told_to_stop(held.life, held.over_t)
           OR disturbed(held.life, held.begin_t, held.over_t)
           OR 3 * lag_between(held.renewed_t, held.over_t) >= lock_ttl() AS doubtful
    FROM held LEFT JOIN lives AS l USING (life)
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
