-- include: _now _wake _rubbish _unique
-- Store one job and queue it in one step, or name the job that already stands for it.
--
-- KEYS[1] job hash   KEYS[2] queue   KEYS[3] wake-up hints   KEYS[4] unique key (only when the job has one)
-- ARGV[1] job id     ARGV[2] due time, ms since the epoch; 0 = after the delay
-- ARGV[3] delay in ms from the server's now     ARGV[4] place in its call, from 0: of jobs due at once the
--   first is due first     ARGV[5] prefix of job hashes
-- ARGV[6..] fields and values of the job hash
-- Returns {CREATED, id, enqueue time} or {EXISTS, id of the job that stands for this call}: the same job id, or
--   the live job that holds the unique key. EXISTS changes nothing: after a lost reply the call can be sent again.
-- Atomic: hash, queue entry, unique key and hint. The hash comes last, because it makes the job exist. If the server
-- refuses one of the writes, none of them counts, and the call can be sent again.
local job, queue, hints, unique = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local id, due, delay, place, job_prefix = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]

if redis.call('EXISTS', job) == 1 then return {'EXISTS', id} end
local holder = held_by_another(unique, id, job_prefix)
if holder then return {'EXISTS', holder} end

local now = now_ms()
local fields = {'id', id, 'status', 'PENDING', 'current_retries', 0, 'enqueue_time', iso(now), unpack(ARGV, 6)}
if due == 0 then due = now + delay end
if due > now then fields[#fields + 1], fields[#fields + 2] = 'next_scheduled_run_time', iso(due) end
wake(hints)
-- No TTL: the key lives as long as its job, however long that waits.
if unique then redis.call('SET', unique, id) end
redis.call('ZADD', queue, due + place / 1000, id)
local stored = redis.pcall('HSET', job, unpack(fields))
if type(stored) == 'table' then
  redis.pcall('ZREM', queue, id)
  if unique then redis.pcall('DEL', unique) end
  error(stored.err)
end
return {'CREATED', id, iso(now)}
