-- Guarantee no-loss: every acknowledged job ends completed or dead-lettered once faults stop.
-- A row is an acknowledged job, with the state it was found in at the end; or an acknowledged enqueue that
-- named neither an id nor a unique key, and so asked for a job of its own.
-- Broken: it is still waiting or running, and not because it is not due yet (`parked` in views.sql); or
-- it is gone. Or an earlier enqueue had been answered with the same job, so that one of the two is not there.
-- A job that is gone may have been completed and then have expired. That counts as completed only if
-- it was seen to be done (`done` in views.sql).
-- Needs: "Gone" needs an intact history, because it argues from a completion that was not seen: the
-- rig's part of it, where completions are seen on the wire. A job that another one answers for is that
-- other one's matter.
-- Of a target without an inspector a row is a job that was seen to be done: of any other nobody knows
-- whether it is lost, or waits, or is dead-lettered. The verdict then says so.
WITH answers AS (
    SELECT *, lag(op) OVER (PARTITION BY answer_job ORDER BY ok_t) AS earlier
    FROM enqueues WHERE result = 'ok' AND kind IS DISTINCT FROM 'requeue'
)
SELECT
    j.job,
    f.t,
    f.state IS DISTINCT FROM 'missing' OR done.job IS NOT NULL OR intact()
        OR (rig_intact() AND offers('completions')) AS judged,
    judged AND (f.state IN ('queued', 'active', 'retrying') AND parked.job IS NULL
                OR (f.state = 'missing' AND done.job IS NULL)) AS broken,
    format('job {} was acknowledged at {} and is {} at the end', j.job, at_s(j.ack_t), f.state) AS why
FROM jobs AS j
LEFT JOIN final_jobs AS f USING (job)
LEFT JOIN done USING (job)
LEFT JOIN parked USING (job)
WHERE j.ack_t IS NOT NULL AND (f.job IS NOT NULL OR NOT offers('jobs') AND done.job IS NOT NULL)
UNION ALL
SELECT
    answer_job,
    ok_t,
    true AS judged,
    earlier IS NOT NULL,
    format('{} was answered with job {}, which had been the answer to {}', op, answer_job, earlier)
FROM answers
WHERE NOT named AND "unique" IS NULL
