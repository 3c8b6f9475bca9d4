-- include: _now _wake
-- Give a dead-lettered job a new life: off the DLQ and into its queue, in one step.
--
-- KEYS[1] job hash   KEYS[2] dead-letter queue   KEYS[3] queue   KEYS[4] wake-up hints
-- KEYS[5] unique key (only when the job has one)
-- ARGV[1] job id     ARGV[2] prefix of job hashes
-- Returns DONE; GONE (no such job any more; its DLQ entry is removed); UNIQUE (a live job holds its
--   unique key; nothing was touched); REPEAT (it is not dead: requeued before, or never was).
-- Atomic: DLQ entry, retry and crash counts, TTL, unique key, queue entry. The errors of the life that
-- ended stay in error_history (JSON, the last ten).
local job, dlq, queue, hints, unique = unpack(KEYS)
local id, job_prefix = ARGV[1], ARGV[2]

local fields = redis.pcall('HMGET', job, 'status', 'last_error', 'dead_reason', 'current_retries', 'crashes', 'error_history')
if fields.err or not fields[1] then
  redis.call('LREM', dlq, 0, id)
  return 'GONE'
end
if fields[1] ~= 'FAILED' then return 'REPEAT' end
if unique then
  local holder = redis.call('GET', unique)
  if holder and holder ~= id then
    local status = redis.call('HGET', job_prefix .. holder, 'status')
    if status == 'PENDING' or status == 'ACTIVE' or status == 'RETRYING' then return 'UNIQUE' end
  end
  redis.call('SET', unique, id)
end

local now = now_ms()
local readable, history = pcall(cjson.decode, fields[6])
if not readable or type(history) ~= 'table' then history = {} end
table.insert(history, {requeued = iso(now), error = fields[2] or '', reason = fields[3] or '',
  retries = tonumber(fields[4]) or 0, crashes = tonumber(fields[5]) or 0})
if #history > 10 then table.remove(history, 1) end
redis.call('LREM', dlq, 0, id)
redis.call('HSET', job, 'status', 'PENDING', 'current_retries', 0, 'error_history', cjson.encode(history))
redis.call('HDEL', job, 'crashes', 'charged', 'dead_reason', 'completion_time', 'next_scheduled_run_time')
redis.call('PERSIST', job)
redis.call('ZADD', queue, now, id)
wake(hints)
return 'DONE'
