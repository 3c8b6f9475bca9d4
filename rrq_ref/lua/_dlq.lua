-- Include: take a job id off a dead-letter queue, in a time that does not grow with the list.
-- A list of up to SHORT entries is searched whole, and all copies of the id are removed. A longer list is searched
-- around the place where the caller saw the id, and at both ends.
local SHORT, AROUND = 1000, 100

-- find: the id's index, for unlist; false if a long list does not have it near its place.
-- place: counted from the old end, -1 = the oldest entry; new entries do not move it. 0 = not known.
local function find(dlq, id, place)
  local length = redis.call('LLEN', dlq)
  if length <= SHORT then return 'anywhere' end
  local first = math.max(0, length + place - AROUND)
  for n, found in ipairs(redis.call('LRANGE', dlq, first, first + 2 * AROUND)) do
    if found == id then return first + n - 1 end
  end
  return redis.call('LPOS', dlq, id, 'MAXLEN', SHORT) or redis.call('LPOS', dlq, id, 'RANK', -1, 'MAXLEN', SHORT)
end

-- unlist: removes the id by one write. Only in the middle of a long list it takes more: there the oldest entry
-- moves into the gap.
local function unlist(dlq, id, at)
  if at == 'anywhere' then
    redis.call('LREM', dlq, 0, id)
  elseif at < SHORT then
    redis.call('LREM', dlq, 1, id)
  elseif at >= redis.call('LLEN', dlq) - SHORT then
    redis.call('LREM', dlq, -1, id)
  else
    redis.call('LTRIM', dlq, 0, -1)
    redis.call('LSET', dlq, at, redis.call('LINDEX', dlq, -1))
    redis.call('LTRIM', dlq, 0, -2)
  end
end
