-- Guarantee state: at every instant all that is stored about a job agrees, and changes only as promised.
-- A row is one of the queue's own rules, with which about a second of looks at the store was compared;
-- or something that one of them found, and that contradicts the rule.
-- Broken: it was found.
-- Excused:
--   * the server had thrown keys of any kind away;
--   * the rule compares times, and the server's clock had been stepped;
--   * nobody of the run enqueued the job: somebody else put it there.
-- Needs: looks at the store while the run went on.
WITH looks AS (
    SELECT
        *, type = 'inconsistent' AS contradicts,
        EXISTS (FROM stalls AS s
                WHERE s.of_server AND s.forgets AND NOT s.takes_down AND s.from_t <= e.t)
        OR (timed AND EXISTS (FROM leaps WHERE leaps.t <= e.t)) IS TRUE
        OR (job IS NOT NULL AND job NOT IN (SELECT job FROM jobs)) AS excused
    FROM events AS e WHERE type IN ('look', 'inconsistent')
)
SELECT
    job, t,
    contradicts AND NOT excused AS broken,
    NOT excused AS judged,
    format('{}, seen at {}: {} ({})', coalesce('job ' || job, key, 'the store'), at_s(t), "found",
           rule) AS why
FROM looks
