-- include: _now _wake
-- Store one job and queue it, together; or name the job that already stands for it.
--
-- KEYS[1] job hash   KEYS[2] queue   KEYS[3] wake-up hints   KEYS[4] unique key (only when the job has one)
-- ARGV[1] job id     ARGV[2] due time, ms since the epoch; 0 = after the delay
-- ARGV[3] delay in ms from the server's now     ARGV[4] prefix of job hashes
-- ARGV[5..] fields and values of the job hash
-- Returns {CREATED, id, enqueue time} or {EXISTS, id of the job that stands for this call}: the same job id, or
--   the live job that holds the unique key. EXISTS changes nothing: after a lost reply the call can be sent again.
-- Atomic: hash, queue entry, unique key and hint.
local job, queue, hints, unique = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local id, due, delay, job_prefix = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]

if redis.call('EXISTS', job) == 1 then return {'EXISTS', id} end
if unique then
  local holder = redis.call('GET', unique)
  if holder and holder ~= id then
    local status = redis.call('HGET', job_prefix .. holder, 'status')
    -- A holder that has ended, or whose hash is gone, holds nothing: its key is taken over.
    if status == 'PENDING' or status == 'ACTIVE' or status == 'RETRYING' then return {'EXISTS', holder} end
  end
  -- No TTL: the key lives as long as its job does, however long the job waits.
  redis.call('SET', unique, id)
end

local now = now_ms()
redis.call('HSET', job, 'id', id, 'status', 'PENDING', 'current_retries', 0, 'enqueue_time', iso(now),
  unpack(ARGV, 5))
if due == 0 then due = now + delay end
if due > now then redis.call('HSET', job, 'next_scheduled_run_time', iso(due)) end
redis.call('ZADD', queue, due, id)
wake(hints)
return {'CREATED', id, iso(now)}
