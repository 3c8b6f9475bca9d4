-- Guarantee alive: a worker that nobody ended lives, and takes jobs again once faults have stopped.
-- A row is a worker that the rig watched while it offered jobs, after the last fault.
-- Broken: it took none.
-- Excused is a process that is told to stop or that a fault still touches.
-- Needs: to know the process, from its start.
WITH watched AS (
    SELECT e.name, e.t, e.event,
           NOT EXISTS (FROM drains AS d WHERE d.life = l.life AND d.from_t <= e.t)
               AND NOT EXISTS (FROM life_stalls AS s
                               WHERE s.life = l.life AND s.from_t <= e.t AND s.until_t >= e.t) AS judged
    FROM events AS e
    JOIN lives AS l ON l.pid = e.child_pid AND l.from_t < e.t
    WHERE e.event IN ('working', 'idle')
)
SELECT
    NULL AS job,
    t,
    judged,
    judged AND event = 'idle' AS broken,
    format('{} lived at {} and had taken none of the jobs that it was offered', name, at_s(t)) AS why
FROM watched
