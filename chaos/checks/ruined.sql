-- Jobs that the rig has ruined. Nothing is known of them but what they leave in queues and locks, and that
-- whoever ran one had no room for another job in that time.
CREATE TABLE ruined AS
SELECT DISTINCT e.job FROM events AS e JOIN fault_kinds AS k USING (kind)
WHERE e.type = 'fault' AND e.event = 'landed' AND k.ruins;

CREATE TABLE ruined_runs AS
SELECT process, pid, min(t) FILTER (type = 'start') AS start_t, max(t) FILTER (type = 'end') AS end_t
FROM events WHERE job IN (FROM ruined) AND type IN ('start', 'end')
GROUP BY process, pid, job, token;

-- So no check ever sees the rest.
DELETE FROM events
WHERE type <> 'fault' AND coalesce(what NOT IN ('lock', 'queue'), true) AND job IN (FROM ruined);
