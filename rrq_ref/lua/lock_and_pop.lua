-- include: _now _end
-- Take up to N due jobs off the queues and lock them, in one step: no window between pop and lock.
-- First takes back the locks that have expired, so there is no reaper to forget.
--
-- KEYS[1] claim record   rrq:claim:<worker id>
-- KEYS[2..] per queue, in order of priority: queue, locks, dead-letter queue, wake-up hints
-- ARGV[1] worker id     ARGV[2] number of this claim; a re-sent call carries the same one
-- ARGV[3] how many jobs at most     ARGV[4] lock TTL in ms
-- ARGV[5] crashes after which a job is dead-lettered as poison
-- ARGV[6] TTL of a dead-lettered job in s
-- ARGV[7] prefix of job hashes        ARGV[8] prefix of unique keys
-- Returns {due_in, left, jobs, taken_back, buried, dropped}
--   due_in      ms until the next job is due or the next lock expires; -1 = nothing is waiting
--   left        queued and locked jobs of these queues, those just claimed included
--   jobs        flat: queue number, id, token, then the FIELDS below (nil where absent)
--   taken_back  flat: id, token of the attempt whose lock had expired
--   buried      flat: id, token of each job dead-lettered here (poison, or not a hash); token nil for the latter
--   dropped     ids that were queued but have no job (ghosts), or whose job has ended or is running
-- Atomic, and idempotent while the claim record lives: the same call again returns the same jobs.
local FIELDS = {'function_name', 'job_args', 'job_kwargs', 'job_params', 'current_retries', 'max_retries',
  'job_timeout_seconds'}
local record, worker, number, want = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3])
local ttl_ms, max_crashes, dlq_ttl_s, job_prefix, unique_prefix = tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6], ARGV[7], ARGV[8]
local now = now_ms()
local expiry = now + ttl_ms
local jobs, taken_back, buried, dropped = {}, {}, {}, {}

local function read(id)
  return redis.pcall('HMGET', job_prefix .. id, 'status', 'fencing_token', 'crashes', 'worker_id', unpack(FIELDS))
end

local function add(queue_number, id, token, fields)
  local n = #jobs
  jobs[n + 1], jobs[n + 2], jobs[n + 3] = queue_number, id, token
  for i = 1, #FIELDS do jobs[n + 3 + i] = fields[4 + i] end
end

local function take_back(queue, locks, dlq)
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', locks, '-inf', now, 'LIMIT', 0, 100)) do
    redis.call('ZREM', locks, id)
    local job, fields = job_prefix .. id, read(id)
    if fields[1] == 'ACTIVE' then
      local token, crashes = whole(fields[2], 0), whole(fields[3], 0) + 1
      -- Raising the token fences the lost attempt from this moment, not only from the next claim.
      redis.call('HSET', job, 'crashes', crashes, 'fencing_token', token + 1)
      if crashes >= max_crashes then
        dead_letter(job, dlq, job_prefix, unique_prefix, id, 'poison', 'lost its worker ' .. crashes .. ' times', now, dlq_ttl_s)
        buried[#buried + 1], buried[#buried + 2] = id, token
      else
        redis.call('HSET', job, 'status', 'PENDING')
        redis.call('HDEL', job, 'worker_id')
        redis.call('ZADD', queue, 0, id) -- to the head: it has waited its turn already
        taken_back[#taken_back + 1], taken_back[#taken_back + 2] = id, token
      end
    end
  end
end

local function pop(queue_number, queue, locks, dlq, room)
  local ids = redis.call('ZRANGEBYSCORE', queue, '-inf', now, 'LIMIT', 0, room)
  if #ids == 0 then return 0 end
  redis.call('ZREM', queue, unpack(ids))
  local held = {}
  for _, id in ipairs(ids) do
    local fields = read(id)
    if fields.err then
      redis.call('LPUSH', dlq, id) -- not a hash: nothing can be said inside it, but the queue goes on
      buried[#buried + 1], buried[#buried + 2] = id, false
    elseif not fields[1] or fields[1] == 'COMPLETED' or fields[1] == 'FAILED' or fields[1] == 'CANCELLED'
        or (fields[1] == 'ACTIVE' and redis.call('ZSCORE', locks, id)) then
      dropped[#dropped + 1] = id
    else
      local token = whole(fields[2], 0) + 1
      redis.call('HSET', job_prefix .. id, 'status', 'ACTIVE', 'fencing_token', token, 'worker_id', worker)
      held[#held + 1], held[#held + 2] = expiry, id
      add(queue_number, id, token, fields)
    end
  end
  if #held > 0 then redis.call('ZADD', locks, unpack(held)) end
  return #held / 2
end

-- The reply to this very call was lost: what it claimed and still holds is handed over again.
local function again()
  local last = redis.call('GET', record)
  last = last and cmsgpack.unpack(last)
  if not last or last[1] ~= number then return false end
  for i = 2, #last, 3 do
    local queue_number, id, token = last[i], last[i + 1], last[i + 2]
    local fields = read(id)
    if fields[1] == 'ACTIVE' and fields[2] == tostring(token) and fields[4] == worker then
      redis.call('ZADD', KEYS[queue_number * 4 - 1], 'XX', expiry, id)
      add(queue_number, id, token, fields)
    end
  end
  return true
end

local repeated, due_in, left, claimed = again(), -1, 0, 0
for q = 1, (#KEYS - 1) / 4 do
  local queue, locks, dlq, hints = unpack(KEYS, q * 4 - 2, q * 4 + 1)
  if not repeated then
    take_back(queue, locks, dlq)
    if claimed < want then claimed = claimed + pop(q, queue, locks, dlq, want - claimed) end
  end
  left = left + redis.call('ZCARD', queue) + redis.call('ZCARD', locks)
  local first = redis.call('ZRANGE', queue, 0, 0, 'WITHSCORES')[2]
  -- Whatever the hints announced has been taken, in this same step: they are stale.
  if not first or tonumber(first) > now then redis.call('DEL', hints) end
  for _, at in ipairs({first or false, redis.call('ZRANGE', locks, 0, 0, 'WITHSCORES')[2] or false}) do
    if at then
      local wait = math.max(0, math.ceil(tonumber(at) - now))
      if due_in < 0 or wait < due_in then due_in = wait end
    end
  end
end
if claimed > 0 then
  local width, ids = 3 + #FIELDS, {number}
  for i = 0, claimed - 1 do
    for f = 1, 3 do ids[#ids + 1] = jobs[i * width + f] end
  end
  redis.call('SET', record, cmsgpack.pack(ids), 'PX', ttl_ms)
end
return {due_in, left, jobs, taken_back, buried, dropped}
