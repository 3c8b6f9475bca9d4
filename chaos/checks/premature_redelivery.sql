-- Guarantee exclusive: a job is started by a second worker only after the first one's lock has
-- expired or been given up.
-- A row is the redelivery of a job: a take-back or new claim after an accepted claim.
-- Broken: its reply arrived while the lock of the earlier claim was live for sure.
-- A lock is live for sure until the moment when its last accepted claim or refresh was *sent*, plus its
-- TTL: the server can only have begun to count later. Refreshes that were still under way when the
-- redelivery was sent prove nothing. The holder may have given the job up as soon as it had sent
-- a completion, retry, release or burial, whatever became of the reply, unless it was refused.
-- Needs: transitions, an intact history (it argues from a giving-up that was not seen) and a server
-- that forgot nothing in between.
WITH steps AS (
    SELECT job, op, token, worker, t_sent, t,
           lag(token) OVER w AS held, lag(worker) OVER w AS held_by, lag(t_sent) OVER w AS held_sent_t
    FROM transitions WHERE op IN ('claim', 'takeback') AND accepted
    WINDOW w AS (PARTITION BY job ORDER BY t, op DESC, token)
), redeliveries AS (
    SELECT * FROM steps
    WHERE CASE op
        WHEN 'takeback' THEN token IS NULL OR token IS NOT DISTINCT FROM held
        -- Replies may overtake each other; a lower token does not redeliver a higher one. The same one for
        -- the same worker is a claim that was asked for again, because its reply had been lost.
        ELSE coalesce(token > held OR (token = held AND worker <> held_by), true) END
), locks AS (
    SELECT
        r.job, r.op, r.token, r.held, r.t,
        max(x.t_sent + x.ttl) FILTER (x.accepted AND x.t <= r.t_sent) AS live_until,
        bool_or(x.op IN ('finish', 'retry', 'release', 'bury') AND x.applied
                AND x.t_sent <= r.t) AS given_up,
        r.held_sent_t
    FROM redeliveries AS r
    JOIN transitions AS x
        ON x.job = r.job AND x.token IS NOT DISTINCT FROM r.held AND x.t_sent >= r.held_sent_t
    GROUP BY ALL
), cases AS (
    SELECT *, live_until IS NOT NULL AND intact()
        AND NOT EXISTS (FROM lock_doubts WHERE lock_doubts.t BETWEEN held_sent_t AND locks.t) AS judged
    FROM locks
)
SELECT
    job,
    t,
    judged,
    judged AND t < live_until - clock_slack() AND NOT given_up AS broken,
    format('job {} was redelivered ({}) at {}, {} before the lock of token {} could expire',
           job, op, at_s(t), in_ms(live_until - t), coalesce(held::VARCHAR, 'none')) AS why
FROM cases
