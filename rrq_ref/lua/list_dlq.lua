-- include: _rubbish
-- Read a page of a dead-letter queue: for each entry as much as fits on a line, however large its job is.
--
-- KEYS[1] dead-letter queue
-- ARGV[1] number of the first entry, 0 = the newest     ARGV[2] how many entries at most
-- ARGV[3] prefix of job hashes
-- Returns flat, per entry: id, its place from the old end (-1 = the oldest), then the FIELDS below: '' if absent,
--   the size instead of a value that is too long, and the status '?' if the job's key holds something else than a hash.
-- Atomic: places and jobs belong together. Writes nothing.
local FIELDS = {'status', 'queue_name', 'function_name', 'dead_reason', 'last_error'}
local dlq, first, count, job_prefix = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local length, page = redis.call('LLEN', dlq), {}

for n, id in ipairs(redis.call('LRANGE', dlq, first, first + count - 1)) do
  local job, asked, said = job_prefix .. id, {unpack(FIELDS)}, {}
  page[#page + 1], page[#page + 2] = id, first + n - 1 - length
  for i = 3, #FIELDS do -- the first two are needed whole
    local size = redis.pcall('HSTRLEN', job, FIELDS[i])
    if rubbish(size) then asked, said[1] = nil, '?' break end
    if size > 16384 then asked[i], said[i] = NOBODY, '(' .. size .. ' bytes)' end
  end
  local stored = asked and redis.call('HMGET', job, unpack(asked)) or {}
  for i = 1, #FIELDS do page[#page + 1] = said[i] or stored[i] or '' end
end
return page
