-- Guarantee alive: a worker that nobody ended lives, and takes jobs again once faults have stopped.
-- A row is a process of the queue whose way to end is known.
-- Broken: it ended, though nobody had killed it or told it to stop; or it was ready, was told to stop by a
-- signal, and died of a signal.
-- Excused are: a burst worker that left with code 0; one that died of the SIGTERM that sent it home when
-- all was done (what it dropped in it is `abandoned`); and SIGKILL from elsewhere, which may have been the
-- job's own doing.
-- Needs: to know its exit code or signal. Of a fleet's workers only their parent knows it.
SELECT
    NULL AS job,
    l.exit_t AS t,
    l.kill_t IS NULL AND l.signal IS DISTINCT FROM 9 AS judged,
    judged AND NOT (l.burst AND l.code IS NOT DISTINCT FROM 0)
        AND NOT EXISTS (FROM drains AS d WHERE d.life = l.life AND (l.signal IS NULL OR d.t < l.ready_t))
        AND NOT (l.signal IS NOT DISTINCT FROM 15 AND EXISTS (
            FROM events AS e
            WHERE e.event IN ('begun', 'landed') AND e.phase = 'end' AND within(l.name, e.target)
              AND e.t BETWEEN l.from_t AND l.exit_t))
        AS broken,
    format('{} ended at {} with {}, and {}', l.name, at_s(l.exit_t),
           coalesce('code ' || l.code, 'signal ' || l.signal),
           CASE WHEN EXISTS (FROM drains AS d WHERE d.life = l.life)
                THEN 'it was only told to leave' ELSE 'nobody had killed it' END) AS why
FROM lives AS l
WHERE l.works AND (l.code IS NOT NULL OR l.signal IS NOT NULL)
