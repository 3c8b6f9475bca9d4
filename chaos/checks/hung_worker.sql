-- Guarantee replaced: a fleet ends a worker that hangs, and replaces one that is gone, later each time; it
-- ends no healthy one.
-- A row is a fault that kept a worker of a fleet from doing anything for longer than its parent puts up
-- with, and than the parent takes to see that; the lag of the machine counts twice.
-- Broken: the worker was still there.
-- It is a case once that time is over, or the worker is gone. No case is a worker that the rig ended or told
-- to stop before, nor one whose parent was told to stop, or had a fault of its own.
-- Needs: to know how long the parent puts up with it.
WITH hung AS (
    SELECT l.life, l.parent, l.orphan_t, l.name, l.exit_t, s.from_t,
           s.from_t + hung() + restart_slack()
               + 2 * lag_between(s.from_t, s.from_t + hung() + restart_slack()) AS deadline, s.until_t
    FROM life_stalls AS s
    JOIN fleet_workers AS l USING (life)
    WHERE hung() > 0 AND s.hangs
), awaited AS (
    SELECT *, least(deadline, exit_t) AS over_t FROM hung
)
SELECT
    NULL AS job,
    h.deadline AS t,
    true AS judged,
    coalesce(h.exit_t > h.deadline, true) AS broken,
    format('{} hung from {} on, and was still there at {}', h.name, at_s(h.from_t),
           at_s(h.deadline)) AS why
FROM awaited AS h
CROSS JOIN final_read AS f
WHERE f.t > h.over_t AND h.until_t > h.over_t AND h.orphan_t > h.over_t
  AND NOT EXISTS (FROM drains AS d WHERE d.life IN (h.life, h.parent) AND d.from_t <= h.over_t)
  AND NOT EXISTS (FROM life_stalls AS s
                  WHERE CASE s.life WHEN h.life THEN s.ends WHEN h.parent THEN s.own END
                    AND s.from_t <= h.over_t AND s.until_t >= h.from_t)
