-- Guarantee no-loss: every acknowledged job ends completed or dead-lettered once faults stop.
-- A row is an acknowledged job, with the state it was found in at the end.
-- Broken: it is still waiting or running, or it is gone.
-- A job that is gone may have been completed and then have expired. That counts as completed only if
-- its completion (or burial) was seen on the wire, or if its effects are in the store.
-- Needs: the final state. "Gone" also needs an intact history, because it argues from a completion
-- that was not seen. A job that another one answers for is that other one's matter.
WITH done AS (
    SELECT job FROM transitions WHERE op IN ('finish', 'bury') AND applied
    UNION
    SELECT job FROM final_effects
)
SELECT
    j.job,
    f.t,
    f.state IN ('queued', 'active', 'retrying')
        OR (f.state = 'missing' AND done.job IS NULL AND intact()) AS broken,
    format('job {} was acknowledged at {} and is {} at the end', j.job, at_s(j.ack_t), f.state) AS why
FROM jobs AS j
JOIN final_jobs AS f USING (job)
LEFT JOIN done USING (job)
WHERE j.ack_t IS NOT NULL
