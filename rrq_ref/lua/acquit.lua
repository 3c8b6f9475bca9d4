-- include: _wake _rubbish _unique _end _dlq
-- A worker that lost a job says that it lives: the attempt did not take its worker down.
--
-- KEYS[1] job hash   KEYS[2] queue   KEYS[3] dead-letter queue   KEYS[4] wake-up hints
-- ARGV[1] job id     ARGV[2] worker id     ARGV[3] token
-- ARGV[4] prefix of job hashes        ARGV[5] prefix of unique keys
-- Returns DONE; REPEAT (it is not charged with this attempt: acquitted before, or requeued); GONE.
-- Atomic: the count of crashes, and the way back out of the dead-letter queue if this charge was one too many.
-- An attempt that has not been taken back yet is acquitted in advance.
local job, queue, dlq, hints = unpack(KEYS)
local id, worker, token, job_prefix, unique_prefix = unpack(ARGV)

local fields = redis.pcall('HMGET', job, 'status', 'fencing_token', 'worker_id', 'crashes', 'charged', 'dead_reason',
  'job_unique_key')
if rubbish(fields) or not fields[1] then return 'GONE' end
if fields[1] == 'ACTIVE' and fields[2] == token and fields[3] == worker then
  redis.call('HSET', job, 'acquitted', token)
  return 'DONE'
end
local charged, found = (fields[5] or ''):gsub(',' .. token .. ',', ',', 1)
if found == 0 then return 'REPEAT' end
local acquittal = {'charged', charged, 'crashes', math.max(0, whole(fields[4], 0) - 1)}

-- revive: takes the job out of the dead-letter queue, unless another job holds its unique key by now.
local function revive()
  local unique = fields[7] and unique_prefix .. fields[7]
  if held_by_another(unique, id, job_prefix) then return end
  local at = find(dlq, id, 0) -- buried recently, so it is near the head
  redis.call('ZADD', queue, 'XX', 0, NOBODY)
  try_hset(job)
  redis.call('HDEL', job, NOBODY)
  redis.call('PERSIST', job_prefix .. NOBODY)
  wake(hints)
  if unique then redis.call('SET', unique, id) end
  if at then unlist(dlq, id, at) end
  redis.call('PERSIST', job)
  redis.call('ZADD', queue, 0, id)
  redis.call('HDEL', job, 'dead_reason', 'last_error', 'completion_time')
  acquittal[#acquittal + 1], acquittal[#acquittal + 2] = 'status', 'PENDING'
end

if fields[1] == 'FAILED' and fields[6] == 'poison' then revive() end
redis.call('HSET', job, unpack(acquittal))
return 'DONE'
