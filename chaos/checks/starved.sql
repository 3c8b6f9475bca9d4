-- Guarantee fair: under a backlog the head of a queue is taken before what came later, a job that was
-- handed back before both, and a queue of higher priority before another.
-- A row is a job that was claimed (without a wire: started) while others waited that its worker serves.
-- Broken: one of these was ahead of it for sure, and was left behind. In the same queue that is a job that
-- was due for sure before the other one could be, or that stood before it in the same call and is due at the
-- same time, or one that had been handed or taken back; in a queue that stands before the other's in the
-- worker's order, any job that was due.
-- A job was left behind if its own claim was sent after the reply to this one. Without a wire, a start is
-- taken for a claim, with a slack and twice the machine's lag.
-- A worker that was disturbed may have claimed the job earlier. Where the clock was stepped while either of
-- them waited, or the store forgot, nothing is ahead.
-- Needs: an intact history.
WITH served AS (
    SELECT life, unnest(string_split(queues, ',')) AS queue,
           generate_subscripts(string_split(queues, ','), 1) AS place
    FROM lives
), taken AS (
    SELECT w.* EXCLUDE (place), w.place AS nth, s.place
    FROM waits AS w LEFT JOIN served AS s ON s.life = w.life AND s.queue = w.queue
    WHERE w.life IS NOT NULL
), looks AS (
    -- What each claim left behind in its own queue ...
    SELECT job, queue, false AS head, left_sent_t AS at_t, false AS ahead, left_t, from_t FROM taken
    UNION ALL
    -- ... that had come before, or was handed back; and in all that its worker serves.
    SELECT job, queue, false, due_from_t - clock_slack(), true, left_t, from_t FROM taken WHERE NOT head
    UNION ALL
    SELECT job, queue, true, left_sent_t, true, left_t, from_t FROM taken WHERE NOT head
    UNION ALL
    SELECT t.job, s.queue, false, t.left_sent_t, s.place < t.place, t.left_t, t.from_t
    FROM taken AS t JOIN served AS s ON s.life = t.life
    UNION ALL
    -- The jobs of a call, in a queue of their own, in which places stand for times.
    SELECT job, queue || ' ' || call, false, nth, true, left_t, from_t FROM taken
), waiting AS (
    SELECT queue, false AS head, due_by_t AS at_t, due_by_t, job, left_sent_t FROM waits
    UNION ALL
    SELECT queue, true, due_by_t, due_by_t, job, left_sent_t FROM waits WHERE head
    UNION ALL
    SELECT queue || ' ' || call, false, place, due_by_t, job, left_sent_t FROM waits WHERE call IS NOT NULL
), longest AS (
    -- Of those that were due by then, the one that left last.
    SELECT queue, head, at_t, max(left_sent_t) OVER w AS left_sent_t,
           arg_max(due_by_t, left_sent_t) OVER w AS since_t,
           arg_max(job, left_sent_t) OVER w AS job
    FROM waiting
    WINDOW w AS (PARTITION BY queue, head ORDER BY at_t)
), found AS (
    SELECT l.job, l.from_t, l.left_t, l.ahead, o.job AS other, o.left_sent_t,
           offers('wire') OR o.left_sent_t - l.left_t > 2 * lag_between(l.left_t, o.left_sent_t) AS behind
    FROM looks AS l
    ASOF JOIN longest AS o ON o.queue IS NOT DISTINCT FROM l.queue AND o.head = l.head AND l.at_t >= o.at_t
    WHERE o.left_sent_t > l.left_t AND intact()
      AND NOT EXISTS (FROM lock_doubts WHERE lock_doubts.t BETWEEN least(o.since_t, l.from_t) AND l.left_t)
)
SELECT
    f.job,
    f.left_t AS t,
    true AS judged,
    bool_or(f.ahead AND f.behind) AS broken,
    format('job {} was taken at {}, and job {}, which was ahead of it, not before {}', f.job, at_s(f.left_t),
           any_value(f.other) FILTER (f.ahead), at_s(max(f.left_sent_t) FILTER (f.ahead))) AS why
FROM found AS f
GROUP BY f.job, f.from_t, f.left_t
