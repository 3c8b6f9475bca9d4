-- include: _now _wake _rubbish _unique _end _dlq
-- Give a dead-lettered job a new life: move it from the DLQ to its queue, in one step.
--
-- KEYS[1] job hash   KEYS[2] dead-letter queue   KEYS[3] queue   KEYS[4] wake-up hints
-- ARGV[1] job id     ARGV[2] place from the old end of the list (-1 = the oldest), 0 = not known
-- ARGV[3] prefix of job hashes        ARGV[4] prefix of unique keys
-- Returns DONE; REPEAT (it is not dead: requeued before, or never was) or GONE (no such job any more): its entry, if
--   it is found, is removed; or nothing was touched: UNIQUE (a live job holds its unique key), MOVED (the list
--   is long, and it is not near that place).
-- Atomic: DLQ entry, retry and crash counts, TTL, unique key, queue entry. The errors of the life that
-- ended stay in error_history (JSON, the last ten).
local job, dlq, queue, hints = unpack(KEYS)
local id, place, job_prefix, unique_prefix = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
local now = now_ms()

local fields = redis.pcall('HMGET', job, 'status', 'last_error', 'dead_reason', 'current_retries', 'crashes',
  'error_history', 'job_unique_key')
local at = find(dlq, id, place)
if rubbish(fields) or fields[1] ~= 'FAILED' then
  if at then unlist(dlq, id, at) end
  return not rubbish(fields) and fields[1] and 'REPEAT' or 'GONE'
end
if not at then return 'MOVED' end

-- The history with the end of this life, which is kept even if the rest is unreadable.
local function history()
  local readable, before = pcall(cjson.decode, #(fields[6] or '') < 100000 and fields[6])
  local kept = {}
  for _, life in ipairs(readable and type(before) == 'table' and before or {}) do
    local written, text = pcall(cjson.encode, life)
    if written and type(life) == 'table' then kept[#kept + 1] = text end
  end
  kept[#kept + 1] = cjson.encode({requeued = iso(now), error = (fields[2] or ''):sub(1, 8000),
    reason = (fields[3] or ''):sub(1, 200), retries = whole(fields[4], 0), crashes = whole(fields[5], 0)})
  return '[' .. table.concat(kept, ',', math.max(1, #kept - 9)) .. ']'
end

local unique = fields[7] and unique_prefix .. fields[7]
if held_by_another(unique, id, job_prefix) then return 'UNIQUE' end
local lives = history()
redis.call('ZADD', queue, 'XX', now, NOBODY)
try_hset(job)
redis.call('HDEL', job, NOBODY)
redis.call('PERSIST', job_prefix .. NOBODY)
wake(hints)
if unique then redis.call('SET', unique, id) end
unlist(dlq, id, at)
redis.call('PERSIST', job)
redis.call('HSET', job, 'status', 'PENDING', 'current_retries', 0, 'error_history', lives)
redis.call('HDEL', job, 'crashes', 'charged', 'cancel_requested', 'dead_reason', 'completion_time', 'next_scheduled_run_time')
redis.call('ZADD', queue, now, id)
return 'DONE'
