-- Guarantee replaced: a fleet ends a worker that hangs, and replaces one that is gone, later each time; it
-- ends no healthy one.
-- A row is a worker of a fleet that does not leave by itself when nothing is left.
-- Broken: it ended, though it had not been killed nor told to stop, had run no job that ends its process,
-- and had not hung for half of the time that its parent puts up with.
-- A parent that is stopped meanwhile, and finds its workers silent when it goes on, may not end them either.
-- Excused is a worker whose parent was gone, and one that the machine may have kept silent.
-- Needs: to have watched the fleet; to know which jobs end their process.
SELECT
    NULL AS job,
    l.exit_t AS t,
    true AS judged,
    l.kill_t IS NULL
        AND l.life NOT IN (SELECT life FROM drains)
        AND l.orphan_t > l.exit_t
        AND l.life NOT IN (SELECT life FROM self_ended)
        AND (hung() = 0 OR lag_between(l.exit_t - hung(), l.exit_t) < hung() / 4)
        AND NOT EXISTS (FROM life_stalls AS s
                        WHERE s.life = l.life AND s.own AND s.hangs AND s.until_t - s.from_t > hung() / 2)
        AS broken,
    format('{} was gone at {}, and nothing had been wrong with it', l.name, at_s(l.exit_t)) AS why
FROM fleet_workers AS l
WHERE NOT l.burst
