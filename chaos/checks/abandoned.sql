-- Guarantee drain: after SIGTERM a worker starts nothing new, and every job it held is finished or
-- handed back within the grace period.
-- A row is a job that a process which was told to stop had held, then or earlier or later; and, once
-- for each such process, its leaving.
-- Broken: the process left by itself, and the store accepted neither an end nor a hand-back of the job
-- (without a wire: the handler never ended); or it had not left after grace + clean-up + slack + the time
-- to leave + twice the lag of the machine. One that was told to hurry has no grace from then on.
-- Excused are: a process that any fault, a kill too, touched in the time that it had (it may not reach
-- the server), or that a job of its own has ended; jobs that it had lost already (its write was refused, a later
-- attempt had them, the server may have forgotten them, or their locks had run out while the machine was too
-- busy to renew them, which the worker saw before the wire did, by the lag at most); and, for the hand-back
-- only, handlers that refuse cancellation, or to which the machine may have left no time to stop.
-- A job that is over in the end, and that nobody had after this attempt's handler had ended, was ended by
-- it, though the reply never came.
-- Needs: an intact history. A claim on the wire whose process is not known is not judged.
WITH told AS (
    SELECT d.life, d.t AS drain_t, l.name, l.exit_t, l.kill_t,
           least(d.t + grace(), d.hurry_t)
               + cleanup() + drain_slack() + leaving_slack() AS in_time_t
    FROM drains AS d JOIN lives AS l USING (life)
), draining AS (
    SELECT *, in_time_t + 2 * lag_between(drain_t, in_time_t) AS deadline FROM told
), calm AS (
    SELECT * FROM draining AS d
    WHERE NOT EXISTS (
        FROM life_stalls AS s WHERE s.life = d.life AND NOT s.leaves AND (s.own OR NOT s.ends)
        AND s.from_t <= least(d.exit_t, d.deadline) AND s.until_t >= d.drain_t - lock_ttl())
      AND d.life NOT IN (SELECT life FROM self_ended)
), at_drain AS (
    SELECT h.*, c.drain_t, c.exit_t, c.name,
           CASE WHEN h.on_wire THEN h.end_sent_t ELSE h.end_t END AS over_t
    FROM calm AS c
    JOIN holds AS h USING (life)
    WHERE c.exit_t IS NOT NULL AND c.kill_t IS NULL
), cases AS (
    SELECT h.*, intact() AND NOT coalesce(j.resists, false)
        AND NOT EXISTS (FROM amnesias WHERE amnesias.t BETWEEN h.begin_t AND h.exit_t)
        AND CASE WHEN h.over_t IS NOT NULL THEN h.over_t >= h.drain_t
            ELSE coalesce(h.next_t > h.exit_t, true)
                 AND NOT (h.lapses_from - lag_between(h.lapses_from - 2 * lock_ttl(), h.lapses_from - lock_ttl())
                          <= h.exit_t AND too_busy_to_renew(h.lapses_from))
                 AND lag_between(h.drain_t, h.exit_t) < cleanup() / 2
                 AND NOT (h.end_t IS NOT NULL AND h.next_t IS NULL
                          AND coalesce(f.state IN ('completed', 'dead'), false))
            END AS judged
    FROM at_drain AS h
    LEFT JOIN jobs AS j USING (job)
    LEFT JOIN final_jobs AS f USING (job)
)
SELECT
    job,
    exit_t AS t,
    judged,
    judged AND over_t IS NULL AS broken,
    format('{} was told to stop at {} and left at {} without finishing or handing back job {}',
           name, at_s(drain_t), at_s(exit_t), job) AS why
FROM cases
UNION ALL
SELECT
    NULL,
    c.deadline,
    c.exit_t <= c.deadline OR coalesce(c.exit_t, f.t) > c.deadline AS judged,
    coalesce(c.exit_t, f.t) > c.deadline,
    format('{} was told to stop at {} and should have left by {}, but {}', c.name, at_s(c.drain_t),
           at_s(c.deadline), coalesce('left at ' || at_s(c.exit_t), 'never left'))
FROM calm AS c
CROSS JOIN final_read AS f
