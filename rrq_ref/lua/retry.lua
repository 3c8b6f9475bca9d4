-- include: _now _wake _end _owned
-- One failed run: count it and queue the job again, or dead-letter it when the budget is used up.
--
-- KEYS[1] job hash   KEYS[2] queue   KEYS[3] locks   KEYS[4] dead-letter queue   KEYS[5] wake-up hints
-- ARGV[1] job id     ARGV[2] worker id     ARGV[3] token
-- ARGV[4] error text     ARGV[5] delay in ms until the next run
-- ARGV[6] default max_retries (runs in all)     ARGV[7] TTL of a dead-lettered job in s
-- ARGV[8] prefix of job hashes        ARGV[9] prefix of unique keys
-- Returns DONE (queued again), BURIED (dead-lettered), or nothing was touched: REPEAT, SUPERSEDED, GONE.
-- Atomic: one failure is one increment and one re-queue, together.
local job, queue, locks, dlq, hints = unpack(KEYS)
local id, worker, token, err, delay_ms = unpack(ARGV, 1, 5)

local refusal = owned(job, worker, token, 'RETRYING')
-- The same call may have buried the job.
if refusal == 'SUPERSEDED' then refusal = owned(job, worker, token, 'FAILED') end
if refusal then return refusal end

local now = now_ms()
local budget = redis.call('HMGET', job, 'current_retries', 'max_retries')
local retries = whole(budget[1], 0) + 1
redis.call('HSET', job, 'current_retries', retries)
redis.call('ZREM', locks, id)
if retries >= whole(budget[2], ARGV[6]) then
  dead_letter(job, dlq, ARGV[8], ARGV[9], id, 'retries', err, now, ARGV[7])
  return 'BURIED'
end
local due = now + tonumber(delay_ms)
redis.call('HSET', job, 'status', 'RETRYING', 'last_error', err, 'next_scheduled_run_time', iso(due))
redis.call('HDEL', job, 'worker_id')
redis.call('ZADD', queue, due, id)
wake(hints)
return 'DONE'
