-- include: _now _rubbish _unique _end _give_back
-- Take up to N due jobs off the queues and lock them, in one step: no window between pop and lock.
-- First takes back jobs whose locks have expired, so no separate reaper is needed.
--
-- KEYS[1] claim record   rrq:claim:<worker id>
-- KEYS[2..] per queue, in order of priority: queue, locks, dead-letter queue, wake-up hints
-- ARGV[1] worker id     ARGV[2] number of this claim; a re-sent call carries the same one
-- ARGV[3] how many jobs at most     ARGV[4] how many bytes of arguments at most, but for a single job; 0 = none
-- ARGV[5] lock TTL in ms     ARGV[6] crashes after which a job is dead-lettered as poison
-- ARGV[7] TTL of a dead-lettered job in s
-- ARGV[8] prefix of job hashes        ARGV[9] prefix of unique keys
-- Returns {due_in, left, jobs, taken_back, buried, dropped, returned, lost}
--   due_in      ms until the next job is due or the next lock expires; -1 = nothing is waiting
--   left        queued and locked jobs of these queues, those just claimed included
--   jobs        flat: queue number, id, token, then the FIELDS below (nil where absent)
--   taken_back  flat: id, token of the attempt whose lock had expired
--   buried      flat: id, token of each job that ends here: poison, asked to stop, or not a hash (token nil)
--   dropped     ids that were queued but have no job (ghosts), or whose job has ended or is running
--   returned    flat: id, token of jobs that a re-sent call had claimed, and hands back for want of room
--   lost        flat: queue number, id, token of jobs that a re-sent call had claimed, and that it no longer holds
-- Atomic, and idempotent while the claim record lives: the same call again returns the same jobs. A call for 0 jobs is
-- the last one of a worker that leaves: it is recorded even if it takes nothing, and so the same call takes nothing
-- should it come late.
local FIELDS = {'function_name', 'job_args', 'job_kwargs', 'job_params', 'current_retries', 'max_retries',
  'job_timeout_seconds'}
local record, worker, number, want, room = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local ttl_ms, max_crashes, dlq_ttl_s, job_prefix, unique_prefix = tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7], ARGV[8], ARGV[9]
local leaving = want == 0
local RECORD_TTL_MS = math.max(ttl_ms, 600000)
local now = now_ms()
local expiry = now + ttl_ms
local jobs, taken_back, buried, dropped, returned, lost = {}, {}, {}, {}, {}, {}

local function read(id)
  local fields = redis.pcall('HMGET', job_prefix .. id, 'status', 'fencing_token', 'worker_id', unpack(FIELDS))
  return not rubbish(fields) and fields or {}, rubbish(fields)
end

local function add(queue_number, id, token, fields)
  local n = #jobs
  jobs[n + 1], jobs[n + 2], jobs[n + 3] = queue_number, id, token
  for i = 1, #FIELDS do jobs[n + 3 + i] = fields[3 + i] end
end

