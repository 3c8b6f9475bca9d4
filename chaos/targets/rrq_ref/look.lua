-- Look at a bounded part of the store at one instant. Writes nothing.
--
-- ARGV[1] cursor of SCAN     ARGV[2] how many keys to look at, about
-- ARGV[3] how many entries of each queue and list     ARGV[4..] names of queues
-- Returns {now, cursor, jobs, keys, dead}
--   now     the server's clock, in ms since the epoch
--   cursor  for the next look; '0' = all keys have been looked at
--   jobs    per job {id, type, ttl in ms, places, fields, unknown fields, holder of its unique key, that key's ttl}
--     places  per queue {score in the queue, score in the locks, times that its DLQ lists it}, false where it is not
--     fields  the FIELDS below, then the LONG ones, as text; false where absent
--   keys    per key that is no job {name, type, ttl in ms, content}
--   dead    per queue the ids in its dead-letter queue, the newest first, 2000 at most
local FIELDS = {'id', 'status', 'queue_name', 'function_name', 'enqueue_time', 'max_retries', 'job_timeout_seconds',
  'result_ttl_seconds', 'job_unique_key', 'current_retries', 'next_scheduled_run_time', 'fencing_token', 'worker_id',
  'crashes', 'charged', 'acquitted', 'dead_reason', 'completion_time', 'cancel_requested', 'awaited'}
-- Fields that may be large: of a value beyond MOST bytes only the size is told, as '#<size>'.
local LONG = {'job_args', 'job_kwargs', 'result', 'last_error', 'last_traceback', 'error_history'}
local MOST, LISTED, JOBS = {2000, 2000, 2000, 20000, 0, 200000}, 2000, 500
local names, known = {unpack(ARGV, 4)}, {}
for _, field in ipairs(FIELDS) do known[field] = true end
for _, field in ipairs(LONG) do known[field] = true end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ids, wanted = {}, {}

local function want(id)
  if not wanted[id] and #ids < JOBS then
    wanted[id] = true
    ids[#ids + 1] = id
  end
end

-- The first entries of a sorted set, and as many from a place that is another one each time.
local function some(key)
  local n = tonumber(ARGV[3])
  local card = redis.pcall('ZCARD', key)
  if type(card) == 'table' then return end
  for _, first in ipairs({0, card > n and now % card or 0}) do
    for _, id in ipairs(redis.call('ZRANGE', key, first, first + n - 1)) do want(id) end
  end
end

local all_dead, dead = {}, {}
for i, name in ipairs(names) do
  local listed = redis.pcall('LRANGE', 'rrq:dlq:' .. name, 0, LISTED - 1)
  if listed.err then listed = {} end
  dead[i] = {}
  for n, id in ipairs(listed) do
    dead[i][id] = (dead[i][id] or 0) + 1
    if n <= tonumber(ARGV[3]) then want(id) end
  end
  if #listed == LISTED then dead[i] = nil end -- longer than that: it is not known who is not in it
  all_dead[i] = listed
  some('rrq:queue:' .. name)
  some('rrq:locks:' .. name)
end

local found, keys = redis.call('SCAN', ARGV[1], 'MATCH', 'rrq:*', 'COUNT', ARGV[2]), {}
for _, key in ipairs(found[2]) do
  if key:sub(1, 8) == 'rrq:job:' then
    want(key:sub(9))
  else
    local kind, content = redis.call('TYPE', key).ok, ''
    if kind == 'string' then content = redis.call('GETRANGE', key, 0, 2000) end
    if key:sub(1, 16) == 'rrq:lock:unique:' and kind == 'string' then want(content) end
    if kind == 'list' then content = tostring(redis.call('LLEN', key)) end
    keys[#keys + 1] = {key, kind, redis.call('PTTL', key), content}
  end
end

local function fields_of(job)
  local values, unknown = redis.call('HMGET', job, unpack(FIELDS)), {}
  local n = 0
  for i, field in ipairs(LONG) do
    local size = redis.call('HSTRLEN', job, field)
    if size > MOST[i] then
      values[#FIELDS + i] = '#' .. size
    else
      values[#FIELDS + i] = redis.call('HGET', job, field)
    end
  end
  for i = 1, #FIELDS + #LONG do n = n + (values[i] and 1 or 0) end
  if redis.call('HLEN', job) > n then
    for _, field in ipairs(redis.call('HKEYS', job)) do
      if not known[field] then unknown[#unknown + 1] = field end
    end
  end
  return values, unknown
end

local jobs = {}
for i, id in ipairs(ids) do
  local job = 'rrq:job:' .. id
  local kind, values, unknown, places, holder, ttl = redis.call('TYPE', job).ok, {}, {}, {}, false, -2
  if kind == 'hash' then values, unknown = fields_of(job) end
  for q, name in ipairs(names) do
    local score = redis.pcall('ZSCORE', 'rrq:queue:' .. name, id)
    local lock = redis.pcall('ZSCORE', 'rrq:locks:' .. name, id)
    places[q] = {type(score) == 'string' and score, type(lock) == 'string' and lock, dead[q] and (dead[q][id] or 0)}
  end
  if values[9] then
    local key = 'rrq:lock:unique:' .. values[9]
    holder, ttl = redis.pcall('GET', key), redis.call('PTTL', key)
    if type(holder) == 'table' then holder = '' end
  end
  jobs[i] = {id, kind, redis.call('PTTL', job), places, values, unknown, holder, ttl}
end
return {tostring(now), found[1], jobs, keys, all_dead}
