-- include: _now _rubbish _unique _end _owned
-- Commit completions: results, effects, locks and unique keys of many attempts in one call.
--
-- KEYS[1..] locks of each queue     rrq:locks:<name>
-- ARGV[1] worker id     ARGV[2] default result TTL in s
-- ARGV[3] prefix of job hashes        ARGV[4] prefix of unique keys
-- ARGV[5..] per attempt: number of its queue in KEYS, job id, token, result (JSON),
--   effects (JSON list of Redis commands, '' = none)
-- Returns one word per attempt: DONE, or nothing was touched: REPEAT (done before), SUPERSEDED, GONE;
--   or 'EFFECT <why>': an effect is not a command that works on its key. The attempt still holds the job.
-- Atomic, for each attempt and as a whole. Effects are applied after the fence and in the same step, which
-- makes them exactly-once. Idempotent: the same call again answers REPEAT.
local worker, default_ttl_s, job_prefix, unique_prefix = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local now = iso(now_ms())
local answers, done, tried = {}, {}, {}

-- If the server refuses a command now, or to this user, the effect is not at fault: the call fails before any effect
-- is applied. Redis 6.2 does not tell a user's rights; there only a missing right to the first effect is seen in time.
local function apply(commands)
  for _, command in ipairs(commands) do may(unpack(command)) end
  for i, command in ipairs(commands) do
    local answer = redis.pcall(unpack(command))
    -- Redis 6.2 lengthens the list of arguments of INCRBYFLOAT but remembers its old length: a longer command then
    -- writes beyond the list's end, and the server crashes. Expiring a key in the past makes it take a new list.
    if not redis.acl_check_cmd and command[1]:upper() == 'INCRBYFLOAT' then
      redis.pcall('HSET', job_prefix .. NOBODY, 'x', 1)
      redis.pcall('EXPIRE', job_prefix .. NOBODY, -1)
    end
    local err = type(answer) == 'table' and answer.err
    for _, sign in ipairs(i == 1 and err and {'OOM command', 'READONLY', 'MISCONF', 'NOPERM', 'ACL failure', 'The user executing'} or {}) do
      if err:find(sign, 1, true) then error(err) end
    end
    if err then return 'EFFECT ' .. i .. ' (' .. command[1] .. '): ' .. err end
  end
end

for i = 5, #ARGV, 5 do
  local queue_number, id, token, result, effects = unpack(ARGV, i, i + 4)
  local job, at = job_prefix .. id, tonumber(queue_number)
  local answer, kept = owned(job, worker, token, {COMPLETED = true}, 'result_ttl_seconds', 'job_unique_key',
    'awaited')
  if not answer then
    if not tried[at] then try_end(job, KEYS[at], job_prefix, unique_prefix) end
    tried[at] = true
    tell(kept[3], id, 'completed', 'COMPLETED')
    answer = effects ~= '' and apply(cjson.decode(effects)) or 'DONE'
  end
  if answer == 'DONE' then
    local ttl_s = whole(kept[1], default_ttl_s)
    redis.call('HSET', job, 'status', 'COMPLETED', 'result', result, 'completion_time', now)
    if ttl_s > 0 then redis.call('EXPIRE', job, ttl_s) end
    free_unique(unique_prefix, kept[2], id)
    done[at] = done[at] or {}
    table.insert(done[at], id)
  end
  answers[#answers + 1] = answer
end
for at, ids in pairs(done) do redis.call('ZREM', KEYS[at], unpack(ids)) end
return answers
