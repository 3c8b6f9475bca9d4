-- Guarantee visible: a live worker has a health key, a dead one loses it within its TTL; losing the
-- key alone loses no job.
-- A row is a look at the health key of a worker that had been alive, ready and left in peace for long
-- enough: ready for a health interval and `health_slack`; touched by no fault, nor the server, for a
-- health TTL and that; not told to stop; and not gone `leaving_slack` later, when it may have been
-- leaving. Or it had been told to stop, and still let what it ran then go on for its grace period.
-- A machine that kept the worker waiting for a quarter of a health TTL excuses it.
-- Broken: the key was not there.
-- Needs: to know which process the worker was.
WITH looks AS (
    SELECT worker, t, seen FROM events WHERE type = 'health'
    UNION ALL
    SELECT worker, t, seen FROM finals WHERE alive
), waits AS (
    SELECT d.life, least(max(a.end_t), d.from_t + grace(), d.hurry_from_t) AS until_t
    FROM drains AS d JOIN attempts AS a USING (life)
    WHERE a.start_t <= d.from_t
    GROUP BY d.life, d.from_t, d.hurry_from_t
)
SELECT
    NULL AS job,
    k.t,
    true AS judged,
    NOT k.seen AS broken,
    format('worker {} had been ready since {} and was not shown as alive at {}', k.worker,
           at_s(w.hello_t), at_s(k.t)) AS why
FROM looks AS k
JOIN workers AS w USING (worker)
JOIN lives AS l USING (life)
LEFT JOIN drains AS d USING (life)
LEFT JOIN waits USING (life)
WHERE k.t > w.hello_t + health_interval() + health_slack()
  AND CASE WHEN d.from_t <= k.t THEN k.t < waits.until_t
      ELSE coalesce(k.t < l.dead_from - leaving_slack(), true) END
  AND lag_between(k.t - health_ttl(), k.t) < health_ttl() / 4
  AND NOT EXISTS (
      FROM life_stalls AS s WHERE s.life = l.life AND s.from_t <= k.t AND NOT s.leaves
      AND s.until_t >= k.t - health_ttl() - health_interval() - health_slack())
