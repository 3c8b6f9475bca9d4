-- Guarantee budget: failed attempts never exceed max_retries, crashed ones never exceed max_crashes;
-- then it is dead-lettered.
-- A row is a job with a budget that failed or crashed at least once.
-- Broken: more of its attempts certainly failed than max_retries, or certainly crashed than
-- max_crashes; or it was started again after the failure, or the crash, that used the budget up.
-- Only sure failures and crashes count (see `failures` and `crashes` in views.sql): a superseded
-- attempt may end in an error that the store rightly refused to record.
-- Needs: the budgets that the enqueue announced. Jobs that were requeued, and servers that may have
-- forgotten a count, are left out.
WITH spent AS (
    SELECT 'failed' AS how, f.job, f.token, f.end_t AS t,
           row_number() OVER (PARTITION BY f.job ORDER BY f.end_t, f.attempt) AS nth,
           count(*) OVER (PARTITION BY f.job) AS n, j.max_retries AS budget
    FROM failures AS f JOIN jobs AS j USING (job)
    WHERE f.sure AND j.max_retries IS NOT NULL AND NOT j.requeued
    UNION ALL
    SELECT 'crashed', c.job, c.token, c.dead_by,
           row_number() OVER (PARTITION BY c.job ORDER BY c.dead_by, c.attempt),
           count(*) OVER (PARTITION BY c.job), j.max_crashes
    FROM crashes AS c JOIN jobs AS j USING (job)
    WHERE j.max_crashes IS NOT NULL AND NOT j.requeued
), cases AS (
    SELECT how, job, budget, n, max(t) AS last_t,
           -- When the budget was used up. A budget of 0 still allows the first run.
           min(t) FILTER (nth >= budget) AS spent_t,
           arg_min(token, t) FILTER (nth >= budget) AS spent_token
    FROM spent GROUP BY ALL
), starts AS (
    -- An earlier attempt that stood still may start late. Nobody has given the job to it again.
    SELECT c.how, c.job, max(a.start_t) AS start_t
    FROM cases AS c JOIN attempts AS a USING (job)
    WHERE coalesce(a.token >= c.spent_token, true)
    GROUP BY c.how, c.job
), judgeable AS (
    SELECT *, NOT server_forgot() AND spent_t IS NOT NULL AS judged FROM cases
)
SELECT
    c.job,
    c.last_t AS t,
    c.judged,
    c.judged AND (c.n > greatest(c.budget, 1) OR s.start_t > c.spent_t) AS broken,
    format('job {} {} {} times with a budget of {} and was last started at {}',
           c.job, c.how, c.n, c.budget, at_s(s.start_t)) AS why
FROM judgeable AS c
JOIN starts AS s USING (how, job)
