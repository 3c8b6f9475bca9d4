-- Include: wake(hints) tells one idle worker to look at the queue. It is only a hint, never a source of
-- truth. The list is capped, so that a queue without workers does not grow a second one, and has a TTL.
-- It comes before the writes that matter: one hint too many is harmless, a script stopped half-way is not.
local function wake(hints)
  if redis.call('LLEN', hints) < 64 then
    redis.call('RPUSH', hints, 1)
    redis.call('PEXPIRE', hints, 60000)
  end
end
