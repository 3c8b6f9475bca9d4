-- Guarantee steady: a process uses no more the longer it works, and asks little while there is nothing
-- to do.
-- A row is one thing that a process uses: memory, descriptors, sockets, threads, asyncio tasks, blocks
-- of Python's memory. Its samples are cut into quarters; the first one is for warming up.
-- Broken: the medians of the other three grow, and by more than the slack of this thing. The last
-- quarter has a part in it, so what fills up and is full by then is no leak.
-- Not judged: too few samples, or too short a time.
WITH quartered AS (
    SELECT *, ntile(4) OVER (PARTITION BY name, pid, what ORDER BY t) AS quarter FROM uses
), grown AS (
    SELECT
        name, pid, what, any_value(slots) AS slots, max(t) AS t, max(t) - min(t) AS span, count(*) AS samples,
        median(used) FILTER (quarter = 2) AS early,
        median(used) FILTER (quarter = 3) AS later,
        median(used) FILTER (quarter = 4) AS late
    FROM quartered GROUP BY name, pid, what
)
SELECT
    NULL AS job, t,
    samples >= leak_samples() AND span >= leak_span()
    AND later > early AND late - later > (late - early) / 4 AND late - early > slack + per_slot * slots AS broken,
    samples >= leak_samples() AND span >= leak_span() AS judged,
    format('{} ({}) uses ever more {}: {:.0f}, then {:.0f}, then {:.0f}', name, pid, what, early, later, late)
        AS why
FROM grown JOIN leak_slacks USING (what)
