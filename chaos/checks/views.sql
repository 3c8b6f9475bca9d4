-- What the checks build on: the events of a run, put together into jobs, attempts and lives.
--
-- Times are ns of one monotonic clock. Durations of run.json are macros in ns: lock_ttl(), poll(),
-- recovery_slack(), health_ttl(), health_interval(), hung(), grace(), cleanup(), drain_slack(),
-- clock_slack(). One that run.json lacks is NULL, and so is every comparison that needs it: a
-- check then stays silent. `intact()` is false when events may be missing from the history; a check
-- that argues from the absence of an event must ask for it. `rig_intact()` is enough where only the rig
-- could have written it. `offers(evidence)` says whether the target
-- can show something (`chaos.evidence`), and `fault_kinds` what the checks know of each kind of fault
-- (chaos/checks/fault_kinds.py). These are made by the judge, which has also run ruined.sql before. Each
-- statement is run as soon as what it mentions is there, beside others.
--
-- "Sure" evidence is taken from the safe side: a command took effect between t_sent and t, so a
-- lock lives until t_sent + TTL at least and until t + TTL at most.

-- Margins of checks, in ns. A process takes a while to leave and to be seen gone; a health key may
-- be written, or expire, a little late.
CREATE MACRO leaving_slack() AS 2000000000::BIGINT;
CREATE MACRO health_slack() AS 1000000000::BIGINT;

-- What a process may use more of in the end than in the second quarter of its life: this, and for each
-- job that it runs at a time what a job uses. And how many samples of it, over how long, are enough to
-- tell.
CREATE TABLE leak_slacks AS FROM (VALUES
    ('memory', 40000, 5000), ('descriptors', 12, 1), ('sockets', 12, 1), ('threads', 12, 1),
    ('tasks', 12, 1), ('blocks', 5000, 200)) AS slacks (what, slack, per_slot);
CREATE MACRO leak_samples() AS 12;
CREATE MACRO leak_span() AS 2500000000::BIGINT;
-- Commands of a worker in a second in which there is nothing to do: two for each poll, which comes after
-- half of its interval at least, and one for each heartbeat; half as many again, and a few. And in one in
-- which something is wrong, and each of its parts tries again, later each time, over a new connection.
CREATE MACRO idle_commands() AS 1.5 * (4e9 / poll() + 2e9 / health_interval()) + 4;
CREATE MACRO failing_commands() AS 100;

-- A worker takes a while from its last look at the clock to the handler's first line, and an idle one from
-- hearing of a job to starting it.
CREATE MACRO starting_slack() AS 50000000::BIGINT;
CREATE MACRO prompt_slack() AS 500000000::BIGINT;

-- A parent takes a while to see that a worker of its fleet hangs or is gone, and to start another. For six
-- restarts in a row of one worker that crashes at once it waits that long, because each waits longer; one
-- that has lived for longer than a short life did not crash at once.
CREATE MACRO restart_slack() AS 3000000000::BIGINT;
-- Where many are gone at once, they are started one after another.
CREATE MACRO start_span() AS 200000000::BIGINT;
CREATE MACRO restart_span() AS 2500000000::BIGINT;
CREATE MACRO short_life() AS 1000000000::BIGINT;

-- Later than everything that happens in a run.
CREATE MACRO never() AS 9000000000000000000::BIGINT;

-- A time as people read it: seconds since the first event.
CREATE MACRO at_s(x) AS printf('%.3f s', (x - origin()) / 1e9);
CREATE MACRO in_ms(x) AS printf('%.0f ms', x / 1e6);

-- Is process name `child` the process `parent`, or a worker of that fleet (fleet-1.3 of fleet-1)?
CREATE MACRO within(child, parent) AS (child = parent OR starts_with(child, parent || '.'));

-- One row, always: when the final state was read (NULL: never, and then it is not looked at).
CREATE TABLE final_read AS
SELECT max(t) FILTER (ok) AS t FROM events WHERE type = 'final' AND what = 'read';

CREATE VIEW finals AS
SELECT * FROM events WHERE type = 'final' AND (SELECT t FROM final_read) IS NOT NULL;

-- The lag of the machine: stretches of time in which processes of the run stood in the kernel's queue
-- for a processor, or waited for the disk. An upper bound on time grows by some of it, or it would accuse
-- a sound worker on a busy machine. A wait is counted when it is over, and noticed at the next look.
CREATE TABLE lags AS
SELECT t - (lag_ms + coalesce(within_ms, 0)) * 1000000 AS lag_from_t, t AS lag_until_t, lag_ms * 1000000 AS lag
FROM events WHERE type = 'lag';

-- The lag between two times, in ns; 0 where there was none.
CREATE MACRO lag_between(a, b) AS (
    SELECT coalesce(sum(lags.lag), 0)::BIGINT FROM lags
    WHERE lags.lag_until_t >= a AND lags.lag_from_t <= b);

-- Was the machine too busy for a holder to renew a lock that ended at t?
CREATE MACRO too_busy_to_renew(t) AS lag_between(t - lock_ttl(), t) >= lock_ttl() / 4;

-- ------------------------------------------------------------------ enqueues and jobs

