-- include: _rubbish
-- Mark a job as waited for. Whoever ends it then says so on its event stream.
--
-- KEYS[1] job hash   KEYS[2] event stream   rrq:events:job:<id>
-- Returns {status, id of the stream's last event, '0-0' = none}, or {GONE}. Nothing is written for a job that has ended.
-- Atomic: if the job ends after this call, the event has a later id. The same call again changes nothing.
local job, stream = unpack(KEYS)

local status = redis.pcall('HGET', job, 'status')
if rubbish(status) or not status then return {'GONE'} end
if status == 'PENDING' or status == 'ACTIVE' or status == 'RETRYING' then redis.call('HSETNX', job, 'awaited', stream) end
local events = redis.pcall('XREVRANGE', stream, '+', '-', 'COUNT', 1)
return {status, not rubbish(events) and events[1] and events[1][1] or '0-0'}
