-- include: _now _end _owned
-- Dead-letter a job that can never succeed, whatever budget it has left.
--
-- KEYS[1] job hash   KEYS[2] locks   KEYS[3] dead-letter queue
-- ARGV[1] job id     ARGV[2] worker id     ARGV[3] token
-- ARGV[4] reason, one word     ARGV[5] error text     ARGV[6] TTL of a dead-lettered job in s
-- ARGV[7] prefix of job hashes        ARGV[8] prefix of unique keys
-- Returns BURIED, or nothing was touched: REPEAT, SUPERSEDED, GONE.
-- Atomic: lock, status, DLQ entry and unique key.
local job, locks, dlq = unpack(KEYS)
local id, worker, token, reason, err, ttl_s = unpack(ARGV, 1, 6)

local refusal = owned(job, worker, token, 'FAILED')
if refusal then return refusal end
redis.call('ZREM', locks, id)
dead_letter(job, dlq, ARGV[7], ARGV[8], id, reason, err, now_ms(), ttl_s)
return 'BURIED'
