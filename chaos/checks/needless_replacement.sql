-- Guarantee replaced: a fleet ends a worker that hangs, and replaces one that is gone, later each time; it
-- ends no healthy one.
-- A row is a worker of a fleet that does not leave by itself when nothing is left.
-- Broken: it ended, though it had not been killed nor told to stop, had run no job that ends its process,
-- and had not hung for half of the time that its parent puts up with.
-- A parent that is stopped meanwhile, and finds its workers silent when it goes on, may not end them either.
-- Excused is a worker whose parent was gone.
-- Needs: to have watched the fleet; to know which jobs end their process.
SELECT
    NULL AS job,
    l.exit_t AS t,
    true AS judged,
    l.exit_t IS NOT NULL AND l.kill_t IS NULL
        AND l.life NOT IN (SELECT life FROM drains)
        AND coalesce(parent.dead_from > l.exit_t, true)
        AND NOT EXISTS (FROM attempts AS a JOIN jobs AS j USING (job)
                        WHERE a.life = l.life AND a.end_t IS NULL AND j.deadly)
        AND NOT EXISTS (FROM life_stalls AS s
                        WHERE s.life = l.life AND s.own AND s.hangs AND s.until_t - s.from_t > hung() / 2)
        AS broken,
    format('{} was gone at {}, and nothing had been wrong with it', l.name, at_s(l.exit_t)) AS why
FROM lives AS l
LEFT JOIN lives AS parent ON parent.name = l.fleet
WHERE l.works AND l.fleet IS NOT NULL AND NOT l.burst
