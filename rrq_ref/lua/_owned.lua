-- Include: owned(job, worker, token, done, ...) is the fence before every write of an attempt.
-- If the attempt holds the job, returns nil and the values of the fields named after `done`. Else returns the
-- word for the script's answer:
--   GONE        the job's hash is gone, or its key holds something else
--   REPEAT      this very attempt made this transition before (its reply was lost): status is in done
--   SUPERSEDED  the attempt is not the latest one, or no longer holds the job
-- Both a claim and the take-back of an expired lock raise the token, so an older token never fits again.
local function owned(job, worker, token, done, ...)
  local held = redis.pcall('HMGET', job, 'fencing_token', 'worker_id', 'status', ...)
  if rubbish(held) or not held[3] then return 'GONE' end
  if held[1] ~= token then return 'SUPERSEDED' end
  if held[3] == 'ACTIVE' and held[2] == worker then return nil, {unpack(held, 4, 3 + select('#', ...))} end
  return done[held[3]] and 'REPEAT' or 'SUPERSEDED'
end
