-- include: _now _rubbish _unique _end _owned
-- Dead-letter a job that can never succeed, however much budget is left.
--
-- KEYS[1] job hash   KEYS[2] locks   KEYS[3] dead-letter queue
-- ARGV[1] job id     ARGV[2] worker id     ARGV[3] token
-- ARGV[4] reason, one word     ARGV[5] error text     ARGV[6] traceback, '' = none
-- ARGV[7] TTL of a dead-lettered job in s
-- ARGV[8] prefix of job hashes        ARGV[9] prefix of unique keys
-- Returns BURIED, or nothing was touched: REPEAT, SUPERSEDED, GONE.
-- Atomic: lock, status, DLQ entry and unique key.
local job, locks, dlq = unpack(KEYS)
local id, worker, token, reason, err, trace, ttl_s, job_prefix, unique_prefix = unpack(ARGV)

local refusal, fields = owned(job, worker, token, {FAILED = true}, 'job_unique_key', 'awaited')
if refusal then return refusal end
try_end(job, locks, job_prefix, unique_prefix)
dead_letter(job, dlq, job_prefix, unique_prefix, id, fields[1], fields[2], reason, err, trace, now_ms(), ttl_s)
redis.call('ZREM', locks, id)
return 'BURIED'