-- True if a job's arguments fit into this answer. Those of the first job always do.
local function fits(fields)
  local size = #(fields[5] or '') + #(fields[6] or '') + #(fields[7] or '')
  if room <= 0 or (#jobs > 0 and size > room) then return false end
  room = room - size
  return true
end

-- A job is charged with each attempt that took its worker down. Nobody sees that happen; only an expired lock is
-- seen. So the attempt is charged here, by its token, and a worker that lives after all acquits it.
local function charge(crashes, tokens, token)
  return 'crashes', whole(crashes, 0) + 1, 'charged', (tokens or ',') .. string.format('%.0f,', token)
end

-- Ends a job that was asked to stop, instead of handing it back.
local function stop(job, id, locks, token, unique, awaited)
  try_end(job, locks, job_prefix, unique_prefix)
  cancel(job, unique_prefix, id, unique, awaited, now, dlq_ttl_s)
  redis.call('HSET', job, 'fencing_token', token + 1)
  redis.call('ZREM', locks, id)
  buried[#buried + 1], buried[#buried + 2] = id, token
end

-- Takes back one job whose lock has expired.
local function take_back_one(job, id, queue, locks, dlq)
  local fields = redis.pcall('HMGET', job, 'status', 'fencing_token', 'worker_id', 'crashes', 'charged', 'acquitted', 'job_unique_key',
    'awaited', 'cancel_requested')
  local status = not rubbish(fields) and fields[1]
  if status == 'PENDING' or status == 'RETRYING' then -- half of a transition of ours, or another program's write
    redis.call('ZADD', queue, 'NX', 0, id)
    redis.call('ZREM', locks, id)
  elseif status == 'ACTIVE' then
    local token, lived = whole(fields[2], 0), fields[6] == fields[2]
    local crashes = whole(fields[4], 0) + (lived and 0 or 1)
    if fields[9] then
      stop(job, id, locks, token, fields[7], fields[8])
    elseif not lived and crashes >= max_crashes then
      try_end(job, locks, job_prefix, unique_prefix)
      dead_letter(job, dlq, job_prefix, unique_prefix, id, fields[7], fields[8], 'poison', 'lost its worker ' .. crashes .. ' times', '', now, dlq_ttl_s)
      redis.call('HSET', job, 'fencing_token', token + 1, charge(fields[4], fields[5], token))
      redis.call('ZREM', locks, id)
      buried[#buried + 1], buried[#buried + 2] = id, token
    else
      -- Raising the token fences the lost attempt from this moment, not only from the next claim.
      if lived then
        give_back(job, queue, locks, id, 'fencing_token', token + 1)
      else
        give_back(job, queue, locks, id, 'fencing_token', token + 1, charge(fields[4], fields[5], token))
      end
      taken_back[#taken_back + 1], taken_back[#taken_back + 2] = id, token
    end
  else
    redis.call('ZREM', locks, id)
  end
end

local function take_back(queue, locks, dlq)
  local expired = redis.call('ZRANGEBYSCORE', locks, '-inf', now, 'LIMIT', 0, 100)
  if #expired > 0 then try_give_back(queue, locks) end
  for _, id in ipairs(expired) do take_back_one(job_prefix .. id, id, queue, locks, dlq) end
end

-- Reads the due entries of a queue without touching them: ids to claim, ids to drop, and ids whose key is no hash.
local tokens = {}
local function due_jobs(queue_number, queue, locks)
  local claimed, ghosts, no_hash = {}, {}, {}
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', queue, '-inf', now, 'LIMIT', 0, want)) do
    local fields, is_rubbish = read(id)
    local status = fields[1]
    if is_rubbish then
      no_hash[#no_hash + 1] = id
    elseif not status or status == 'COMPLETED' or status == 'FAILED' or status == 'CANCELLED' or tokens[id]
        or (status == 'ACTIVE' and redis.call('ZSCORE', locks, id)) then
      ghosts[#ghosts + 1] = id
    elseif fits(fields) then
      tokens[id] = whole(fields[2], 0) + 1
      add(queue_number, id, tokens[id], fields)
      claimed[#claimed + 1] = id
    else
      want = #claimed -- the rest, and the queues behind it, wait for the next claim
      break
    end
  end
  want = want - #claimed
  return claimed, ghosts, no_hash
end

-- Looks at a queue as if its first n entries had left it; `gone` of them get no lock. Returns true if nothing is due.
local due_in, left = -1, 0
local function survey(queue, locks, n, gone, newly_held)
  left = left + redis.call('ZCARD', queue) + redis.call('ZCARD', locks) - gone
  local first = redis.call('ZRANGE', queue, n, n, 'WITHSCORES')[2]
  local expires = redis.call('ZRANGE', locks, 0, 0, 'WITHSCORES')[2]
  for _, at in ipairs({first or false, expires or false, newly_held and expiry or false}) do
    if at then
      local wait = math.max(0, math.ceil(math.min(tonumber(at) - now, 1e12)))
      if due_in < 0 or wait < due_in then due_in = wait end
    end
  end
  return not first or tonumber(first) > now
end

-- Moves the entries that due_jobs has found. Every write but the first has been tried.
local function pop(queue, locks, dlq, claimed, ghosts, no_hash)
  local held, gone = {}, {}
  for _, id in ipairs(claimed) do
    redis.call('HSET', job_prefix .. id, 'status', 'ACTIVE', 'fencing_token', tokens[id], 'worker_id', worker)
    held[#held + 1], held[#held + 2], gone[#gone + 1] = expiry, id, id
  end
  if #held > 0 then redis.call('ZADD', locks, unpack(held)) end
  for _, id in ipairs(no_hash) do
    redis.call('LPUSH', dlq, id) -- there is no hash for a reason, but the queue goes on
    buried[#buried + 1], buried[#buried + 2], gone[#gone + 1] = id, false, id
  end
  for _, id in ipairs(ghosts) do dropped[#dropped + 1], gone[#gone + 1] = id, id end
  redis.call('ZREM', queue, unpack(gone))
end

-- True if this is a repeat of a call whose reply was lost. Jobs that it claimed and still holds are handed over again,
-- as many as there is room for.
local function again()
  local last = redis.call('GET', record)
  last = last and cmsgpack.unpack(last)
  if not last or last[1] ~= number then return false end
  for i = 2, #last, 3 do
    local queue_number, id, token = last[i], last[i + 1], tostring(last[i + 2])
    local queue, locks = KEYS[queue_number * 4 - 2], KEYS[queue_number * 4 - 1]
    local job, fields = job_prefix .. id, read(id)
    if fields[1] == 'ACTIVE' and fields[2] == token and fields[3] == worker then
      try_give_back(queue, locks)
      if fits(fields) then
        redis.call('ZADD', locks, expiry, id)
        redis.call('ZREM', queue, id)
        add(queue_number, id, last[i + 2], fields)
      else
        local asked = redis.call('HMGET', job, 'cancel_requested', 'job_unique_key', 'awaited')
        if asked[1] then stop(job, id, locks, last[i + 2], asked[2], asked[3]) else give_back(job, queue, locks, id) end
        returned[#returned + 1], returned[#returned + 2] = id, last[i + 2]
      end
    else
      for f = 0, 2 do lost[#lost + 1] = last[i + f] end
    end
  end
  return true
end

local repeated, found, stale = again(), {}, {}
for q = 1, (#KEYS - 1) / 4 do
  local queue, locks, dlq, hints = unpack(KEYS, q * 4 - 2, q * 4 + 1)
  local claimed, ghosts, no_hash = {}, {}, {}
  -- A worker may listen to many queues, nearly all of them empty.
  local some = redis.call('EXISTS', queue, locks) > 0
  if some and not repeated then
    take_back(queue, locks, dlq)
    if want > 0 then claimed, ghosts, no_hash = due_jobs(q, queue, locks) end
  end
  local gone = #ghosts + #no_hash
  -- This same step takes the jobs that the hints announced.
  if not some or survey(queue, locks, #claimed + gone, gone, #claimed > 0) then stale[#stale + 1] = hints end
  if #claimed + gone > 0 then found[#found + 1] = {queue, locks, dlq, claimed, ghosts, no_hash} end
end
-- The record is written before the jobs are moved. If a later write is refused, the same call is sent again and finds
-- in the record what it holds.
if (#jobs > 0 or leaving) and not repeated then
  local ids = {number}
  for at = 0, #jobs - 1, 3 + #FIELDS do
    for i = 1, 3 do ids[#ids + 1] = jobs[at + i] end
  end
  redis.call('SET', record, cmsgpack.pack(ids), 'PX', RECORD_TTL_MS)
end
for _, of in ipairs(found) do
  redis.call('ZADD', of[2], 'XX', 0, NOBODY)
  redis.call('ZREM', of[1], NOBODY)
end
if #stale > 0 then redis.call('DEL', unpack(stale)) end
for _, of in ipairs(found) do pop(unpack(of)) end
return {due_in, left, jobs, taken_back, buried, dropped, returned, lost}
