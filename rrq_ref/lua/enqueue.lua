-- include: _now _wake _rubbish _unique
-- Store jobs and queue them in one step, or name the jobs that already stand for them.
--
-- KEYS[1] queue   KEYS[2] wake-up hints   KEYS[3..] the job hashes, then the unique keys of jobs that have one
-- ARGV[1] prefix of job hashes     ARGV[2] place of the first job in its call, from 0: of jobs due at once the
--   first is due first
-- ARGV[3..] how many values follow, and the fields that all jobs share, each before its value; how many names follow,
--   and the names of the fields that each job has of its own; then for each job its id, due time in ms since the epoch
--   (0 = after the delay), delay in ms from the server's now, unique key as its field has it ('' = none), own values
-- Returns {enqueue time, for each job 0 or the id of the job that stands for it}: of the job of the same id, or of the
--   live job that holds the unique key. That one is not changed: after a lost reply the call can be sent again.
-- Atomic: hashes, queue entries, unique keys and hints. The hashes come last, because they make the jobs exist. If the
-- server refuses one of the writes, none of them counts, and the call can be sent again.
local queue, hints, job_prefix, place = KEYS[1], KEYS[2], ARGV[1], tonumber(ARGV[2])
local now = now_ms()
local since = iso(now)

-- A hash as it is written. What a job has of its own is put in its place.
local fields = {'id', '', 'status', 'PENDING', 'current_retries', 0, 'enqueue_time', since}
local at = 4 + tonumber(ARGV[3])
for n = 4, at - 1 do fields[#fields + 1] = ARGV[n] end
local own = tonumber(ARGV[at])
local shared = #fields
for n = 1, own do fields[shared + 2 * n - 1] = ARGV[at + n] end
local first, width = at + own + 1, 4 + own
local count = (#ARGV - first + 1) / width

local answer, new, members = {since}, {}, {}
local stored, held = {}, {} -- by an earlier job of this call
local uniques = 2 + count
local some_known = redis.call('EXISTS', unpack(KEYS, 3, uniques)) > 0 -- rarely
for n = 1, count do
  local at, job, unique = first + (n - 1) * width, KEYS[2 + n], nil
  local id, due = ARGV[at], tonumber(ARGV[at + 1])
  if ARGV[at + 3] ~= '' then
    uniques = uniques + 1
    unique = KEYS[uniques]
  end
  local known = stored[id] or some_known and redis.call('EXISTS', job) == 1
  local holder = not known and (held[unique or ''] or held_by_another(unique, id, job_prefix))
  answer[n + 1] = known and id or holder or 0
  if not known and not holder then
    if due == 0 then due = now + tonumber(ARGV[at + 2]) end
    stored[id] = true
    if unique then held[unique] = id end
    new[#new + 1] = {at = at, id = id, job = job, unique = unique, due = due}
    members[#members + 1], members[#members + 2] = due + (place + n - 1) / 1000, id
  end
end
if #new == 0 then return answer end

wake(hints, #new)
-- No TTL: the key lives as long as its job, however long that waits.
for unique, id in pairs(held) do redis.call('SET', unique, id) end
redis.call('ZADD', queue, unpack(members))
for _, one in ipairs(new) do
  fields[2] = one.id
  for n = 1, own do fields[shared + 2 * n] = ARGV[one.at + 3 + n] end
  local last = shared + 2 * own
  if one.unique then
    fields[last + 1], fields[last + 2] = 'job_unique_key', ARGV[one.at + 3]
    last = last + 2
  end
  if one.due > now then
    fields[last + 1], fields[last + 2] = 'next_scheduled_run_time', iso(one.due)
    last = last + 2
  end
  local written = redis.pcall('HSET', one.job, unpack(fields, 1, last))
  if type(written) == 'table' then
    for _, each in ipairs(new) do
      redis.pcall('ZREM', queue, each.id)
      if each.unique then redis.pcall('DEL', each.unique) end
      redis.pcall('DEL', each.job)
    end
    error(written.err)
  end
end
return answer
