-- Guarantee drain: after SIGTERM a worker starts nothing new, and every job it held is finished or
-- handed back within the grace period.
-- A row is a process that was told to stop (SIGTERM or SIGINT). A stopped one (SIGSTOP) hears of it when
-- it is continued.
-- Broken: it, or a worker of its fleet, started a job later than that plus a slack and twice the lag of the
-- machine until then.
-- Needs: the starts of that process. A later process of the same name is another one.
WITH late AS (
    SELECT d.life, count(*) AS n, min(a.start_t) AS t, arg_min(a.job, a.start_t) AS job
    FROM drains AS d
    JOIN lives AS l USING (life)
    JOIN attempts AS a ON a.start_t > d.t + drain_slack() + 2 * lag_between(d.t, a.start_t)
        AND CASE WHEN l.role IS DISTINCT FROM 'fleet' THEN a.life = d.life
            ELSE within(a.process, l.name) AND a.start_t < coalesce(l.gone_t, a.start_t + 1) END
    GROUP BY d.life
)
SELECT
    late.job,
    late.t,
    late.life IS NOT NULL
        OR (coalesce(l.dead_from > d.t + drain_slack(), true)
            AND (SELECT max(start_t) FROM attempts) > d.t + drain_slack()) AS judged,
    late.life IS NOT NULL AS broken,
    format('{} was told to stop at {} and started {} jobs after that, job {} first at {}', l.name,
           at_s(d.t), coalesce(late.n, 0), coalesce(late.job, '-'),
           coalesce(at_s(late.t), '-')) AS why
FROM drains AS d
JOIN lives AS l USING (life)
LEFT JOIN late USING (life)
