-- include: _now _owned
-- Renew the locks of all jobs that a worker holds.
--
-- KEYS[1..] locks of each queue     rrq:locks:<name>
-- ARGV[1] worker id     ARGV[2] lock TTL in ms
-- ARGV[3] prefix of job hashes
-- ARGV[4..] per attempt: number of its queue in KEYS, job id, token
-- Returns one word per attempt: DONE, or SUPERSEDED, GONE: this lock is lost and was not touched.
-- A lock that has expired but that nobody has taken back is still this attempt's, and is renewed.
local worker, expiry, job_prefix = ARGV[1], now_ms() + tonumber(ARGV[2]), ARGV[3]
local answers = {}
for i = 4, #ARGV, 3 do
  local queue_number, id, token = unpack(ARGV, i, i + 2)
  local refusal = owned(job_prefix .. id, worker, token, nil)
  if not refusal then redis.call('ZADD', KEYS[tonumber(queue_number)], expiry, id) end
  answers[#answers + 1] = refusal or 'DONE'
end
return answers
