-- Guarantee effects-once: effects handed to the commit are applied exactly once per completed job.
-- A row is a job that is completed at the end and that hands effects to its commit.
-- Broken: fewer effects are in the store than it handed over.
-- Needs: the final state with its effects, and the number that the enqueue announced.
SELECT
    f.job,
    f.t,
    true AS judged,
    coalesce(x.n, 0) < j.effects AS broken,
    format('job {} is completed, but {} of its {} effects are in the store',
           f.job, coalesce(x.n, 0), j.effects) AS why
FROM final_jobs AS f
JOIN jobs AS j USING (job)
LEFT JOIN final_effects AS x USING (job)
WHERE f.state = 'completed' AND j.effects > 0
