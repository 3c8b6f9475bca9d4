-- Guarantee quiescent: when it is over: queues and locks empty, no key left that has no owner or no
-- TTL.
-- A row is a job that exists at the end, or an entry that is left in a queue or among the locks.
-- Broken: the job is neither completed nor dead; every entry left is. A job whose enqueue has an unknown
-- outcome need not exist, but if it does it must have been finished. One that is not due yet (`parked` in
-- views.sql) rightly waits in its queue.
-- Needs: the final state, which is read after all workers have settled.
SELECT
    f.job,
    f.t,
    true AS judged,
    f.state IN ('queued', 'active', 'retrying') AND f.job NOT IN (FROM parked) AS broken,
    format('job {} is still {} at the end', f.job, f.state) AS why
FROM final_jobs AS f
WHERE f.state <> 'missing'
UNION ALL
SELECT
    job,
    t,
    true AS judged,
    what = 'lock' OR job NOT IN (FROM parked),
    format('{} {} still {} job {}', CASE what WHEN 'queue' THEN 'queue' ELSE 'a lock of queue' END,
           coalesce(queue, '?'), CASE what WHEN 'queue' THEN 'holds' ELSE 'names' END, job)
FROM finals
WHERE what IN ('queue', 'lock')
