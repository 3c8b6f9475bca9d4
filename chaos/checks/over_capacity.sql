-- Guarantee capacity: no process runs more jobs at a time than its concurrency.
-- A row is a process whose concurrency is known and that started a job.
-- Broken: more of its handlers ran at the same time. One whose job is lost, or that was cancelled, runs on
-- until it ends, and one that never ended ran as long as its process.
-- A process that never ran as many as it may is no case.
-- Needs: the concurrency of each worker; an intact history (it argues from an end that was not seen).
WITH steps AS (
    SELECT life, job, start_t AS t, 1 AS n FROM attempts
    UNION ALL
    SELECT life, job, end_t, -1 FROM attempts
), counted AS (
    SELECT life, job, t, sum(n) OVER (PARTITION BY life ORDER BY t, n ROWS UNBOUNDED PRECEDING) AS running
    FROM steps
), peaks AS (
    SELECT life, max(running) AS peak, arg_max(t, running) AS t,
           arg_max(job, running) AS job
    FROM counted GROUP BY life
)
SELECT
    p.job,
    p.t,
    intact() AND p.peak >= l.concurrency AS judged,
    intact() AND p.peak > l.concurrency AS broken,
    format('{} ran {} jobs at a time, with a concurrency of {}; job {} was started last of these, at {}',
           l.name, p.peak, l.concurrency, p.job, at_s(p.t)) AS why
FROM peaks AS p
JOIN lives AS l USING (life)
WHERE l.concurrency IS NOT NULL