-- One row per enqueue operation. `result` is ok, fail (definitely did not happen) or info.
CREATE TABLE enqueues AS
SELECT
    op,
    coalesce(arg_min(job, t) FILTER (phase = 'invoke'), any_value(job)) AS job,
    coalesce(bool_or(job IS NOT NULL) FILTER (phase = 'invoke'), true) AS named, -- by who asked
    min(t) FILTER (phase = 'invoke') AS invoke_t,
    min(t) FILTER (phase = 'ok') AS ok_t,
    min(t) FILTER (phase = 'fail') AS fail_t,
    arg_min(answer_job, t) FILTER (phase = 'ok') AS answer_job,
    CASE WHEN bool_or(phase = 'ok') THEN 'ok' WHEN bool_or(phase = 'info') THEN 'info'
         WHEN bool_or(phase = 'fail') THEN 'fail' ELSE 'info' END AS result,
    max(queue) AS queue,
    max("unique") AS "unique",
    min(due_t) AS due_t,
    max(max_retries) AS max_retries,
    max(max_crashes) AS max_crashes,
    max(kind) AS kind,
    max(effects) AS effects,
    coalesce(bool_or(doomed), false) AS doomed,
    coalesce(bool_or(resists), false) AS resists,
    coalesce(bool_or(deadly), false) AS deadly,
    min(result_ttl_s) AS result_ttl_s,
    max(retry_delay_ms) * 1000000 AS retry_delay,
    coalesce(bool_or(refused), false) AS refused,
    any_value(arguments) AS arguments,
    any_value(call) AS call,
    any_value(place) AS place
FROM events WHERE type = 'enqueue' GROUP BY op;

-- One row per requeue of a job, from each witness; it happened within [from_t, until_t] if at all.
CREATE TABLE requeues AS
SELECT job, t_sent AS from_t, t AS until_t
FROM events WHERE type = 'transition' AND op = 'requeue' AND answer IS DISTINCT FROM 'refused'
UNION ALL
SELECT job, invoke_t, ok_t FROM enqueues WHERE kind = 'requeue' AND result <> 'fail';

-- One row per job that was enqueued, or that an answer named. A job that several operations asked
-- for gets the most generous of their terms, so that no check is stricter than any of them.
CREATE TABLE jobs AS
WITH asked AS (
    SELECT
        job,
        min(invoke_t) AS invoke_t,
        bool_and(invoke_t IS NOT NULL) AS invokes_known,
        bool_and(result = 'fail') AS failed,
        min(ok_t) FILTER (coalesce(answer_job, job) = job) AS own_ok_t,
        CASE WHEN min(queue) = max(queue) THEN max(queue) END AS queue,
        max("unique") AS "unique",
        -- NULL (at once) in any operation wins.
        CASE WHEN bool_and(due_t IS NOT NULL) THEN min(due_t) END AS due_t,
        max(max_retries) AS max_retries,
        max(max_crashes) AS max_crashes,
        CASE WHEN min(effects) = max(effects) THEN max(effects) END AS effects,
        bool_or(doomed) AS doomed,
        bool_or(resists) AS resists,
        bool_or(deadly) AS deadly,
        min(result_ttl_s) AS result_ttl_s,
        max(retry_delay) AS retry_delay,
        bool_or(refused) AS refused
    FROM enqueues
    WHERE job IS NOT NULL AND kind IS DISTINCT FROM 'requeue'
    GROUP BY job
), answered AS (
    SELECT coalesce(answer_job, job) AS job, min(ok_t) AS ack_t
    FROM enqueues
    WHERE result = 'ok' AND coalesce(answer_job, job) IS NOT NULL
      AND kind IS DISTINCT FROM 'requeue'
    GROUP BY 1
)
SELECT
    job,
    answered.ack_t,                 -- acknowledged since; NULL: never
    asked.* EXCLUDE (job),
    asked.job IS NOT NULL AS asked, -- false: known only from an answer
    requeued.job IS NOT NULL AS requeued
FROM asked
FULL JOIN answered USING (job)
LEFT JOIN (SELECT DISTINCT job FROM requeues WHERE job IS NOT NULL) AS requeued USING (job);

-- One row per job of the final state.
CREATE TABLE final_jobs AS
SELECT job, arg_max(state, t) AS state, arg_max(retries, t) AS retries,
       arg_max(crashes, t) AS crashes, arg_max(result, t) AS result, max(t) AS t
FROM finals WHERE what = 'job' GROUP BY job;

CREATE TABLE final_effects AS
SELECT job, count(*) AS n, count(DISTINCT token) AS tokens, max(t) AS t
FROM finals WHERE what = 'effect' GROUP BY job;

-- ------------------------------------------------------------------ processes and faults

-- One row per fault that landed, but for those that nothing may come of. A fleet's processes share one connection name: of a fault that hit
-- one of its workers, the target is that worker, who is called by its pid (fleet-1.4711). Former names
-- of faults are replaced by the present ones. One that nobody knows is taken from the safe side: it
-- lasts until it is healed, and what it hits may forget. It took effect between from_t and t. One that was
-- begun and never said to have landed may have taken effect at any time since.
CREATE TABLE landed AS
WITH begun AS (
    SELECT fault, min(t) AS t FROM events WHERE type = 'fault' AND event = 'begun' GROUP BY fault
)
SELECT e.fault, coalesce(k.name, e.kind) AS kind, least(b.t, e.t) AS from_t,
    CASE WHEN e.event = 'landed' THEN e.t ELSE never() END AS t, CASE
    WHEN e.target IN (SELECT name FROM events WHERE type = 'process' AND role = 'fleet')
        AND e.child_pid NOT IN (SELECT child_pid FROM events
                                WHERE type = 'process' AND role = 'fleet' AND child_pid IS NOT NULL)
    THEN e.target || '.' || e.child_pid ELSE e.target END AS target,
    coalesce(k.of_server, starts_with(e.kind, 'server-')) OR coalesce(e.target, '') = 'server'
        AS of_server,
    coalesce(k.lasts, true) AS lasts,
    coalesce(k.forgets, true) AS forgets,
    coalesce(k.takes_down, false) AS takes_down,
    coalesce(k.steps_clock, false) AS steps_clock,
    coalesce(k.ends, false) AS ends,
    coalesce(k.leaves, false) AS leaves,
    coalesce(k.halts, false) AS halts,
    coalesce(k.hurries, false) AS hurries,
    coalesce(k.hangs, false) AS hangs,
    -- It came before the reply to a claim went on.
    coalesce(e.phase = 'claim/before-reply', false) AS before_claimed
