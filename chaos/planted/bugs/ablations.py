"""Safeguards of which one may be missing: another one stands behind it. Not both."""

from __future__ import annotations

from chaos.planted.bugs.bug import Ablation
from chaos.planted.edit import Edit

ENQUEUE, FINISH, LOCK_AND_POP = "lua/enqueue.lua", "lua/finish.lua", "lua/lock_and_pop.lua"
OWNED = "lua/_owned.lua"

ABLATIONS = (
    Ablation(
        sentence="without hints an idle worker polls",
        removed={
            "no_hints": (Edit(ENQUEUE, "wake(hints, #new)\n", ""),),
            "no_polling": (Edit("worker.py", "min(poll.next(), self._longest_wait_s)", "3600.0"),),
        },
        scenario="planted.scenarios.idle_workers",
        anomaly="stuck",
    ),
    Ablation(
        sentence="without a record of the claim, jobs whose claim got no reply are taken back",
        removed={
            "no_claim_record": (
                Edit(LOCK_AND_POP, "if not last or last[1] ~= number then", "if true then"),
            ),
            "nothing_taken_back": (
                Edit(
                    LOCK_AND_POP,
                    "  if some and not repeated then\n    take_back(queue, locks, dlq)\n",
                    "  if some and not repeated then\n",
                ),
            ),
        },
        scenario="planted.scenarios.lost_claims",
        anomaly="stuck",
    ),
    Ablation(
        sentence="without the owner's name the token is enough: each claim raises it",
        removed={
            "owner_not_compared": (Edit(OWNED, " and held[2] == worker then", " then"),),
            "token_not_compared": (
                Edit(OWNED, "  if held[1] ~= token then return 'SUPERSEDED' end\n", ""),
            ),
        },
        scenario="pause_past_heartbeat",
        anomaly="zombie-write",
    ),
    Ablation(
        sentence="without self-fencing a late completion is sent, and refused by the token",
        removed={
            "no_self_fencing": (
                Edit(
                    "refresher.py",
                    "attempt.deadline <= now):\n                self._lose(attempt)",
                    "attempt.deadline <= now):\n"
                    "                attempt.deadline = now + self._ttl_s",
                ),
            ),
            "no_fence_at_the_store": (
                Edit(
                    FINISH,
                    "owned(job, worker, token, {COMPLETED = true}, ",
                    "nil, redis.call('HMGET', job, ",
                ),
            ),
        },
        scenario="planted.scenarios.cut_off",
        anomaly="zombie-write",
    ),
)
