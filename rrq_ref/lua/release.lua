-- include: _wake _owned
-- Hand a job back that this attempt did not finish: not a failure, not counted.
--
-- KEYS[1] job hash   KEYS[2] queue   KEYS[3] locks   KEYS[4] wake-up hints
-- ARGV[1] job id     ARGV[2] worker id     ARGV[3] token
-- Returns DONE, or nothing was touched: REPEAT, SUPERSEDED, GONE.
-- Atomic: lock, status and queue entry.
local job, queue, locks, hints = unpack(KEYS)
local id, worker, token = unpack(ARGV)

local refusal = owned(job, worker, token, 'PENDING')
if refusal then return refusal end
redis.call('HSET', job, 'status', 'PENDING')
redis.call('HDEL', job, 'worker_id')
redis.call('ZREM', locks, id)
redis.call('ZADD', queue, 0, id) -- to the head: it has waited its turn already
wake(hints)
return 'DONE'
