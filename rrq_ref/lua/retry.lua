-- include: _now _wake _rubbish _unique _end _owned
-- Count a failed run, and queue the job again or, if its budget is used up, dead-letter it.
--
-- KEYS[1] job hash   KEYS[2] queue   KEYS[3] locks   KEYS[4] dead-letter queue   KEYS[5] wake-up hints
-- ARGV[1] job id     ARGV[2] worker id     ARGV[3] token
-- ARGV[4] error text     ARGV[5] traceback, '' = none     ARGV[6] delay in ms until the next run
-- ARGV[7] default max_retries (runs in all)     ARGV[8] TTL of a dead-lettered job in s
-- ARGV[9] prefix of job hashes        ARGV[10] prefix of unique keys
-- Returns DONE (queued again), BURIED (dead-lettered), STOPPED (it was asked to stop: it has ended, as
--   CANCELLED), or nothing was touched: REPEAT, SUPERSEDED, GONE.
-- Atomic: one failure is one increment and one re-queue, together.
local job, queue, locks, dlq, hints = unpack(KEYS)
local id, worker, token, err, trace, delay_ms, max_retries, ttl_s, job_prefix, unique_prefix = unpack(ARGV)

-- An earlier try of the same call may have ended the job.
local done = {RETRYING = true, FAILED = true, CANCELLED = true}
local refusal, fields = owned(job, worker, token, done, 'current_retries', 'max_retries', 'job_unique_key',
  'awaited', 'cancel_requested')
if refusal then return refusal end

local now = now_ms()
local retries = whole(fields[1], 0) + 1
try_end(job, locks, job_prefix, unique_prefix)
if fields[5] then
  cancel(job, unique_prefix, id, fields[3], fields[4], now, ttl_s)
  redis.call('ZREM', locks, id)
  return 'STOPPED'
end
if retries >= whole(fields[2], max_retries) then
  dead_letter(job, dlq, job_prefix, unique_prefix, id, fields[3], fields[4], 'retries', err, trace, now, ttl_s)
  redis.call('HSET', job, 'current_retries', retries)
  redis.call('ZREM', locks, id)
  return 'BURIED'
end
local due = now + tonumber(delay_ms)
redis.call('HDEL', job, NOBODY)
redis.call('ZADD', queue, 'XX', due, NOBODY)
wake(hints)
redis.call('HSET', job, 'status', 'RETRYING', 'current_retries', retries, 'last_error', err,
  'next_scheduled_run_time', iso(due))
if trace ~= '' then redis.call('HSET', job, 'last_traceback', trace) end
redis.call('HDEL', job, 'worker_id')
redis.call('ZADD', queue, due, id)
redis.call('ZREM', locks, id)
return 'DONE'
