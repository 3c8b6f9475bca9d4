-- Guarantee quiescent: when it is over: queues and locks empty, no key left that has no owner or no
-- TTL.
-- A row is a key that is left at the end.
-- Broken: it never expires, and
--   * nobody owns it. A queue or lock key whose entries are listed is the matter of `stuck`, and a
--     dead-letter queue is accounted for by its entries; or
--   * it is the key of a completed job that was not asked to be kept (result_ttl_s = 0); or
--   * it is the unique key of a job that is over, and would block its successors for ever; or
--   * it is a health key, which must go when its worker does.
-- Needs: the final state with its keys.
WITH entries AS (
    SELECT what FROM finals WHERE what IN ('queue', 'lock', 'dlq')
), owned AS (
    SELECT k.*, f.state, CASE
        WHEN k.kind = 'health' THEN true
        WHEN k.owner IS NULL THEN coalesce(k.kind NOT IN (SELECT what FROM entries), true)
        WHEN k.kind = 'job'
            THEN f.state = 'completed' AND j.result_ttl_s IS DISTINCT FROM 0
        WHEN k.kind = 'unique' THEN f.state IN ('completed', 'dead')
        ELSE false END AS judged
    FROM finals AS k
    LEFT JOIN jobs AS j ON j.job = k.owner
    LEFT JOIN final_jobs AS f ON f.job = k.owner
    WHERE k.what = 'key'
)
SELECT
    owner AS job,
    t,
    judged,
    judged AND ttl_ms = -1 AS broken,
    format('key {} ({}) never expires; its owner is {}', key, coalesce(kind, 'other'),
           coalesce(owner || coalesce(', ' || state, ''), 'nobody')) AS why
FROM owned
