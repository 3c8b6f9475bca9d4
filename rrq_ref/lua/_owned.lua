-- Include: owned(job, worker, token, done, ...) is the fence before every write of an attempt.
-- Answers nil, and what the fields named after `done` hold, when the attempt holds the job; else the word to
-- answer with:
--   GONE        the job's hash is not there any more, or something else is under its key
--   REPEAT      this very attempt has made this transition before (its reply was lost): status is in done
--   SUPERSEDED  the attempt is not the latest one, or does not hold the job any more
-- A claim raises the token, and so does taking an expired lock back: an older token never fits again.
local function owned(job, worker, token, done, ...)
  local held = redis.pcall('HMGET', job, 'fencing_token', 'worker_id', 'status', ...)
  if rubbish(held) or not held[3] then return 'GONE' end
  if held[1] ~= token then return 'SUPERSEDED' end
  if held[3] == 'ACTIVE' and held[2] == worker then return nil, {unpack(held, 4, 3 + select('#', ...))} end
  return done[held[3]] and 'REPEAT' or 'SUPERSEDED'
end
