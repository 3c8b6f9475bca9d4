"""Bugs in how the end of an attempt is written: completions, failures, burials."""

from __future__ import annotations

from chaos.planted.bugs.bug import Bug
from chaos.planted.edit import Edit

FINISH, RETRY, STORE = "lua/finish.lua", "lua/retry.lua", "store.py"
#: The store's next statement after outcomes have been written.
_SETTLED = "        finished = iter("

BUGS = (
    Bug(
        name="finish_without_the_token_check",
        sentence="a superseded attempt completes the job",
        edits=(
            Edit(
                FINISH,
                "owned(job, worker, token, {COMPLETED = true}, ",
                "nil, redis.call('HMGET', job, ",
            ),
        ),
        scenario="pause_past_heartbeat",
        anomaly="zombie-write",
        options=("--jobs", "5"),
    ),
    Bug(
        name="retry_without_the_token_check",
        sentence="a superseded attempt counts a failure and queues the job again",
        edits=(Edit(RETRY, "if refusal then return refusal end\n", "fields = fields or {}\n"),),
        scenario="pause_past_heartbeat",
        anomaly="zombie-write",
        options=("--jobs", "5"),
    ),
    Bug(
        name="effects_before_the_check",
        sentence="effects are applied before it is asked whether the attempt may commit",
        edits=(
            Edit(
                FINISH,
                "  local answer, kept = owned(",
                "  local early = effects ~= '' and apply(cjson.decode(effects))\n"
                "  local answer, kept = owned(",
            ),
            Edit(
                FINISH, "answer = effects ~= '' and apply(cjson.decode(effects))", "answer = early"
            ),
        ),
        scenario="planted.scenarios.lost_replies",
        anomaly="effect-repeated",
    ),
    Bug(
        name="effects_in_a_second_step",
        sentence="effects are applied by a second command, after the completion",
        edits=(
            Edit(STORE, "token, result, effects)", 'token, result, "")'),
            Edit(
                STORE,
                _SETTLED,
                "        for done in finishes:\n"
                '            commands = json.loads(done.effects or "[]")\n'
                "            await self.run([tuple(words) for words in commands])\n" + _SETTLED,
            ),
        ),
        scenario="kill_during_finish",
        anomaly="effect-missing",
        options=("--jobs", "60", "--workers", "1"),
    ),
    Bug(
        name="retry_in_two_steps",
        sentence="a failure is counted first and the job is queued by a second command",
        edits=(
            Edit(RETRY, "redis.call('ZADD', queue, due, id)\n", ""),
            Edit(
                STORE,
                _SETTLED,
                "        for retry in [o for o in outcomes if isinstance(o, Retry)]:\n"
                "            queue = self._keys[retry.lease.queue][0]\n"
                '            await self.run([("ZADD", queue, 0, retry.lease.job_id)])\n' + _SETTLED,
            ),
        ),
        scenario="sweep",
        options=("--life", "fails-then-succeeds", "--fault", "kill"),
        anomaly="lost",
    ),
    Bug(
        name="retry_counts_before_the_check",
        sentence="a failure is counted before it is asked whether it was counted already",
        edits=(
            Edit(
                RETRY,
                "local refusal, fields = owned(",
                "redis.call('HINCRBY', job, 'current_retries', 1)\nlocal refusal, fields = owned(",
            ),
            Edit(
                RETRY,
                "local retries = whole(fields[1], 0) + 1\n",
                "local retries = whole(fields[1], 0)\n",
            ),
        ),
        scenario="planted.scenarios.lost_replies",
        anomaly="retry-twice",
    ),
    Bug(
        name="one_failure_too_many",
        sentence="a job may fail once more than its budget allows",
        edits=(Edit(RETRY, "if retries >= whole(", "if retries > whole("),),
        scenario="planted.scenarios.everyday",
        anomaly="budget-exceeded",
    ),
    Bug(
        name="one_failure_too_few",
        sentence="a job is dead-lettered with one try left",
        edits=(Edit(RETRY, "if retries >= whole(", "if retries + 1 >= whole("),),
        scenario="planted.scenarios.everyday",
        anomaly="false-dead-letter",
    ),
    Bug(
        name="result_ttl_forgotten",
        sentence="completed jobs never expire",
        edits=(Edit(FINISH, "if ttl_s > 0 then", "if false then"),),
        scenario="planted.scenarios.everyday",
        anomaly="orphan-key",
    ),
    Bug(
        name="unique_key_never_freed",
        sentence="a completed job keeps its unique key",
        edits=(Edit(FINISH, "    free_unique(unique_prefix, kept[2], id)\n", ""),),
        scenario="planted.scenarios.everyday",
        anomaly="orphan-key",
    ),
    Bug(
        name="unique_key_freed_too_early",
        sentence="a job gives its unique key up when it fails, and then runs again",
        edits=(
            Edit(
                RETRY,
                "redis.call('ZADD', queue, due, id)\n",
                "redis.call('ZADD', queue, due, id)\nfree_unique(unique_prefix, fields[3], id)\n",
            ),
        ),
        scenario="planted.scenarios.everyday",
        anomaly="unique-violated",
    ),
)
