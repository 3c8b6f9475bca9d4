-- Guarantee effects-once: effects handed to the commit are applied exactly once per completed job.
-- A row is a job with effects in the store, or one that is completed and should have some.
-- Broken: there are more effects than the job hands to one commit; or there are some although an
-- acknowledged job is not completed. A job that was requeued may commit again, and one that is gone
-- may have been completed, so neither is judged; nor is a dead one of whose effects the server refuses one
-- (earlier ones stay).
-- Needs: the final state with its effects, and the number that the enqueue announced.
SELECT
    f.job,
    f.t,
    NOT j.requeued AND f.state <> 'missing' AND NOT (j.refused AND f.state = 'dead')
        AND CASE WHEN f.state = 'completed' OR j.ack_t IS NULL THEN j.effects IS NOT NULL
            ELSE true END AS judged,
    judged AND (x.n > j.effects OR (f.state <> 'completed' AND j.ack_t IS NOT NULL)) AS broken,
    format('job {} is {} and hands over {} effects, but {} are in the store', f.job, f.state,
           coalesce(j.effects::VARCHAR, 'an unknown number of'), coalesce(x.n, 0)) AS why
FROM final_jobs AS f
JOIN jobs AS j USING (job)
LEFT JOIN final_effects AS x USING (job)
WHERE x.n IS NOT NULL OR (f.state = 'completed' AND j.effects > 0)
