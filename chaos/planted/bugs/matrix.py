"""Bugs that show under the faults of scenarios: see `chaos.planted.matrix`."""

from __future__ import annotations

from chaos.planted.bugs.bug import Bug
from chaos.planted.edit import Edit

LOCK_AND_POP, FINISH, RETRY = "lua/lock_and_pop.lua", "lua/finish.lua", "lua/retry.lua"
SETTLER, STORE, WORKER = "settler.py", "store.py", "worker.py"

_TAKEN_BACK = "      taken_back[#taken_back + 1], taken_back[#taken_back + 2] = id, token\n"
_TO_NOWHERE = Edit(LOCK_AND_POP, _TAKEN_BACK, "      redis.call('ZREM', queue, id)\n" + _TAKEN_BACK)
_GIVEN_UP_AT_ONCE = Edit(
    SETTLER,
    "for attempt in [a for a in self._pending if a.deadline <= now]:\n",
    "for attempt in batch:\n",
)
_SENT_AGAIN = (
    "            again = await self._replies([*(commands[n] for n in unknown), *barrier])\n"
    "            unknown += range(len(commands), len(replies))\n"
)
#: The first time all scripts are unknown, and that is no trouble.
_NOT_SENT_AGAIN = Edit(
    STORE,
    _SENT_AGAIN,
    '            if getattr(self, "knew", False):\n'
    '                raise StoreUnavailable("the server knew no such script")\n'
    "            self.knew = True\n" + _SENT_AGAIN,
)

BUGS = (
    Bug(
        name="taken_back_to_nowhere",
        sentence="a job whose lock has expired is not queued again",
        edits=(_TO_NOWHERE,),
        scenario="kill_during_claim",
        anomaly="lost",
    ),
    Bug(
        name="outcome_dropped_on_an_error",
        sentence="an outcome that cannot be written at once is forgotten, and so is the job",
        edits=(_TO_NOWHERE, _GIVEN_UP_AT_ONCE),
        scenario="connections_killed",
        anomaly="lost",
    ),
    Bug(
        name="outcome_dropped_without_its_script",
        sentence="an outcome whose script the server has forgotten is not sent again",
        edits=(_TO_NOWHERE, _GIVEN_UP_AT_ONCE, _NOT_SENT_AGAIN),
        scenario="scripts_flushed",
        anomaly="lost",
    ),
    Bug(
        name="taken_back_after_a_moment",
        sentence="a claim takes back every job that has been held for a tenth of a second",
        edits=(
            Edit(
                LOCK_AND_POP,
                "'ZRANGEBYSCORE', locks, '-inf', now,",
                "'ZRANGEBYSCORE', locks, '-inf', now + ttl_ms - 100,",
            ),
        ),
        scenario="kill_during_claim",
        anomaly="premature-redelivery",
    ),
    Bug(
        name="taken_back_nine_seconds_late",
        sentence="locks are taken back nine seconds after they have expired",
        edits=(
            Edit(
                LOCK_AND_POP,
                "'ZRANGEBYSCORE', locks, '-inf', now,",
                "'ZRANGEBYSCORE', locks, '-inf', now - 9000,",
            ),
        ),
        scenario="kill_during_finish",
        anomaly="late-redelivery",
    ),
    Bug(
        name="taken_back_half_a_minute_late",
        sentence="locks are taken back half a minute after they have expired",
        edits=(
            Edit(
                LOCK_AND_POP,
                "'ZRANGEBYSCORE', locks, '-inf', now,",
                "'ZRANGEBYSCORE', locks, '-inf', now - 30000,",
            ),
        ),
        anomaly="late-redelivery",
    ),
    Bug(
        name="effects_of_the_first_start_only",
        sentence="a job that was started before is completed without its effects",
        edits=(
            Edit(
                FINISH,
                "answer = effects ~= '' and apply(",
                "answer = effects ~= '' and token == '1' and apply(",
            ),
        ),
        scenario="kill_during_claim",
        anomaly="effect-missing",
    ),
    Bug(
        name="completed_once_more",
        sentence="a job that is completed at its first start keeps its lock, and is done again",
        edits=(
            Edit(
                FINISH, "table.insert(done[at], id)", "table.insert(done[at], token ~= '1' and id)"
            ),
            Edit(
                FINISH,
                "do redis.call('ZREM', KEYS[at], unpack(ids)) end",
                "do\n  for _, id in ipairs(ids) do\n"
                "    if id then redis.call('ZREM', KEYS[at], id) end\n  end\nend",
            ),
            Edit(LOCK_AND_POP, "elseif status == 'ACTIVE' then\n", "elseif status then\n"),
        ),
        scenario="kill_during_finish",
        anomaly="double-commit",
    ),
    Bug(
        name="damaged_entry_takes_the_next_along",
        sentence="with an entry whose key is no hash the entry behind it is dropped too",
        edits=(
            Edit(
                LOCK_AND_POP,
                "  redis.call('ZREM', queue, unpack(gone))\n",
                "  redis.call('ZREM', queue, unpack(gone))\n"
                "  if #no_hash > 0 then redis.call('ZREMRANGEBYRANK', queue, 0, 0) end\n",
            ),
        ),
        scenario="damaged_jobs",
        anomaly="lost",
    ),
    Bug(
        name="failures_count_twice",
        sentence="a failure counts as two",
        edits=(
            Edit(
                RETRY,
                "local retries = whole(fields[1], 0) + 1\n",
                "local retries = whole(fields[1], 0) + 2\n",
            ),
        ),
        scenario="retry_storm",
        anomaly="retry-twice",
    ),
    Bug(
        name="leaves_after_a_lost_lock",
        sentence="a worker that has lost an attempt leaves",
        edits=(
            Edit(
                WORKER,
                "    def _lose(self, attempt: Attempt) -> None:\n",
                "    def _lose(self, attempt: Attempt) -> None:\n        self.drain()\n",
            ),
        ),
        scenario="partition",
        anomaly="worker-died",
    ),
    Bug(
        name="leaves_when_scripts_are_gone_again",
        sentence="a worker leaves when the server has forgotten its scripts several times",
        edits=(
            _NOT_SENT_AGAIN,
            Edit(
                WORKER,
                "                await self._idle(partial(trouble.wait, error))\n"
                "                wait_s = 0.0\n                continue\n",
                "                await self._idle(partial(trouble.wait, error))\n"
                '                self.troubles = getattr(self, "troubles", 0) + 1\n'
                "                if self.troubles > 3:\n"
                "                    return\n"
                "                wait_s = 0.0\n                continue\n",
            ),
        ),
        scenario="scripts_flushed",
        anomaly="worker-died",
    ),
    Bug(
        name="leaves_when_its_clock_is_stepped",
        sentence="a worker leaves when its wall clock was stepped by more than a minute",
        edits=(
            Edit(
                WORKER,
                "            try:\n                claim = await self._claim(room, wait_s)\n",
                "            import time\n"
                "            offset = time.time() - time.monotonic()\n"
                '            self.offset = getattr(self, "offset", offset)\n'
                "            if abs(offset - self.offset) > 60:\n"
                "                return\n"
                "            try:\n                claim = await self._claim(room, wait_s)\n",
            ),
        ),
        scenario="worker_clock",
        anomaly="worker-died",
    ),
)
