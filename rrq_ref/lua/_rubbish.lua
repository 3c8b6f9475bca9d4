-- Include: tell what a refusal means, and provoke it in time.
-- rubbish(answer): true if a redis.pcall met a key of a wrong type. Any other error is raised: a missing right, for
-- example, says nothing about the job.
local function rubbish(answer)
  local err = type(answer) == 'table' and answer.err
  if not err then return false end
  if err:find('WRONGTYPE', 1, true) then return true end
  error(err)
end

-- NOBODY is an id that no job has. A command about it changes nothing, but is refused like any other. A script tries
-- its commands on it before the first write that matters, so that a refusal cannot stop it half-way.
local NOBODY = '\0nobody'

-- may(command...) raises an error if this user may not send a command; it does not send it. Returns nil if the
-- server cannot tell (Redis 6.2).
local function may(...)
  local known, allowed = pcall(redis.acl_check_cmd, ...)
  if known and not allowed then error('NOPERM this user may not send ' .. select(1, ...)) end
  return known or nil
end

-- try_hset: a trial of HSET, which only a wrong number of arguments keeps from changing anything.
local function try_hset(job)
  if may('HSET', job, 'status', 'x') then return end
  local err = redis.pcall('HSET', job, 'status', 'x', 'odd').err
  if not err:find('wrong number', 1, true) then error(err) end
end
