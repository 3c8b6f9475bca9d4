-- Guarantee replaced: a fleet ends a worker that hangs, and replaces one that is gone, later each time; it
-- ends no healthy one.
-- A row is a new worker of a fleet that is at least the sixth in a row of some place in it: of a fleet of n,
-- 5n others came since the last that came so long before.
-- Broken: these came within less time than six restarts of a worker that crashes at once may take.
-- Needs: to have watched the fleet.
WITH members AS (
    SELECT name, fleet, from_t, exit_t FROM lives WHERE fleet IS NOT NULL AND works
), beginnings AS (
    SELECT fleet, min(exit_t) AS first_t FROM members GROUP BY fleet
), restarts AS (
    SELECT m.name, m.fleet, m.from_t,
           row_number() OVER (PARTITION BY m.fleet ORDER BY m.from_t, m.name) AS nth,
           (SELECT count(*) FROM members AS o WHERE o.fleet = m.fleet AND o.from_t < b.first_t) AS places
    FROM members AS m
    JOIN beginnings AS b ON b.fleet = m.fleet AND m.from_t >= b.first_t
)
SELECT
    NULL AS job,
    r.from_t AS t,
    true AS judged,
    r.from_t - e.from_t < restart_span() AS broken,
    format('{} was started at {}, and {} others of {} since {}', r.name, at_s(r.from_t), 5 * r.places,
           r.fleet, at_s(e.from_t)) AS why
FROM restarts AS r
JOIN restarts AS e ON e.fleet = r.fleet AND e.nth = r.nth - 5 * r.places
