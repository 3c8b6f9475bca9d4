-- Include: the parts that all ways of ending a job share. Each needs its trial (see NOBODY) before it.
-- whole: a number from a job hash; the default if it is absent or damaged, since an error would stop half-way.
local function whole(text, default)
  local n = tonumber(text)
  return n and n > -1e12 and n < 1e12 and math.floor(n) or tonumber(default)
end

-- try_end: the trial of all writes that end a job. A command that needs memory comes first: a full server refuses it.
local function try_end(job, locks, job_prefix, unique_prefix)
  redis.call('ZADD', locks, 'XX', 0, NOBODY)
  try_hset(job)
  redis.call('ZREM', locks, NOBODY)
  redis.call('EXPIRE', job_prefix .. NOBODY, 1)
  redis.call('GET', unique_prefix .. NOBODY)
  redis.call('DEL', unique_prefix .. NOBODY)
end

-- tell: wakes clients that wait for the job on its event stream (see await), as RRQ does. It comes before the writes
-- that matter: one event too many is harmless, because only the job's status counts.
local function tell(stream, id, event, status)
  if not stream then return end
  local added = redis.pcall('XADD', stream, 'MAXLEN', 16, '*', 'event', event, 'job_id', id, 'status', status)
  if not rubbish(added) then redis.call('EXPIRE', stream, 60) end
end

-- cancel: CANCELLED, kept ttl_s seconds. The caller takes it off queue and locks.
local function cancel(job, unique_prefix, id, unique, awaited, now, ttl_s)
  redis.call('HDEL', job, NOBODY)
  tell(awaited, id, 'failed', 'CANCELLED')
  redis.call('HSET', job, 'status', 'CANCELLED', 'completion_time', iso(now))
  redis.call('HDEL', job, 'worker_id', 'cancel_requested', 'next_scheduled_run_time')
  redis.call('EXPIRE', job, ttl_s)
  free_unique(unique_prefix, unique, id)
end

-- dead_letter: FAILED, listed in the DLQ, kept ttl_s seconds. The caller takes it off queue and locks.
-- For each entry that comes, up to two leave the list's old end if their jobs have expired.
local function dead_letter(job, dlq, job_prefix, unique_prefix, id, unique, awaited, reason, err, trace, now, ttl_s)
  redis.call('HDEL', job, NOBODY)
  redis.call('LTRIM', dlq, 0, -1)
  for _ = 1, 2 do
    local oldest = redis.call('LINDEX', dlq, -1)
    if not oldest or redis.call('EXISTS', job_prefix .. oldest) == 1 then break end
    redis.call('LTRIM', dlq, 0, -2)
  end
  tell(awaited, id, 'failed', 'FAILED')
  redis.call('LPUSH', dlq, id) -- the only write without a trial is the first one that matters
  redis.call('HSET', job, 'status', 'FAILED', 'dead_reason', reason, 'last_error', err, 'completion_time', iso(now))
  if trace ~= '' then redis.call('HSET', job, 'last_traceback', trace) end
  redis.call('HDEL', job, 'worker_id')
  redis.call('EXPIRE', job, ttl_s)
  free_unique(unique_prefix, unique, id)
end
