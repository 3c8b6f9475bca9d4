-- Guarantee prompt: a job that is due, for which a worker has room, is started within the poll interval +
-- slack.
-- A row is a job's time in a queue: after its enqueue, a retry's delay, or when it was handed or taken back.
-- Broken: it was started later than that, although a worker that serves its queue had room for it all the
-- time. A claim by a worker that was disturbed before it could start the job ends the time too.
-- The time begins when the job was due for sure, or when the worker had room. The machine's lag is added to
-- it twice; a time with more lag than that is no case, nor is one in which the worker was disturbed, or
-- told to stop, or died. What becomes due by a clock that was stepped proves nothing.
-- Needs: the concurrency of each worker; an intact history.
WITH chances AS (
    SELECT w.job, w.from_t, w.taken_t, w.end_t, w.stepped, l.life, l.name, l.dead_from, w.room_until_t,
           greatest(w.due_by_t, w.room_from_t) AS since_t
    FROM roomy AS w JOIN lives AS l ON l.life = w.roomy_life
    WHERE coalesce(list_contains(string_split(l.queues, ','), w.queue), true)
), lagged AS (
    SELECT *, lag_between(since_t, since_t + 2 * (poll() + prompt_slack())) AS lag FROM chances
), bounded AS (
    SELECT *, since_t + poll() + prompt_slack() + 2 * lag AS deadline FROM lagged
), awaited AS (
    SELECT job, from_t, count(*) AS n, bool_or(end_t > deadline) AS late,
           min(deadline) AS deadline,
           arg_min(name, deadline) AS name
    FROM bounded
    WHERE NOT stepped AND lag <= poll() + prompt_slack() AND room_until_t >= least(taken_t, deadline)
      AND coalesce(dead_from > deadline, true) AND NOT told_to_stop(life, deadline)
      AND NOT disturbed(life, since_t - lock_ttl(), deadline)
    GROUP BY job, from_t
)
SELECT
    w.job,
    w.end_t AS t,
    intact() AND a.n IS NOT NULL AS judged,
    intact() AND a.late AS broken,
    format('job {} was due at {}, {} had room for it, and by {} it was not started (but at {})', w.job,
           at_s(w.due_by_t), coalesce(a.name, '-'), coalesce(at_s(a.deadline), '-'), at_s(w.end_t)) AS why
FROM taken AS w
LEFT JOIN awaited AS a USING (job, from_t)
