-- Guarantee fenced: completion, retry, release or refresh by a superseded attempt is refused and
-- changes nothing.
-- A row is a write by an attempt that was superseded for sure: it was sent after the store had
-- answered something that it accepted of a higher token of the same job, as a rule its claim.
-- Broken: the store accepted it. (Refused, it is a good case.)
-- A server that may have lost what it had accepted between claim and write also lost the claim, so
-- only what lies between two such moments is compared.
-- Needs: transitions with tokens.
WITH placed AS (
    SELECT x.*, amnesias.t AS epoch
    FROM transitions AS x ASOF LEFT JOIN amnesias ON x.t >= amnesias.t
), steps AS (
    SELECT job, epoch, token AS claimed, NULL AS token, NULL AS op, NULL AS answer, t AS step_t
    FROM placed WHERE accepted
    UNION ALL
    SELECT job, epoch, NULL, token, op, answer, t_sent
    FROM placed WHERE op IN ('finish', 'retry', 'release', 'refresh', 'bury')
), compared AS (
    SELECT *, max(claimed) OVER (
        -- At the same instant the write comes first: then nothing is sure.
        PARTITION BY job, epoch ORDER BY step_t, claimed IS NOT NULL
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS highest
    FROM steps
)
SELECT
    job,
    step_t AS t,
    answer IS NOT NULL AS judged,
    answer = 'ok' AS broken,
    format('{} of job {} with token {}, sent at {}, was accepted although token {} had been claimed',
           op, job, token, at_s(step_t), highest) AS why
FROM compared
WHERE token < highest
