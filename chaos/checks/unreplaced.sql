-- Guarantee replaced: a fleet ends a worker that hangs, and replaces one that is gone, later each time; it
-- ends no healthy one.
-- A row is a worker of a fleet that is gone: one of its first workers, or one of the first four to go. (Of
-- a worker that goes again and again the next one may come much later.) Of a burst fleet, whose workers
-- leave when nothing is left, those count that were killed or told to leave.
-- Broken: the n-th to go was not followed by the n-th new one in time, of which there is more where others went
-- shortly before: for each of them thrice the time that one of the first workers took to come, on average. The
-- lag of the machine counts twice. A parent that stood still, or had another fault of its own, has its time from
-- then on.
-- Excused is a fleet whose parent was told to stop or is gone itself, or has one such fault after the other.
-- Needs: to have watched the fleet.
WITH members AS (
    SELECT *, NOT burst OR kill_t IS NOT NULL OR life IN (SELECT life FROM drains) AS counts
    FROM fleet_workers
), beginnings AS (
    SELECT parent, min(exit_t) FILTER (counts) AS first_t FROM members GROUP BY parent
), fleets_of AS (
    SELECT b.parent, b.first_t, count(*) AS places,
           greatest(start_span(), 3 * (max(m.from_t) - min(m.from_t)) // count(*)) AS start_span
    FROM beginnings AS b JOIN members AS m ON m.parent = b.parent AND m.from_t < b.first_t
    GROUP BY b.parent, b.first_t
), noticed AS (
    SELECT m.name, m.fleet, m.life, m.parent, m.orphan_t, m.exit_t, o.places, o.start_span,
           m.from_t < o.first_t AS of_the_first,
           row_number() OVER (PARTITION BY m.parent ORDER BY m.exit_t, m.life) AS nth,
           greatest(m.exit_t, (
               SELECT max(s.until_t) FROM life_stalls AS s WHERE s.life = m.parent AND s.own
               AND s.from_t <= m.exit_t + restart_slack())) AS free_t
    FROM members AS m JOIN fleets_of AS o USING (parent)
    WHERE m.counts
), gone AS (
    SELECT *,
           free_t + restart_slack() + 2 * lag_between(exit_t, free_t + restart_slack())
               + start_span * (
                   SELECT count(*) FROM members AS e WHERE e.parent = n.parent
                   AND e.exit_t > n.exit_t - restart_slack() AND (e.exit_t, e.life) < (n.exit_t, n.life)
               ) AS deadline
    FROM noticed AS n
)
SELECT
    NULL AS job,
    g.deadline AS t,
    true AS judged,
    (SELECT count(*) FROM members AS m WHERE m.parent = g.parent AND m.from_t <= g.deadline)
        < g.places + g.nth AS broken,
    format('{} was gone at {}, as number {} of {}, and nobody had taken its place at {}', g.name,
           at_s(g.exit_t), g.nth, g.fleet, at_s(g.deadline)) AS why
FROM gone AS g
CROSS JOIN final_read AS f
WHERE f.t > g.deadline AND g.orphan_t > g.deadline AND (g.of_the_first OR g.nth <= 4)
  AND NOT EXISTS (FROM drains AS d WHERE d.life = g.parent AND d.from_t <= g.deadline)
  AND NOT EXISTS (FROM life_stalls AS s WHERE s.life = g.parent AND s.own
                  AND s.from_t <= g.deadline AND s.until_t > g.free_t)