FROM events AS e LEFT JOIN fault_kinds AS k USING (kind) LEFT JOIN begun AS b USING (fault)
WHERE e.type = 'fault' AND NOT coalesce(k.unfelt, false)
  AND (e.event = 'landed' OR e.event = 'begun' AND e.fault NOT IN (
    SELECT fault FROM events WHERE type = 'fault' AND event IN ('landed', 'missed', 'cancelled')));

-- The parents of fleets, by name.
CREATE TABLE fleets AS SELECT DISTINCT name FROM events WHERE type = 'process' AND role = 'fleet';

-- One row per life of a process; `fleet` is its parent's name, where it has one. It died at or after dead_from (the kill was sent) and at or
-- before dead_by (the rig saw it gone); both NULL while it lives. gone_t is when its name is reused.
CREATE TABLE lives AS
WITH named AS (
    SELECT *, coalesce(child_pid, last_value(child_pid IGNORE NULLS) OVER (
        PARTITION BY name ORDER BY t ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW), -1) AS life_pid
    FROM events WHERE type = 'process'
), grouped AS (
    SELECT
        name, life_pid AS pid,
        min(t) AS from_t,
        coalesce(min(t) FILTER (event = 'ready'), min(t)) AS ready_t,
        min(t) FILTER (event = 'exit') AS exit_t,
        arg_min(code, t) FILTER (event = 'exit') AS code,
        arg_min(signal, t) FILTER (event = 'exit') AS signal,
        max(role) AS role,
        coalesce(max(role), 'worker') IN ('worker', 'fleet') AS works,
        max(concurrency) AS concurrency,
        max(queues) AS queues,
        coalesce(bool_or(burst), false) AS burst
    FROM named GROUP BY ALL
), placed AS (
    SELECT row_number() OVER (ORDER BY from_t, name, pid) AS life, *,
           lead(from_t) OVER (PARTITION BY name ORDER BY from_t, pid) AS gone_t
    FROM grouped
), kills AS (
    SELECT p.life, min(e.from_t) AS t
    FROM landed AS e
    JOIN placed AS p ON p.name = e.target AND e.t >= p.from_t
        AND e.from_t <= coalesce(p.exit_t, p.gone_t, e.from_t)
    WHERE e.ends
    GROUP BY p.life
)
SELECT p.*, f.name AS fleet, k.t AS kill_t,
       coalesce(k.t, p.exit_t) AS dead_from,
       coalesce(p.exit_t, k.t) AS dead_by
FROM placed AS p
LEFT JOIN kills AS k USING (life)
LEFT JOIN fleets AS f ON starts_with(p.name, f.name || '.');

-- One row per life of a worker of a fleet, with the life of its parent, and from when on that was dead.
CREATE TABLE fleet_workers AS
SELECT l.*, p.life AS parent, coalesce(p.dead_from, never()) AS orphan_t
FROM lives AS l
JOIN lives AS p ON p.name = l.fleet AND l.from_t >= p.from_t AND l.from_t < coalesce(p.gone_t, never())
WHERE l.works;

-- Which life wrote an event. By pid; a process that the rig knows only through its launcher (its
-- pid is then not child_pid) goes by name. Not so in a fleet, where many processes share a name.
CREATE TABLE writers AS
WITH seen AS (
    SELECT process, pid, min(t) AS first_t, max(t) AS last_t
    FROM events WHERE type IN ('hello', 'start', 'end') GROUP BY ALL
), matched AS (
    SELECT s.process, s.pid, l.life, l.pid = s.pid AS by_pid, l.from_t
    FROM seen AS s
    JOIN lives AS l ON l.pid = s.pid AND (within(l.name, s.process) OR within(s.process, l.name))
    UNION ALL
    SELECT s.process, s.pid, l.life, false, l.from_t
    FROM seen AS s
    JOIN lives AS l ON l.name = s.process AND l.role IS DISTINCT FROM 'fleet'
        AND s.first_t >= l.from_t AND s.first_t < coalesce(l.gone_t, s.first_t + 1)
)
SELECT process, pid, arg_max(life, (by_pid, from_t)) AS life FROM matched GROUP BY ALL;

-- One row per worker id: the process it lived in. Two lives under one id: no life is sure.
CREATE TABLE workers AS
SELECT worker, min(t) AS hello_t, any_value(process) AS process,
       CASE WHEN count(DISTINCT (process, pid)) = 1 THEN any_value(life) END AS life
FROM events LEFT JOIN writers USING (process, pid)
WHERE type IN ('hello', 'start') AND worker IS NOT NULL
GROUP BY worker;

-- One row per fault that landed, with the time in which it may have had an effect; it certainly had
-- begun by landed_t. What nobody healed lasts for ever, unless it is over by its nature. Faults of the
-- server are faults of everybody.
CREATE TABLE stalls AS
WITH healed AS (
    SELECT fault, max(t) AS t FROM events WHERE type = 'fault' AND event = 'healed' GROUP BY fault
)
SELECT
    l.* EXCLUDE (t, target, lasts), coalesce(l.target, '') AS target, l.t AS landed_t,
    coalesce(
        CASE WHEN h.t >= l.from_t THEN h.t END,
        CASE WHEN NOT l.lasts THEN l.t END,
        never()) AS until_t
FROM landed AS l LEFT JOIN healed AS h USING (fault)
UNION ALL BY NAME
SELECT 'server down' AS fault, 'server-down' AS kind, 'server' AS target, d.t AS from_t,
       d.t AS landed_t, coalesce(min(u.t), never()) AS until_t, true AS of_server, true AS forgets,
       true AS takes_down, false AS steps_clock, false AS ends, false AS leaves, false AS halts,
       false AS hurries, false AS hangs, false AS before_claimed
