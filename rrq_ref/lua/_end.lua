-- Include: what every way of ending a job shares.
-- whole: a number from a job hash, the default where it is absent or damaged: an error would stop half-way.
local function whole(text, default)
  local n = tonumber(text)
  return n and n > -1e12 and n < 1e12 and math.floor(n) or tonumber(default)
end

-- free_unique: gives up the job's unique key, in the same step that ends the job, and only its own.
local function free_unique(prefix, unique, id)
  if unique and redis.call('GET', prefix .. unique) == id then
    redis.call('DEL', prefix .. unique)
  end
end

-- dead_letter: FAILED, listed in the DLQ, kept ttl_s seconds. The caller takes it off queue and locks.
-- Entries whose job has expired meanwhile leave the list's old end, two for each that comes.
local function dead_letter(job, dlq, job_prefix, unique_prefix, id, reason, err, now, ttl_s)
  redis.call('HSET', job, 'status', 'FAILED', 'dead_reason', reason, 'last_error', err, 'completion_time', iso(now))
  redis.call('HDEL', job, 'worker_id')
  redis.call('EXPIRE', job, ttl_s)
  free_unique(unique_prefix, redis.call('HGET', job, 'job_unique_key'), id)
  redis.call('LPUSH', dlq, id)
  for _ = 1, 2 do
    if redis.call('EXISTS', job_prefix .. redis.call('LINDEX', dlq, -1)) == 1 then break end
    redis.call('RPOP', dlq)
  end
end
