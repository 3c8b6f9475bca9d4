-- include: _rubbish _unique _dlq
-- Take a job off its dead-letter queue for good. A dead job loses its hash as well; a ghost (it has expired, or is
-- not dead) only leaves the list.
--
-- KEYS[1] job hash   KEYS[2] dead-letter queue
-- ARGV[1] job id     ARGV[2] place from the old end of the list (-1 = the oldest), 0 = not known
-- ARGV[3] prefix of job hashes        ARGV[4] prefix of unique keys
-- ARGV[5] what may be deleted: any, or ghost
-- Returns DONE (it was dead, and is gone); GONE (no such job any more) or REPEAT (it is not dead): only its
--   entry was removed; or nothing was touched: DEAD (no ghost), MOVED (the list is long, and it is not near that place).
-- Atomic: entry, hash and, where it is still its own, unique key.
local job, dlq = unpack(KEYS)
local id, place, job_prefix, unique_prefix, what = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4], ARGV[5]

local fields = redis.pcall('HMGET', job, 'status', 'job_unique_key')
local dead = rubbish(fields) or fields[1] == 'FAILED'
if dead and what == 'ghost' then return 'DEAD' end
local at = find(dlq, id, place)
if not at then return 'MOVED' end
if dead then redis.call('DEL', job_prefix .. NOBODY) end
unlist(dlq, id, at)
if not dead then return fields[1] and 'REPEAT' or 'GONE' end
free_unique(unique_prefix, fields[2], id)
redis.call('DEL', job)
return 'DONE'