FROM (SELECT t FROM events WHERE type = 'server' AND event = 'down') AS d
LEFT JOIN (SELECT t FROM events WHERE type = 'server' AND event = 'up') AS u ON u.t >= d.t
GROUP BY d.t;

-- Times at which the server may have forgotten what it had accepted: the first and the last one of each
-- fault by which it may. That it is down is forgiven with
-- its reason: one that shut down in an orderly way, or that was killed with everything on disk that it
-- had answered, has forgotten nothing.
CREATE TABLE amnesias AS
SELECT DISTINCT unnest([s.from_t, s.landed_t]) AS t FROM stalls AS s
WHERE s.of_server AND s.forgets
  AND NOT (s.kind = 'server-down' AND EXISTS (
      FROM stalls AS o WHERE o.takes_down AND NOT o.forgets
      AND s.from_t BETWEEN o.from_t AND o.until_t));

-- Times between which the server's clock was stepped: what is due or expires by it did so early or late.
CREATE TABLE leaps AS
SELECT DISTINCT unnest([from_t, landed_t]) AS t FROM stalls WHERE steps_clock;

-- Times at which a lock may have gone before its TTL was over.
CREATE TABLE lock_doubts AS
SELECT t FROM amnesias UNION SELECT t FROM leaps;

CREATE MACRO server_forgot() AS (SELECT count(*) > 0 FROM amnesias);

-- The operations that may have made each job. Of several enqueues of one id only those count that began before
-- the first of them was acknowledged: a later one changes nothing, but where the server may have forgotten the
-- job. One that definitely failed, or that another job answered for, does not count.
CREATE TABLE makers AS
WITH asked AS (
    SELECT job, invoke_t, ok_t, arguments, queue, result_ttl_s
    FROM enqueues
    WHERE kind IS DISTINCT FROM 'requeue' AND result <> 'fail' AND coalesce(answer_job, job) = job
), stood AS (
    SELECT job, min(ok_t) AS ok_t FROM asked GROUP BY job
)
SELECT job, a.invoke_t, a.arguments, a.queue, a.result_ttl_s
FROM asked AS a JOIN stood AS s USING (job)
WHERE s.ok_t IS NULL OR a.invoke_t < s.ok_t OR server_forgot();

-- One row per life and fault that touched it: its own, its fleet's, the server's.
CREATE TABLE life_stalls AS
SELECT l.life, s.from_t, s.until_t, s.of_server, s.ends, s.leaves, s.halts, s.hurries, s.hangs,
       s.before_claimed, s.target = l.name AS own
FROM lives AS l
JOIN stalls AS s ON s.of_server OR within(l.name, s.target) OR within(s.target, l.name)
WHERE s.from_t <= coalesce(l.dead_by, s.from_t) AND s.until_t >= l.from_t;

-- Lives that no fault ever touched, but one that ended them.
CREATE TABLE calm_lives AS
SELECT life FROM lives ANTI JOIN (SELECT life FROM life_stalls WHERE NOT ends) USING (life);

-- One row per life that was told to stop: by a signal, or by the death of its fleet's parent. One that
-- stands still hears of it when it goes on; one that was halted within the slack that it has may not have
-- heard of it before either; it may have heard of it since from_t. hurry_t is when it was told not to wait
-- for what it runs, by a signal that says so or by a second one (since hurry_from_t perhaps); NULL: never. A
-- worker of a fleet goes by the signals that its parent got: a terminal signals both of them. One that was
-- seen only after its parent had been told may have been there before, or has no business to be.
CREATE TABLE drains AS
WITH asked AS (
    SELECT l.life, s.from_t, greatest(s.landed_t, l.from_t) AS t, s.hurries,
           s.target = coalesce(l.fleet, l.name) AS counts
    FROM lives AS l
    LEFT JOIN fleet_workers AS w USING (life)
    LEFT JOIN lives AS p ON p.life = w.parent
    JOIN stalls AS s ON s.leaves AND within(l.name, s.target)
        AND s.from_t >= CASE s.target WHEN p.name THEN p.from_t ELSE l.from_t END
        AND s.from_t <= coalesce(l.exit_t, l.gone_t, s.from_t)
    WHERE l.works
    UNION ALL
    SELECT life, orphan_t, orphan_t, false, false
    FROM fleet_workers
    WHERE parent IN (SELECT life FROM lives WHERE kill_t IS NOT NULL)
      AND orphan_t BETWEEN from_t AND coalesce(exit_t, gone_t, orphan_t)
), told AS (
    SELECT life, min(from_t) AS from_t, min(t) AS t,
           min(t) FILTER (hurries OR counts AND nth > 1) AS hurry_t,
           min(from_t) FILTER (hurries OR counts AND nth > 1) AS hurry_from_t
    FROM (SELECT *, row_number() OVER (PARTITION BY life, counts ORDER BY t) AS nth FROM asked)
    GROUP BY life
)
SELECT told.life, greatest(told.t, coalesce(max(s.until_t), 0)) AS t, told.from_t,
       told.hurry_from_t,
       CASE WHEN told.hurry_t IS NOT NULL
            THEN greatest(told.hurry_t, coalesce(max(s.until_t), 0)) END AS hurry_t
FROM told
LEFT JOIN life_stalls AS s
    ON s.life = told.life AND s.halts AND s.from_t <= told.t + drain_slack()
    AND s.until_t >= told.t
GROUP BY told.life, told.t, told.from_t, told.hurry_t, told.hurry_from_t;

-- ------------------------------------------------------------------ attempts and transitions

