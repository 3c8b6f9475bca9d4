-- Include: a job that did not run to its end goes back to the head of its queue, because it has waited
-- its turn already. That is not a failure. try_give_back is its trial (see NOBODY), to be called first.
local function try_give_back(queue, locks)
  redis.call('ZADD', queue, 'XX', 0, NOBODY)
  redis.call('ZREM', locks, NOBODY)
end

local function give_back(job, queue, locks, id, ...)
  redis.call('HDEL', job, NOBODY)
  redis.call('HSET', job, 'status', 'PENDING', ...)
  redis.call('HDEL', job, 'worker_id')
  redis.call('ZADD', queue, 0, id)
  redis.call('ZREM', locks, id)
end
