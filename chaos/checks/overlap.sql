-- Guarantee exclusive: a job is started by a second worker only after the first one's lock has
-- expired or been given up.
-- A row is a job's second or later start.
-- Broken: the attempt before it was still running, and its lock was live.
-- Two attempts may run at the same time without anybody's fault: a stalled worker cannot know that
-- its lock has expired. So the lock decides. Where the wire shows the earlier attempt, its lock is live
-- for sure until its last accepted claim or refresh was sent, plus TTL, unless its end was written.
-- A hand-back does not count: the handler ran on, so it came too early.
-- Without a wire the lock is taken as live only if no fault touched the earlier process or the server
-- from one lock TTL before the earlier start until the later one.
-- A start under an older token than the one before it is no second one, where a fault touched its process:
-- it had the job first, stood still, and began late.
-- An attempt without an end runs until its process died, which may have been when the kill was sent.
-- Comparing neighbours is enough: a third attempt took the job from the second, not from the first.
-- Needs: an intact history (it argues from an end that was not seen); without a wire, also to know
-- which process ran the earlier attempt.
WITH pairs AS (
    SELECT job, start_t, worker, token, life,
           lag(start_t) OVER w AS a_start_t, lag(token) OVER w AS a_token,
           lag(coalesce(end_t, dead_from)) OVER w AS a_end_t,
           lag(end_t IS NULL AND dead_from IS NULL AND life IS NOT NULL) OVER w AS a_runs_on,
           lag(life) OVER w AS a_life, lag(worker) OVER w AS a_worker
    FROM attempts
    WINDOW w AS (PARTITION BY job ORDER BY start_t, token, attempt)
), seen AS (
    SELECT *, row_number() OVER () AS pair,
           a_runs_on OR start_t < a_end_t AS together
    FROM pairs WHERE a_start_t IS NOT NULL
), locks AS (
    SELECT
        s.pair,
        max(x.t_sent + x.ttl) FILTER (x.accepted AND x.t <= s.start_t) AS live_until,
        bool_or(x.op IN ('finish', 'retry', 'bury') AND x.applied
                AND x.t_sent <= s.start_t) AS given_up
    FROM seen AS s
    JOIN transitions AS x ON x.job = s.job AND x.token = s.a_token
    GROUP BY s.pair
), disturbed AS (
    SELECT s.pair
    FROM seen AS s
    JOIN life_stalls AS d ON d.life = s.a_life
        AND d.from_t <= s.start_t AND d.until_t >= s.a_start_t - lock_ttl()
), stragglers AS (
    SELECT s.pair
    FROM seen AS s
    JOIN life_stalls AS d ON d.life = s.life
        AND d.from_t <= s.start_t AND d.until_t >= s.a_start_t - lock_ttl()
    WHERE s.token < s.a_token
), cases AS (
    SELECT s.*, l.live_until, l.given_up, l.pair IS NOT NULL AS on_wire,
           s.together IS NOT NULL AND intact() AND s.pair NOT IN (FROM stragglers) AND CASE
               WHEN l.pair IS NOT NULL THEN
                   l.live_until IS NOT NULL
                   AND NOT EXISTS (FROM lock_doubts WHERE lock_doubts.t
                                   BETWEEN s.a_start_t - lock_ttl() AND s.start_t)
               ELSE s.a_life IS NOT NULL AND s.pair NOT IN (FROM disturbed) END AS judged
    FROM seen AS s
    LEFT JOIN locks AS l USING (pair)
)
SELECT
    job,
    start_t AS t,
    judged,
    judged AND together AND CASE WHEN on_wire
        THEN start_t < live_until - clock_slack() AND NOT given_up ELSE true END AS broken,
    format('{} started job {} at {} while {}, which had started it at {}, still ran it under '
           'a live lock', coalesce(worker, 'a worker'), job, at_s(start_t),
           coalesce(a_worker, 'another'), at_s(a_start_t)) AS why
FROM cases