-- One row per start of a handler, with the end that the same process wrote for it, if any.
CREATE TABLE attempts AS
WITH steps AS (
    SELECT *, lead(type) OVER w AS next_type, lead(t) OVER w AS next_t,
           lead(outcome) OVER w AS next_outcome
    FROM (SELECT type, job, token, process, pid, worker, t, outcome
          FROM events WHERE type IN ('start', 'end'))
    WINDOW w AS (PARTITION BY job, token, process, pid ORDER BY t, type DESC)
), started AS (
    SELECT row_number() OVER () AS attempt, job, token, process, pid, worker, t AS start_t,
           CASE WHEN next_type = 'end' THEN next_t END AS end_t,
           CASE WHEN next_type = 'end' THEN next_outcome END AS outcome
    FROM steps WHERE type = 'start'
)
SELECT s.*, w.life, l.dead_from, l.dead_by,
       lead(start_t) OVER (PARTITION BY job ORDER BY start_t, token, attempt) AS next_start_t
FROM started AS s
LEFT JOIN writers AS w USING (process, pid)
LEFT JOIN lives AS l USING (life);

-- Lives that a job of their own may have ended.
CREATE TABLE self_ended AS
SELECT DISTINCT life FROM attempts JOIN jobs USING (job)
WHERE deadly AND end_t IS NULL AND life IS NOT NULL;

-- One row per transition of a job that the rig saw on the wire.
CREATE TABLE transitions AS
SELECT op, job, token, worker, process, answer, coalesce(t_sent, t) AS t_sent, t,
       delay_ms * 1000000 AS delay,
       CASE WHEN op IN ('claim', 'refresh') THEN coalesce(ttl_ms * 1000000, lock_ttl()) END AS ttl,
       coalesce(answer = 'ok', false) AS accepted,
       -- A repeat had been applied before; one without an answer may have been.
       answer IS DISTINCT FROM 'refused' AS applied
FROM events WHERE type = 'transition' AND job IS NOT NULL;

-- One row per job that was seen to be done: its completion or its burial on the wire, or its effects in
-- the store. Where no command on the wire completes a job, a handler that succeeded is the last that
-- anybody sees of it.
CREATE TABLE done AS
SELECT job FROM transitions WHERE op IN ('finish', 'bury') AND applied
UNION
SELECT job FROM final_effects WHERE job IS NOT NULL
UNION
SELECT job FROM attempts WHERE outcome = 'ok' AND NOT offers('completions');

-- One row per attempt that held a job: claimed on the wire, or started, or both; and when the next
-- one began.
CREATE TABLE holds AS
WITH wired AS (
    SELECT
        job, token,
        min(t) FILTER (op = 'claim' AND accepted) AS claim_t,
        min(t_sent) FILTER (op = 'claim' AND accepted) AS claim_sent_t, -- for the timeline
        arg_min(worker, t) FILTER (op = 'claim' AND accepted) AS worker,
        arg_min(process, t) FILTER (op = 'claim' AND accepted) AS process,
        list_reverse_sort(list(t_sent + ttl) FILTER (op IN ('claim', 'refresh') AND accepted)) AS ends,
        max(t + ttl) FILTER (op IN ('claim', 'refresh') AND accepted) AS expires_by,
        max(t) FILTER (op IN ('finish', 'retry', 'release', 'bury')) AS settled_t,
        -- Without an answer, it is unknown whether it was.
        bool_or(op IN ('finish', 'retry', 'release') AND answer <> 'refused') AS given_up,
        bool_or(op IN ('finish', 'retry', 'release', 'bury') AND applied) AS ended,
        max(t_sent) FILTER (op IN ('finish', 'retry', 'release', 'bury')) AS end_sent_t,
        bool_or(op IN ('retry', 'bury') AND accepted) AS failure_accepted,
        bool_or(op = 'retry' AND accepted) AS retry_accepted
    FROM transitions
    WHERE op NOT IN ('enqueue', 'requeue') AND token IS NOT NULL
    GROUP BY job, token
), run AS (
    SELECT job, token, min(start_t) AS start_t, max(end_t) AS end_t,
           bool_or(outcome = 'error') AS failed,
           arg_min(life, start_t) AS life, arg_min(worker, start_t) AS worker,
           arg_min(process, start_t) AS process
    FROM attempts WHERE token IS NOT NULL GROUP BY job, token
), held AS (
    SELECT
        job, token,
        wired.* EXCLUDE (job, token, worker, process, ends),
        -- Its worker may not have heard that its last renewal was accepted, and gives it up when the one
        -- before ends.
        coalesce(ends[2], ends[1]) AS lapses_from,
        run.* EXCLUDE (job, token, life, worker, process),
        wired.job IS NOT NULL AS on_wire,
        coalesce(run.worker, wired.worker) AS worker,
        coalesce(run.process, wired.process) AS process,
        coalesce(run.life, workers.life, named.life) AS life
    FROM wired
    FULL JOIN run USING (job, token)
    LEFT JOIN workers ON workers.worker = wired.worker
    -- A claim by a worker that never said hello: the connection's process, if it had one life only.
    LEFT JOIN (SELECT name, any_value(life) AS life FROM lives WHERE role IS DISTINCT FROM 'fleet'
               GROUP BY name HAVING count(*) = 1) AS named
        ON named.name = wired.process
    WHERE wired.claim_t IS NOT NULL OR run.start_t IS NOT NULL
    UNION ALL BY NAME
    -- Without a fencing token, what the wire shows cannot be told apart by attempt.
    SELECT job, start_t, end_t, outcome = 'error' AS failed, life, worker, process, false AS on_wire
    FROM attempts WHERE token IS NULL
), timed AS (
    SELECT *, least(claim_t, start_t) AS begin_t FROM held
)
SELECT *, lead(begin_t) OVER (PARTITION BY job ORDER BY begin_t, token) AS next_t FROM timed;

