-- Guarantee lease: a lock does not lapse while its holder lives undisturbed.
-- A row is a claim whose lock was taken back, or was held for longer than its TTL.
-- Broken: it was taken back (or its job was dead-lettered for that) although its holder lived.
-- No case is a holder that a fault has touched since one TTL before it last renewed the lock (what was held
-- up may arrive when nobody waits for it any longer), that was told to stop longer ago than its grace
-- period, or that the machine kept from a processor, in the same time, for a third of the TTL.
-- Needs: to know which process held the job; an intact history.
WITH held AS (
    SELECT h.job, h.token, h.process, h.life, r.t AS renewed_t, k.t AS taken_t,
           coalesce(k.t, h.settled_t) AS over_t
    FROM holds AS h
    JOIN renewals AS r USING (job, token)
    LEFT JOIN taken_back AS k USING (job, token)
    WHERE k.t IS NOT NULL OR h.settled_t > r.first_until
), judged AS (
    SELECT held.*, intact() AND coalesce(l.dead_from > held.over_t, l.life IS NOT NULL)
           AND NOT told_to_stop(held.life, held.over_t - grace())
           AND NOT disturbed(held.life, held.renewed_t - lock_ttl(), held.over_t)
           AND 3 * lag_between(held.renewed_t - lock_ttl(), held.over_t) < lock_ttl() AS judged
    FROM held LEFT JOIN lives AS l USING (life)
)
SELECT
    job,
    over_t AS t,
    judged,
    judged AND taken_t IS NOT NULL AS broken,
    format('the lock of job {}, token {}, was taken back at {} although {}, which renewed it last at {}, '
           'lived undisturbed', job, token, at_s(over_t), process, at_s(renewed_t)) AS why
FROM judged
