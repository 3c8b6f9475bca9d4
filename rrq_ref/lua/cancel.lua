-- include: _now _rubbish _unique _end
-- Cancel a job that has not started, or ask one that runs to stop.
--
-- KEYS[1] job hash
-- ARGV[1] job id     ARGV[2] TTL of a cancelled job in s     ARGV[3] prefix of queues
-- ARGV[4] prefix of job hashes        ARGV[5] prefix of unique keys
-- Returns DONE (it is cancelled, now or earlier); REQUESTED (it runs: the request stands in its hash, its worker
--   sees it when it renews the lock, and no worker runs it again); or nothing was touched: ENDED, GONE.
-- Atomic: status, queue entry and unique key. The same call again gives the same answer.
local job = KEYS[1]
local id, ttl_s, queue_prefix, job_prefix, unique_prefix = unpack(ARGV)

local fields = redis.pcall('HMGET', job, 'status', 'queue_name', 'job_unique_key', 'awaited')
local status = not rubbish(fields) and fields[1]
if not status then return 'GONE' end
if status == 'CANCELLED' then return 'DONE' end
if status == 'ACTIVE' then
  redis.call('HSETNX', job, 'cancel_requested', iso(now_ms()))
  return 'REQUESTED'
end
if status ~= 'PENDING' and status ~= 'RETRYING' then return 'ENDED' end
local queue = fields[2] or ''
if queue:sub(1, #queue_prefix) ~= queue_prefix then queue = queue_prefix .. queue end
try_end(job, queue, job_prefix, unique_prefix)
cancel(job, unique_prefix, id, fields[3], fields[4], now_ms(), ttl_s)
redis.call('ZREM', queue, id)
return 'DONE'
