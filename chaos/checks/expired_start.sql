-- Guarantee lease: an attempt never starts under a lock of its own that may have expired.
-- A row is a start whose claim was seen on the wire.
-- Broken: it came later than the last accepted claim or renewal of its lock was sent, plus TTL and a slack.
-- The machine's lag since then counts twice. A process that was stopped right between its look at the
-- clock and its handler may start late: so one that was stopped after the reply to its claim is no case,
-- unless it had been stopped before that reply went on.
-- Needs: transitions; an intact history.
WITH locked AS (
    SELECT a.job, a.token, a.attempt, a.life, a.start_t, max(x.t) FILTER (x.op = 'claim') AS claim_t,
           max(x.t_sent + x.ttl) AS live_until
    FROM attempts AS a
    JOIN transitions AS x ON x.job = a.job AND x.token = a.token AND x.accepted
        AND x.t_sent <= a.start_t
    GROUP BY ALL
), judged AS (
    SELECT *, intact() AND claim_t IS NOT NULL AND NOT EXISTS (
        FROM life_stalls AS s WHERE s.life = locked.life AND s.halts AND NOT s.before_claimed
        AND s.from_t > locked.claim_t AND s.from_t <= locked.start_t) AS judged
    FROM locked
)
SELECT
    job,
    start_t AS t,
    judged,
    judged AND start_t > live_until + starting_slack() + 2 * lag_between(live_until, start_t) AS broken,
    format('job {} was started at {} by token {}, whose lock may have expired at {}', job, at_s(start_t),
           token, at_s(live_until)) AS why
FROM judged
