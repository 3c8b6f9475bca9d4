-- Include: a unique key stands for the one live job that holds it. If the key holds something else, or its job has
-- ended or is gone, it is free to be taken over.
-- held_by_another: the id of another live job that holds the key; false if there is none.
local function held_by_another(unique, id, job_prefix)
  local holder = unique and redis.pcall('GET', unique)
  if not holder or rubbish(holder) or holder == id then return false end
  local status = redis.pcall('HGET', job_prefix .. holder, 'status')
  return not rubbish(status) and (status == 'PENDING' or status == 'ACTIVE' or status == 'RETRYING') and holder
end

-- free_unique: gives up a job's unique key in the step that ends the job, if the job still holds it.
local function free_unique(prefix, unique, id)
  if not unique then return end
  local holder = redis.pcall('GET', prefix .. unique)
  if not rubbish(holder) and holder == id then redis.call('DEL', prefix .. unique) end
end
