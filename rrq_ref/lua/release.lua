-- include: _wake _rubbish _owned _give_back
-- Hand a job back that this attempt did not finish: not a failure, not counted.
--
-- KEYS[1] job hash   KEYS[2] queue   KEYS[3] locks   KEYS[4] wake-up hints
-- ARGV[1] job id     ARGV[2] worker id     ARGV[3] token
-- Returns DONE, or nothing was touched: REPEAT, SUPERSEDED, GONE.
-- Atomic: lock, status and queue entry.
local job, queue, locks, hints = unpack(KEYS)
local id, worker, token = unpack(ARGV)

local refusal = owned(job, worker, token, {PENDING = true})
if refusal then return refusal end
try_give_back(queue, locks)
wake(hints)
give_back(job, queue, locks, id)
return 'DONE'
