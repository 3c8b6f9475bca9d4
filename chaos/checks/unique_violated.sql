-- Guarantee unique: at most one live job per unique key.
-- A row is an acknowledged enqueue under a unique key that an earlier job had taken: a job whose own
-- enqueue was acknowledged before this one began.
-- Broken: the new job was accepted as itself although the earlier one was live: it was claimed, renewed
-- or ended only after that, as `last_work` in views.sql knows.
-- No case is a job that was asked for before and may be there already: it is answered for whoever has its key.
-- Needs: jobs with keys. A job that was requeued leaves its key and takes it again at times that nobody
-- saw; it is left out as the earlier one.
WITH steps AS (
    SELECT j."unique", j.own_ok_t AS step_t, true AS taken, j.job, NULL AS as_itself,
           coalesce(w.t, j.own_ok_t) AS live_t, NULL AS ok_t
    FROM jobs AS j
    LEFT JOIN last_work AS w USING (job)
    WHERE NOT j.requeued
    UNION ALL
    SELECT "unique", invoke_t, false, job, coalesce(answer_job, job) = job, NULL, ok_t
    FROM enqueues AS e
    WHERE "unique" IS NOT NULL AND invoke_t IS NOT NULL AND result = 'ok'
      AND kind IS DISTINCT FROM 'requeue'
      AND NOT EXISTS (FROM enqueues AS o
                      WHERE o.job = e.job AND o.invoke_t < e.invoke_t AND o.result <> 'fail')
), compared AS (
    SELECT *, max(live_t) OVER w AS holder_live_t, arg_max(job, live_t) OVER w AS holder
    FROM steps
    -- At the same instant the new one comes first: then nothing is sure.
    WINDOW w AS (PARTITION BY "unique" ORDER BY step_t, taken
                 ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)
)
SELECT
    job,
    ok_t AS t,
    ok_t < holder_live_t - clock_slack() AS judged,
    judged AND as_itself AS broken,
    format('job {} was accepted under key {} at {}, while job {} was live until {} at least',
           job, "unique", at_s(ok_t), holder, at_s(holder_live_t)) AS why
FROM compared
WHERE NOT taken AND holder <> job
