-- include: _now _wake _rubbish _unique _end _owned _give_back
-- Hand back a job that this attempt did not finish. That is not a failure and is not counted.
--
-- KEYS[1] job hash   KEYS[2] queue   KEYS[3] locks   KEYS[4] wake-up hints
-- ARGV[1] job id     ARGV[2] worker id     ARGV[3] token     ARGV[4] TTL of a cancelled job in s
-- ARGV[5] prefix of job hashes        ARGV[6] prefix of unique keys
-- Returns DONE, STOPPED (it was asked to stop: it has ended, as CANCELLED), or nothing was touched: REPEAT, SUPERSEDED, GONE.
-- Atomic: lock, status, queue entry and unique key.
local job, queue, locks, hints = unpack(KEYS)
local id, worker, token, ttl_s, job_prefix, unique_prefix = unpack(ARGV)

local done = {PENDING = true, CANCELLED = true}
local refusal, fields = owned(job, worker, token, done, 'job_unique_key', 'awaited', 'cancel_requested')
if refusal then return refusal end
if fields[3] then
  try_end(job, locks, job_prefix, unique_prefix)
  cancel(job, unique_prefix, id, fields[1], fields[2], now_ms(), ttl_s)
  redis.call('ZREM', locks, id)
  return 'STOPPED'
end
try_give_back(queue, locks)
wake(hints)
give_back(job, queue, locks, id)
return 'DONE'
