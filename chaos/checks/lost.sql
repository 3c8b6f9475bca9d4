-- Guarantee no-loss: every acknowledged job ends completed or dead-lettered once faults stop.
-- A row is an acknowledged job, with the state it was found in at the end.
-- Broken: it is still waiting or running, and not because it is not due yet (`parked` in views.sql); or
-- it is gone.
-- A job that is gone may have been completed and then have expired. That counts as completed only if
-- it was seen to be done (`done` in views.sql).
-- Needs: "Gone" needs an intact history, because it argues from a completion that was not seen: the
-- rig's part of it, where completions are seen on the wire. A job that another one answers for is that
-- other one's matter.
-- Of a target without an inspector a row is a job that was seen to be done: of any other nobody knows
-- whether it is lost, or waits, or is dead-lettered. The verdict then says so.
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
