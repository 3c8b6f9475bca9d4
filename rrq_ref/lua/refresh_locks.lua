-- include: _now _rubbish _owned
-- Renew the locks of all jobs that a worker holds, including those of a claim whose reply is still on its way.
--
-- KEYS[1] claim record   rrq:claim:<worker id>     KEYS[2..] locks of each queue   rrq:locks:<name>
-- ARGV[1] worker id     ARGV[2] lock TTL in ms
-- ARGV[3] prefix of job hashes     ARGV[4] number of the claim under way, 0 = none
-- ARGV[5..] per attempt: number of its queue, job id, token
-- Returns one word per attempt: DONE; STOP (renewed, and its handler is to stop); or SUPERSEDED, GONE: this lock is
--   lost and was not touched.
-- A lock that has expired but has not been taken back still belongs to this attempt, and is renewed. A server that is
-- out of memory renews it too: it judges a script by its first write only, and the first one here needs no memory.
local worker, expiry, job_prefix, number = ARGV[1], now_ms() + tonumber(ARGV[2]), ARGV[3], ARGV[4]
local answers = {}
redis.call('ZREM', KEYS[2], NOBODY)

local function renew(queue_number, id, token)
  local refusal, fields = owned(job_prefix .. id, worker, token, {}, 'cancel_requested')
  if not refusal then redis.call('ZADD', KEYS[tonumber(queue_number) + 1], expiry, id) end
  return refusal or fields[1] and 'STOP' or 'DONE'
end

for i = 5, #ARGV, 3 do answers[#answers + 1] = renew(unpack(ARGV, i, i + 2)) end
local last = number ~= '0' and redis.call('GET', KEYS[1])
last = last and cmsgpack.unpack(last)
if last and last[1] == number then
  for i = 2, #last, 3 do renew(last[i], last[i + 1], tostring(last[i + 2])) end
end
return answers
