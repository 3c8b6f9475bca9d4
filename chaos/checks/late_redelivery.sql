-- Guarantee recovery: a job whose holder died is started again within lock TTL + poll interval +
-- slack.
-- A row is an attempt whose holder died before the store accepted an end of it. A job that was claimed
-- but never started is held too. A completion that the store accepted although its worker died before
-- the reply is a completion.
-- Broken: the next claim or start of the job came later than max(death, expiry of the lock) + poll
-- interval + slack + twice the machine's lag in that time; or it never came, although the job is not
-- finished and the final state was read after that time.
-- The lock expires at the latest when the reply to its last accepted claim or refresh had arrived,
-- plus TTL; without a wire, one TTL after the death.
-- Judged only if a worker (a fleet's parent is none) could have come, a witness: one that lived through the
-- whole wait, not told to stop and not touched by a fault, nor the server; and that serves the job's queue, the
-- first of all where there are jobs in several: those of a queue before it may come before. For one that was
-- not ready when the holder died the wait begins when it was, and it must have had room all the time: it may
-- have found other jobs to do first.
-- Needs: to know which process held the job and when it died; an intact history. Without the state of
-- jobs in the end it is unknown why a job never came, so that is then no case.
WITH orphaned AS (
    SELECT row_number() OVER () AS orphan, h.job, h.next_t, h.process, l.dead_from, l.dead_by,
           greatest(l.dead_by, coalesce(h.expires_by, l.dead_by + lock_ttl())) AS free_t
    FROM holds AS h
    JOIN lives AS l USING (life)
    WHERE l.dead_by IS NOT NULL
      AND CASE WHEN h.on_wire THEN NOT h.ended ELSE h.end_t IS NULL END
      AND coalesce(h.next_t > l.dead_from, true)
), waits AS (
    SELECT o.orphan, o.dead_from, w.life, w.dead_from AS left_t, greatest(o.free_t, w.ready_t) AS since_t,
           w.ready_t > o.dead_by AS came_later
    FROM orphaned AS o
    CROSS JOIN (SELECT count(DISTINCT queue) AS n FROM enqueues) AS queues
    LEFT JOIN jobs AS j USING (job)
    JOIN lives AS w ON w.works AND w.role IS DISTINCT FROM 'fleet'
        AND coalesce(CASE WHEN queues.n > 1 THEN split_part(w.queues, ',', 1) = j.queue
                          ELSE list_contains(string_split(w.queues, ','), j.queue) END, true)
), bounded AS (
    SELECT *, since_t + poll() + recovery_slack()
           + 2 * lag_between(since_t, since_t + poll() + recovery_slack()) AS deadline
    FROM waits
), awaited AS (
    SELECT w.orphan, min(w.deadline) AS deadline
    FROM bounded AS w
    WHERE coalesce(w.left_t > w.deadline, true)
      AND (NOT w.came_later OR EXISTS (FROM room AS r WHERE r.life = w.life
                                       AND r.from_t <= w.since_t AND r.until_t > w.deadline))
      AND NOT EXISTS (
          FROM life_stalls AS s WHERE s.life = w.life
          AND s.from_t <= w.deadline AND s.until_t >= w.dead_from - lock_ttl())
      AND NOT EXISTS (FROM drains AS d WHERE d.life = w.life AND d.from_t <= w.deadline)
    GROUP BY w.orphan
), cases AS (
    SELECT o.*, a.deadline,
           CASE WHEN o.next_t IS NOT NULL THEN o.next_t > a.deadline
               ELSE f.t > a.deadline AND x.job IS NULL AND (
                   f.state IN ('queued', 'active', 'retrying')
                   OR (f.state = 'missing' AND j.ack_t IS NOT NULL)) END AS late
    FROM orphaned AS o
    LEFT JOIN awaited AS a USING (orphan)
    LEFT JOIN final_jobs AS f USING (job)
    LEFT JOIN final_effects AS x USING (job)
    LEFT JOIN jobs AS j USING (job)
    WHERE o.next_t IS NOT NULL OR offers('jobs')
)
SELECT
    job,
    deadline AS t,
    intact() AND deadline IS NOT NULL AND (next_t IS NOT NULL OR late) AS judged,
    judged AND late AS broken,
    format('{} held job {} when it died at {}; the job was due again by {} and {}', process, job,
           at_s(dead_by), at_s(deadline), coalesce('came at ' || at_s(next_t), 'never came')) AS why
FROM cases