-- When a job was worked on last for sure, one row per job. The wire shows this as an accepted claim,
-- refresh or end of it. Without a wire it is the job's last attempt, if no fault touched its process:
-- any other may be a straggler whose job was over.
CREATE TABLE last_work AS
WITH wired AS (
    SELECT job, max(t_sent) AS t FROM transitions
    WHERE accepted AND op IN ('claim', 'refresh', 'finish', 'retry', 'release', 'bury')
      -- An operator's cancellation is no work, and may be a repeated one.
      AND NOT (op = 'bury' AND worker IS NULL AND token IS NULL)
    GROUP BY job
), run AS (
    SELECT job, CASE WHEN outcome IN ('ok', 'error') THEN end_t ELSE start_t END AS t
    FROM attempts JOIN calm_lives USING (life)
    WHERE next_start_t IS NULL
)
SELECT job, coalesce(wired.t, run.t) AS t FROM wired FULL JOIN run USING (job);

-- One row per attempt whose handler ended in an error. `sure`: the store certainly recorded the
-- failure. On the wire that was seen; without, it is sure of a process that no fault ever touched and that
-- the machine did not keep waiting until its lock may have expired, while nobody else had started the job.
CREATE TABLE failures AS
SELECT
    a.attempt, a.job, a.token, a.end_t,
    coalesce(CASE WHEN h.on_wire THEN h.failure_accepted
         ELSE a.life IN (SELECT life FROM calm_lives)
              AND a.life NOT IN (SELECT life FROM lives WHERE dead_by IS NOT NULL AND code IS DISTINCT FROM 0)
              AND coalesce(a.next_start_t > a.end_t, true)
              AND 3 * lag_between(a.start_t - lock_ttl(), a.end_t) < lock_ttl()
    END, false) AS sure
FROM attempts AS a LEFT JOIN holds AS h USING (job, token)
WHERE a.outcome = 'error';

-- Jobs that rightly wait in the end: they are due later than anybody looked, by any of the operations that
-- asked for them.
CREATE TABLE parked AS
SELECT j.job FROM jobs AS j JOIN final_jobs AS f USING (job)
LEFT JOIN (SELECT job, max(due_t) AS t FROM enqueues WHERE result <> 'fail' GROUP BY job) AS due USING (job)
LEFT JOIN (SELECT job, max(end_t) AS t FROM failures GROUP BY job) AS failed USING (job)
WHERE (f.state = 'queued' AND due.t > f.t)
   OR (f.state = 'retrying' AND failed.t + j.retry_delay > f.t);

-- One row per attempt that certainly crashed: its process died in the middle of the handler, by a signal or
-- by a job that ends its process, and had neither been told to stop (it may have handed the job back) nor
-- ended the job on the wire. (How a worker of a fleet ended only its parent knows.)
CREATE TABLE crashes AS
SELECT a.attempt, a.job, a.token, a.start_t, a.dead_by
FROM attempts AS a
JOIN lives AS l USING (life)
LEFT JOIN holds AS h ON h.job = a.job AND h.token = a.token
WHERE a.end_t IS NULL
  AND (l.kill_t IS NOT NULL OR l.signal IS NOT NULL
       OR l.exit_t IS NOT NULL AND a.life IN (SELECT life FROM self_ended))
  AND NOT coalesce(h.ended, false)
  AND a.life NOT IN (SELECT life FROM drains);

-- ------------------------------------------------------------------ samples

-- What each process used, sampled; one row per thing, until it was told to stop. Of the parent of a
-- fleet those samples count in which all of its workers were there.
CREATE TABLE uses AS
WITH usages AS (
    SELECT *, max(children) OVER (PARTITION BY name, child_pid) AS most
    FROM events WHERE type = 'usage'
), sampled AS (
    UNPIVOT (SELECT name, child_pid AS pid, t, memory_kb AS memory, descriptors, sockets, threads
             FROM usages WHERE children IS NOT DISTINCT FROM most)
    ON memory, descriptors, sockets, threads INTO NAME what VALUE used
    UNION ALL BY NAME
    UNPIVOT (SELECT process AS name, pid, t, tasks, blocks FROM events WHERE type = 'vitals')
    ON tasks, blocks INTO NAME what VALUE used
)
SELECT u.*, coalesce(l.concurrency, 0) AS slots FROM sampled AS u
LEFT JOIN lives AS l ON l.pid = u.pid AND (within(l.name, u.name) OR within(u.name, l.name))
LEFT JOIN drains AS d USING (life)
WHERE u.t < least(coalesce(d.t, never()), coalesce(l.dead_from, never()));

-- What each process sent to the wire proxy, put together to seconds.
CREATE TABLE traffic AS
SELECT name, min(t_sent) AS from_t, max(t) AS t, sum(commands + connections) AS sent,
       greatest(1.0, (max(t) - min(t_sent)) / 1e9) AS seconds,
       greatest(1, coalesce(max(children), 1)) AS workers
FROM events WHERE type = 'traffic' GROUP BY name, t // 1000000000;

-- ------------------------------------------------------------------ waiting and room

-- One row per life and time in which it could not do as it should: a fault touched it (to be told to stop is
-- none; see `told_to_stop`), or a job of its own kept its event loop busy. `still`: it did nothing meanwhile. The
-- workers of a fleet whose parent was killed leave. (An argument of a macro that has the name of a column in its
-- table would be taken for that column: so these have names of their own.)
CREATE TABLE disturbances AS
SELECT life AS whom, from_t AS begun_t, CASE WHEN ends THEN never() ELSE until_t END AS over_by_t,
       halts OR hangs AS still
