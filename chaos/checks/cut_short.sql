-- Guarantee drain: after SIGTERM a worker starts nothing new, lets what it runs go on for its grace period,
-- and has then finished or handed back every job that it held.
-- A row is an attempt that ran when its process was told to stop, with some of the grace period to come.
-- Broken: the store accepted its hand-back, or another worker took its lock back, before the grace period
-- was over and before the process was told to hurry. Without a wire: its handler was cancelled so early.
-- Excused is a process that any fault, a kill too, touched in that time, or that long before it that a lock
-- may have expired, or that a job of its own has ended; and a lock that was taken back while the machine was
-- too busy to renew it. That its fleet's parent ends or stands still touches no worker.
-- Needs: the starts of that process.
WITH draining AS (
    SELECT d.life, l.name, d.from_t AS drain_t,
           least(d.from_t + grace(), d.hurry_from_t) - clock_slack() AS until_t
    FROM drains AS d JOIN lives AS l USING (life)
), running AS (
    SELECT w.*, a.job, a.token, a.end_t, a.outcome
    FROM draining AS w
    JOIN attempts AS a USING (life)
    WHERE w.until_t > w.drain_t AND a.start_t <= w.drain_t AND coalesce(a.end_t > w.drain_t, true)
      AND NOT EXISTS (
          FROM life_stalls AS s WHERE s.life = w.life AND NOT s.leaves
          AND (s.own OR NOT s.ends AND NOT s.halts)
          AND s.from_t <= w.until_t AND s.until_t >= w.drain_t - lock_ttl())
      AND w.life NOT IN (SELECT life FROM self_ended)
), cut AS (
    SELECT r.job, r.token,
           min(CASE WHEN x.op = 'release' THEN x.t_sent ELSE x.t END) AS t
    FROM running AS r
    JOIN transitions AS x ON x.job = r.job AND x.token = r.token
        AND x.accepted
        AND (x.op = 'release'
             OR x.op = 'takeback' AND NOT too_busy_to_renew(x.t))
    GROUP BY r.job, r.token
), judged AS (
    SELECT r.*, CASE WHEN r.token IS NOT NULL AND offers('wire') THEN cut.t
                     WHEN r.outcome = 'cancelled' THEN r.end_t END AS cut_t
    FROM running AS r
    LEFT JOIN cut ON cut.job = r.job AND cut.token = r.token
)
SELECT
    job,
    cut_t AS t,
    true AS judged,
    cut_t < until_t AS broken,
    format('{} was told to stop at {}, and job {}, which it ran, was taken from it at {}, before {}', name,
           at_s(drain_t), job, coalesce(at_s(cut_t), '-'), at_s(until_t)) AS why
FROM judged
