-- Guarantee replaced: a fleet ends a worker that hangs, and replaces one that is gone, later each time; it
-- ends no healthy one.
-- A row is a new worker of a fleet that is at least the sixth in a row of some place in it: of a fleet of n,
-- 5n others came since the last that came so long before.
-- Broken: between these a place stood empty for less time than a fleet waits for six restarts of a worker
-- that crashes at once. A worker that lived for more than a second did not crash at once: the rest of its
-- life counts as time that the fleet waited.
-- Excused is what the rig may have seen late, by the lag of the machine.
-- Needs: to have watched the fleet.
WITH beginnings AS (
    SELECT parent, min(exit_t) AS first_t FROM fleet_workers GROUP BY parent
), restarts AS (
    SELECT m.name, m.fleet, m.parent, m.from_t,
           row_number() OVER (PARTITION BY m.parent ORDER BY m.from_t, m.name) AS nth,
           (SELECT count(*) FROM fleet_workers AS o
            WHERE o.parent = m.parent AND o.from_t < b.first_t) AS places
    FROM fleet_workers AS m
    JOIN beginnings AS b ON b.parent = m.parent AND m.from_t >= b.first_t
)
SELECT
    NULL AS job,
    r.from_t AS t,
    true AS judged,
    r.from_t - e.from_t
        - (SELECT sum(least(least(w.exit_t, r.from_t) - greatest(w.from_t, e.from_t), short_life()))
           FROM fleet_workers AS w
           WHERE w.parent = r.parent AND w.from_t < r.from_t AND (w.exit_t < e.from_t) IS NOT TRUE) / r.places
        + lag_between(e.from_t - short_life(), r.from_t) < restart_span() AS broken,
    format('{} was started at {}, and {} others of {} since {}', r.name, at_s(r.from_t), 5 * r.places,
           r.fleet, at_s(e.from_t)) AS why
FROM restarts AS r
JOIN restarts AS e ON e.parent = r.parent AND e.nth = r.nth - 5 * r.places
