-- Include: a unique key stands for the one live job that holds it. Something else under it, or a holder that has
-- ended or is gone, holds nothing: the key is taken over.
-- held_by_another: the id of a live job, not this one, that holds the key; false where there is none.
local function held_by_another(unique, id, job_prefix)
  local holder = unique and redis.pcall('GET', unique)
  if not holder or rubbish(holder) or holder == id then return false end
  local status = redis.pcall('HGET', job_prefix .. holder, 'status')
  return not rubbish(status) and (status == 'PENDING' or status == 'ACTIVE' or status == 'RETRYING') and holder
end

-- free_unique: gives up a job's unique key, in the same step that ends the job, and only its own.
local function free_unique(prefix, unique, id)
  if not unique then return end
  local holder = redis.pcall('GET', prefix .. unique)
  if not rubbish(holder) and holder == id then redis.call('DEL', prefix .. unique) end
end
