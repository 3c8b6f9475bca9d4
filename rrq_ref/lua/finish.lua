-- include: _now _end _owned
-- Commit completions: results, effects, locks and unique keys of many attempts in one call.
--
-- KEYS[1..] locks of each queue     rrq:locks:<name>
-- ARGV[1] worker id     ARGV[2] default result TTL in s
-- ARGV[3] prefix of job hashes        ARGV[4] prefix of unique keys
-- ARGV[5..] per attempt: number of its queue in KEYS, job id, token, result (JSON),
--   effects (JSON list of Redis commands, '' = none)
-- Returns one word per attempt: DONE, or nothing was touched: REPEAT (done before), SUPERSEDED, GONE;
--   or 'EFFECT <why>': an effect is not a command that works on its key. The attempt still holds the job.
-- Atomic, per attempt and as a whole; effects are applied after the fence and in the same step, which
-- makes them exactly-once. Idempotent: the same call again answers REPEAT.
local worker, default_ttl_s, job_prefix, unique_prefix = ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local now = iso(now_ms())
local answers, done = {}, {}

local function apply(effects)
  for i, command in ipairs(cjson.decode(effects)) do
    local answer = redis.pcall(unpack(command))
    local err = type(answer) == 'table' and answer.err
    -- The server's trouble is not the effect's fault: the whole call fails, before its first write.
    if err and (err:find('OOM command') or err:find('READONLY') or err:find('MISCONF')) then error(err) end
    if err then return 'EFFECT ' .. i .. ' (' .. command[1] .. '): ' .. err end
  end
end

for i = 5, #ARGV, 5 do
  local queue_number, id, token, result, effects = unpack(ARGV, i, i + 4)
  local job = job_prefix .. id
  local answer = owned(job, worker, token, 'COMPLETED') or (effects ~= '' and apply(effects)) or 'DONE'
  if answer == 'DONE' then
    local kept = redis.call('HMGET', job, 'result_ttl_seconds', 'job_unique_key')
    local ttl_s = whole(kept[1], default_ttl_s)
    redis.call('HSET', job, 'status', 'COMPLETED', 'result', result, 'completion_time', now)
    if ttl_s > 0 then redis.call('EXPIRE', job, ttl_s) end
    free_unique(unique_prefix, kept[2], id)
    queue_number = tonumber(queue_number)
    done[queue_number] = done[queue_number] or {}
    table.insert(done[queue_number], id)
  end
  answers[#answers + 1] = answer
end
for queue_number, ids in pairs(done) do redis.call('ZREM', KEYS[queue_number], unpack(ids)) end
return answers
