-- Guarantee steady: a process uses no more the longer it works, and asks little while there is nothing
-- to do.
-- A row is about a second of what a process of the target sent, in which the store accepted nothing of it
-- but renewals of locks, and no job came or came back.
-- Broken: there were more commands and connections than `idle_commands` for a second, and for each of
-- the workers that share a listener; or than `failing_commands`, where a fault touched anything within
-- the last two health intervals, or a worker of that listener has started then: it makes its connections,
-- and the rig sees it up to one health interval later.
-- Needs: the wire.
WITH steps AS (
    SELECT process, t_sent, t, op FROM transitions WHERE accepted AND op <> 'refresh'
    UNION ALL
    SELECT NULL, invoke_t, ok_t, 'enqueue' FROM enqueues
)
SELECT
    NULL AS job, t,
    sent > seconds * workers * CASE
        WHEN EXISTS (FROM stalls AS f WHERE f.from_t <= w.t AND f.until_t >= w.from_t - 2 * health_interval())
            OR EXISTS (FROM lives AS l WHERE within(l.name, w.name)
                       AND l.from_t BETWEEN w.from_t - 2 * health_interval() AND w.t + health_interval())
        THEN failing_commands() ELSE idle_commands() END AS broken,
    true AS judged,
    format('{} sent {} commands in {:.1f} s without anything to do', name, sent, seconds) AS why
FROM traffic AS w
WHERE NOT EXISTS (
    FROM steps AS s
    WHERE (s.process = w.name OR s.op IN ('enqueue', 'release', 'retry', 'requeue', 'takeback'))
      AND s.t_sent <= w.t AND s.t >= w.from_t)
