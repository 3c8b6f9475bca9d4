-- Include: telling what a refusal means, and provoking it in time.
-- rubbish(answer) tells whether a redis.pcall met a key of another type than ours. Any other error is raised: a
-- right that is missing, say, tells nothing about the job.
local function rubbish(answer)
  local err = type(answer) == 'table' and answer.err
  if not err then return false end
  if err:find('WRONGTYPE', 1, true) then return true end
  error(err)
end

-- NOBODY is a job id that no job has. A command about it changes nothing, and is refused like any other: a script
-- sends such ones before its first write that matters, so that it cannot be stopped half-way.
local NOBODY = '\0nobody'

-- may(command...) raises where this user may not send a command, without sending it. nil = it cannot be known
-- (Redis 6.2).
local function may(...)
  local known, allowed = pcall(redis.acl_check_cmd, ...)
  if known and not allowed then error('NOPERM this user may not send ' .. select(1, ...)) end
  return known or nil
end

-- try_hset: of this command only a wrong form changes nothing.
local function try_hset(job)
  if may('HSET', job, 'status', 'x') then return end
  local err = redis.pcall('HSET', job, 'status', 'x', 'odd').err
  if not err:find('wrong number', 1, true) then error(err) end
end