FROM life_stalls WHERE NOT leaves
UNION ALL
SELECT life, start_t, coalesce(end_t, never()), true FROM attempts
WHERE job IN (SELECT job FROM enqueues WHERE kind = 'block');

-- Was this life disturbed between two times?
CREATE MACRO disturbed(one, a, b) AS EXISTS (
    FROM disturbances WHERE whom = one AND begun_t <= b AND over_by_t >= a);

-- Had this life been told to stop by then?
CREATE MACRO told_to_stop(one, a) AS EXISTS (
    FROM (SELECT life AS whom, t AS told_t FROM drains) WHERE whom = one AND told_t <= a);

-- One row per lock that was taken back from its holder, or whose job was dead-lettered instead of that; and
-- one per lock that was claimed: when the claim would have expired, and when its last renewal was sent.
CREATE TABLE taken_back AS
SELECT job, token, min(t) AS t FROM transitions
WHERE accepted AND CASE op WHEN 'takeback' THEN true WHEN 'bury' THEN worker IS NULL END
GROUP BY job, token;

CREATE TABLE renewals AS
SELECT job, token, min(t + ttl) AS first_until, max(t_sent) FILTER (ttl IS NOT NULL) AS t
FROM transitions WHERE accepted GROUP BY job, token;

-- One row per life and longest time in which it had room for another job. A job takes its place from the
-- claim on, until its handler has ended and its end is written.
CREATE TABLE room AS
WITH steps AS (
    SELECT life, coalesce(least(claim_sent_t, start_t), begin_t) AS t, 1 AS n FROM holds
    UNION ALL
    SELECT life, CASE WHEN start_t IS NULL THEN coalesce(settled_t, next_t)
                      ELSE greatest(end_t, coalesce(settled_t, end_t)) END, -1
    FROM holds
    UNION ALL
    SELECT w.life, unnest([r.start_t, r.end_t]), unnest([1, -1])
    FROM ruined_runs AS r JOIN writers AS w USING (process, pid)
    WHERE r.start_t IS NOT NULL
    UNION ALL
    SELECT life, min(hello_t), 0 FROM workers GROUP BY life
), counted AS (
    SELECT s.life, s.t, l.concurrency > sum(s.n) OVER w AS free,
           coalesce(lead(s.t) OVER w, l.dead_from, never()) AS until_t
    FROM steps AS s JOIN lives AS l USING (life)
    WHERE s.t IS NOT NULL AND l.works AND l.role IS DISTINCT FROM 'fleet'
    WINDOW w AS (PARTITION BY s.life ORDER BY s.t, s.n ROWS UNBOUNDED PRECEDING)
), numbered AS (
    -- Not with FILTER, for which DuckDB looks at all rows before, again for each row.
    SELECT *, count(CASE WHEN NOT free THEN true END) OVER (PARTITION BY life ORDER BY t, until_t
                                                            ROWS UNBOUNDED PRECEDING) AS stretch
    FROM counted
)
SELECT life, min(t) AS from_t, max(until_t) AS until_t
FROM numbered WHERE free GROUP BY life, stretch;

