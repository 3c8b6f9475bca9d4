-- Include: wake(hints, count) tells `count` idle workers, or one, to look at the queue. It is only a hint, never a
-- source of truth. The list is capped, so that a queue without workers does not grow a second one, and has a TTL.
-- It comes before the writes that matter: one hint too many is harmless, a script stopped half-way is not.
local function wake(hints, count)
  local room = math.min(count or 1, 64 - redis.call('LLEN', hints))
  if room < 1 then return end
  local ones = {}
  for n = 1, room do ones[n] = 1 end
  redis.call('RPUSH', hints, unpack(ones))
  redis.call('PEXPIRE', hints, 60000)
end
