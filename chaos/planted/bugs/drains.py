"""Bugs in how workers leave, and how they hand back what they hold."""

from __future__ import annotations

from chaos.planted.bugs.bug import Bug
from chaos.planted.edit import Edit

RELEASE, GIVE_BACK = "lua/release.lua", "give_back(job, queue, locks, id)\n"

BUGS = (
    Bug(
        name="release_without_the_token_check",
        sentence="a superseded attempt hands back a job that has long been done",
        edits=(Edit(RELEASE, "if refusal then return refusal end\n", "fields = fields or {}\n"),),
        scenario="pause_past_heartbeat",
        anomaly="zombie-write",
        options=("--jobs", "5"),
    ),
    Bug(
        name="release_ignores_the_owner",
        sentence="whoever has held a job can hand it back while another one runs it",
        edits=(
            Edit(
                RELEASE,
                "local refusal, fields = owned(job, worker, token, done, "
                "'job_unique_key', 'awaited', 'cancel_requested')\n",
                "local refusal, fields = nil, {}\n"
                "if redis.call('HGET', job, 'status') ~= 'ACTIVE' then refusal = 'REPEAT' end\n",
            ),
        ),
        scenario="pause_past_heartbeat",
        anomaly="zombie-write",
    ),
    Bug(
        name="release_to_nowhere",
        sentence="a job that is handed back is not queued again",
        edits=(Edit(RELEASE, GIVE_BACK, GIVE_BACK + "redis.call('ZREM', queue, id)\n"),),
        scenario="planted.scenarios.leaving",
        anomaly="lost",
    ),
    Bug(
        name="retry_count_lost_on_release",
        sentence="a job that is handed back forgets its failures",
        edits=(
            Edit(RELEASE, GIVE_BACK, "give_back(job, queue, locks, id, 'current_retries', 0)\n"),
        ),
        scenario="planted.scenarios.leaving",
        anomaly="retry-lost",
    ),
    Bug(
        name="release_counts_as_a_failure",
        sentence="a job that is handed back counts one more failure",
        edits=(
            Edit(
                RELEASE, GIVE_BACK, GIVE_BACK + "redis.call('HINCRBY', job, 'current_retries', 1)\n"
            ),
        ),
        scenario="planted.scenarios.leaving",
        anomaly="retry-twice",
    ),
    Bug(
        name="drain_drops_what_it_holds",
        sentence="a job that is cancelled by the drain is not handed back",
        edits=(
            Edit(
                "attempt.py",
                "it failed because it was told to stop\n            return Release(lease)",
                "it failed because it was told to stop\n            return None",
            ),
        ),
        scenario="planted.scenarios.leaving",
        anomaly="abandoned",
    ),
    Bug(
        name="drain_claims_on",
        sentence="a worker that is told to stop goes on taking jobs for a while",
        edits=(
            Edit(
                "process.py",
                "worker.drain(hurry=asked and parent_pipe is None)",
                "loop.call_later(1.0, worker.drain)",
            ),
        ),
        scenario="planted.scenarios.leaving",
        anomaly="start-after-drain",
    ),
    Bug(
        name="drain_releases_what_still_runs",
        sentence="a drain hands jobs back first and lets them run on for the grace period",
        edits=(
            Edit(
                "worker.py",
                "        await self._until(\n"
                "            lambda: self._hurry or not self._running(),",
                "        for attempt in self._running():\n"
                "            self._settle(attempt, Release(attempt.claimed.lease))\n"
                "        await self._until(\n"
                "            lambda: self._hurry or not self._busy,",
            ),
        ),
        scenario="planted.scenarios.leaving",
        anomaly="overlap",
    ),
    Bug(
        name="burst_looks_only_at_the_queue",
        sentence="a burst worker leaves although others still hold jobs",
        edits=(Edit("lua/lock_and_pop.lua", " + redis.call('ZCARD', locks) - gone", " - gone"),),
        scenario="planted.scenarios.bursts",
        anomaly="early-exit",
    ),
)