-- One row per time that a job certainly lay in a queue, from from_t on; it was due between due_from_t and
-- due_by_t. `head`: it was handed or taken back, so that it is the next of its queue. It left in the step
-- between left_sent_t and left_t, and `life` started it at start_t; what is still queued in the end has not
-- left before. All are NULL where nobody knows when it left. Jobs that several operations asked for are
-- left out. `call` and `place`: it came by this call, which was sent once, and is due when the others in it
-- are, behind those of lower places. After a retry it is due when its handler had asked for, or after the usual
-- time, whatever the command says.
CREATE TABLE waits AS
WITH retries AS (
    SELECT job, token, bool_or(accepted) AS sure, NOT bool_and(accepted) AS unanswered
    FROM transitions
    WHERE op = 'retry' AND answer IS DISTINCT FROM 'refused' AND retry_base() > 0 AND NOT server_forgot()
      AND job NOT IN (SELECT job FROM requeues WHERE job IS NOT NULL)
    GROUP BY job, token
), counted AS (
    -- How often it had failed: at least, at most. Of a retry without an answer nobody knows.
    SELECT job, token, greatest(count(*) FILTER (sure) OVER sofar, 1) AS at_least, count(*) OVER sofar AS at_most,
           bool_or(unanswered) OVER (PARTITION BY job) AS unsure
    FROM retries WINDOW sofar AS (PARTITION BY job ORDER BY token)
), usual AS (
    SELECT job, token, unsure, least(retry_base() * pow(2, least(at_least, 40) - 1), retry_cap())::BIGINT AS least,
           least(retry_base() * pow(2, least(at_most, 40) - 1), retry_cap())::BIGINT AS most
    FROM counted
), resent AS (
    -- Calls of which a part may have been stored later than what stands behind it.
    SELECT e.call FROM enqueues AS e JOIN transitions AS x USING (job)
    WHERE x.op = 'enqueue' AND x.answer IS DISTINCT FROM 'ok'
    UNION
    -- A server that forgot its scripts refuses a part until somebody has loaded them again: at the latest
    -- with the answer to what was asked for after that.
    SELECT e.call FROM enqueues AS e JOIN (
        SELECT s.from_t, coalesce(l.ok_t, never()) AS until_t
        FROM stalls AS s ASOF LEFT JOIN (
            SELECT invoke_t, min(ok_t) OVER (ORDER BY invoke_t DESC) AS ok_t
            FROM enqueues WHERE ok_t IS NOT NULL) AS l ON l.invoke_t >= s.until_t
        WHERE s.of_server OR starts_with(s.target, 'producer')
    ) AS s ON s.from_t <= e.ok_t AND s.until_t >= e.invoke_t
), asked AS (
    SELECT job, any_value(queue) AS queue, any_value(invoke_t) AS invoke_t, any_value(ok_t) AS ok_t,
           any_value(due_t) AS due_t, any_value(retry_delay) AS own_delay,
           CASE WHEN any_value(call) NOT IN (SELECT call FROM resent WHERE call IS NOT NULL)
                THEN any_value(call) || coalesce(' ' || any_value(due_t), '') END AS call,
           any_value(place) AS place,
           bool_and(result = 'ok' AND coalesce(answer_job, job) = job AND invoke_t IS NOT NULL) AS sure
    FROM enqueues GROUP BY job HAVING count(*) = 1
), raised AS (
    -- Whose handler asked for a delay. One that timed out, or returned what has no JSON, did not.
    SELECT DISTINCT a.job, a.token, asked.own_delay FROM attempts AS a JOIN asked USING (job)
    WHERE a.outcome = 'error' AND asked.own_delay IS NOT NULL
), entered AS (
    SELECT job, false AS head, false AS retried, invoke_t AS from_t, coalesce(due_t, invoke_t) AS due_from_t,
           greatest(ok_t, coalesce(due_t + ok_t - invoke_t, ok_t)) AS due_by_t, call, place
    FROM asked WHERE sure
    UNION ALL
    SELECT job, false, true, t_sent, t_sent + coalesce(own_delay, greatest(delay, least_wait), 0),
           t + coalesce(own_delay, least(delay, most_wait), 0), NULL, NULL
    FROM (SELECT x.*, r.own_delay, u.least // 2 AS least_wait,
                 CASE WHEN NOT u.unsure THEN u.most END AS most_wait
          FROM transitions AS x
          LEFT JOIN raised AS r ON r.job = x.job AND r.token = x.token
          LEFT JOIN usual AS u ON u.job = x.job AND u.token = x.token
          WHERE x.accepted AND x.op = 'retry' AND x.delay IS NOT NULL)
    UNION ALL
    SELECT job, true, false, t_sent, t_sent, t, NULL, NULL
    FROM transitions WHERE accepted AND op IN ('release', 'takeback')
), buried AS (
    SELECT job, min(t_sent) AS t_sent, max(t) AS t FROM transitions
    WHERE op = 'bury' AND token IS NULL AND applied GROUP BY job
), followed AS (
    SELECT e.*, asked.queue, h.token, h.life, h.start_t, h.on_wire,
           coalesce(h.claim_sent_t, h.start_t - prompt_slack(), b.t_sent, f.t) AS left_sent_t,
           coalesce(h.begin_t, b.t, f.t) AS left_t
    FROM entered AS e
    JOIN asked USING (job)
    ASOF LEFT JOIN holds AS h ON h.job = e.job AND e.from_t < h.begin_t
    LEFT JOIN buried AS b ON b.job = e.job AND b.t >= e.from_t
    LEFT JOIN final_jobs AS f ON f.job = e.job AND f.state IN ('queued', 'retrying')
), unseen AS (
    -- Somebody held it meanwhile whose claim was not seen: it is taken back, given up or repeated. (The answer to
    -- that may come later than the one to the next claim, which has a higher token.) Without a wire a claim is
    -- never seen, and who dies or stands still may have made one.
    SELECT f.job, f.from_t FROM followed AS f
    WHERE disturbed(f.life, f.due_from_t, f.left_t)
       OR EXISTS (FROM transitions AS x WHERE x.job = f.job AND x.op <> 'claim' AND x.token IS NOT NULL
                  AND x.t_sent > f.from_t AND x.t_sent < f.left_t AND (x.t <= f.left_t OR x.token < f.token))
       OR (NOT f.on_wire AND (
           EXISTS (FROM stalls AS s WHERE s.from_t <= f.left_t
                   AND s.until_t + lock_ttl() + poll() + recovery_slack() >= f.due_by_t)
           OR EXISTS (FROM lives AS l WHERE l.dead_by IS NOT NULL AND l.dead_from <= f.left_t
                      AND l.dead_by + lock_ttl() + poll() + recovery_slack() >= f.due_by_t)))
)
SELECT f.* EXCLUDE (left_sent_t, left_t, life, start_t, token),
       CASE WHEN u.job IS NULL THEN f.life END AS life,
       CASE WHEN u.job IS NULL THEN f.start_t END AS start_t,
       CASE WHEN u.job IS NULL THEN f.left_sent_t END AS left_sent_t,
       CASE WHEN u.job IS NULL THEN f.left_t END AS left_t
FROM followed AS f LEFT JOIN unseen AS u USING (job, from_t);

-- One row per such time that ended with a claim, at taken_t, after which the job was started at end_t; room for it
-- counts until needed_t at least. `stepped`: it was due by a clock that was stepped. (A table, because DuckDB joins
-- it by bounds on time only if it knows how long it is.)
CREATE TABLE taken AS
SELECT job, queue, from_t, due_by_t, CASE WHEN on_wire THEN left_sent_t ELSE left_t END AS taken_t,
       due_from_t <> from_t AND EXISTS (FROM leaps WHERE leaps.t <= left_t) AS stepped,
       CASE WHEN disturbed(life, left_sent_t, start_t) THEN left_sent_t
            ELSE coalesce(start_t, left_sent_t) END AS end_t,
       least(taken_t, due_by_t + prompt_slack()) AS needed_t
FROM waits WHERE left_t IS NOT NULL;

-- One row per such time and each life that had room for the job in it. (A table, because inside of a query with
-- WITH DuckDB compares each with each.) Room that ended before needed_t is of no use.
CREATE TABLE roomy AS
SELECT w.*, r.life AS roomy_life, r.from_t AS room_from_t, r.until_t AS room_until_t
FROM taken AS w JOIN room AS r ON r.from_t <= w.end_t AND r.until_t >= w.needed_t;
