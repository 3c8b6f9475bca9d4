-- Guarantee visible: a live worker has a health key, a dead one loses it within its TTL; losing the
-- key alone loses no job.
-- A row is a look at the health key of a worker that had been dead for longer than the key may live,
-- and `health_slack` more.
-- Broken: the key was still there.
-- Needs: to know which process the worker was, and when it died.
WITH looks AS (
    SELECT worker, t, seen FROM events WHERE type = 'health'
    UNION ALL
    SELECT worker, t, seen FROM finals WHERE NOT alive
)
SELECT
    NULL AS job,
    k.t,
    true AS judged,
    k.seen AS broken,
    format('worker {} died at {} and was still shown as alive at {}', k.worker, at_s(l.dead_by),
           at_s(k.t)) AS why
FROM looks AS k
JOIN workers AS w USING (worker)
JOIN lives AS l USING (life)
WHERE k.t > l.dead_by + health_ttl() + health_slack()
