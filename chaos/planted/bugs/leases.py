"""Bugs in how long a worker counts a job as its own."""

from __future__ import annotations

from chaos.planted.bugs.bug import Bug
from chaos.planted.edit import Edit

ATTEMPT, REFRESHER, SETTLER, WORKER = "attempt.py", "refresher.py", "settler.py", "worker.py"

BUGS = (
    Bug(
        name="only_ten_locks_renewed",
        sentence="a worker renews ten locks at most",
        edits=(
            Edit(
                REFRESHER,
                "await self._renewed(self._held())",
                "await self._renewed(self._held()[:10])",
            ),
        ),
        anomaly="needless-takeback",
    ),
    Bug(
        name="no_renewal_while_draining",
        sentence="a worker that leaves lets the locks of its running jobs expire",
        edits=(
            Edit(
                WORKER,
                "return list(self._attempts)",
                "return [a for a in self._attempts if a.outcome or not self._draining]",
            ),
        ),
        anomaly="cut-short",
    ),
    Bug(
        name="no_heartbeat_while_draining",
        sentence="a worker that leaves no longer shows that it is there",
        edits=(Edit(WORKER, "        while True:\n", "        while not self._draining:\n"),),
        anomaly="unseen-worker",
    ),
    Bug(
        name="starts_under_an_expired_lock",
        sentence="a job is started although its lock may have expired since it was claimed",
        edits=(
            Edit(ATTEMPT, "if attempt.deadline <= self._world.clock.monotonic():", "if False:"),
        ),
        anomaly="expired-start",
    ),
    Bug(
        name="lock_counted_from_the_reply",
        sentence="a worker counts a lock's life from the answer to its claim",
        edits=(
            Edit(
                WORKER,
                "deadline = self._store.claimed_at +",
                "deadline = self._clock.monotonic() +",
            ),
        ),
        anomaly="expired-start",
    ),
    Bug(
        name="never_acquitted",
        sentence="a worker that lost a job does not say that it lives",
        edits=(
            Edit(SETTLER, "        if not attempt.blocked:\n", "        if attempt.blocked:\n"),
        ),
        anomaly="overcounted-crash",
    ),
    Bug(
        name="unanswered_claim_is_not_repeated",
        sentence="a claim whose reply was lost is not repeated, and its jobs count as crashed",
        edits=(Edit("store.py", "        self.unanswered_claim = True\n", ""),),
        anomaly="overcounted-crash",
    ),
    Bug(
        name="outcomes_that_arrive_meanwhile_are_dropped",
        sentence="an outcome that arrives while others are written is forgotten",
        edits=(
            Edit(
                SETTLER,
                "        del self._pending[: len(batch)]\n",
                "        self._pending.clear()\n",
            ),
        ),
        anomaly="needless-takeback",
    ),
    Bug(
        name="read_only_is_taken_for_a_refusal",
        sentence="an outcome that a read-only server does not take is given up",
        edits=(
            Edit("store.py", '"READONLY", ', ""),
            Edit("store.py", '    "ReadOnlyError", ', "    "),
        ),
        anomaly="needless-takeback",
    ),
    Bug(
        name="renewed_when_it_is_late",
        sentence="a worker renews its locks about as often as they expire",
        edits=(Edit(REFRESHER, "min(self._ttl_s / 3, self._left_s())", "self._ttl_s * 0.99"),),
        anomaly="needless-takeback",
    ),
    Bug(
        name="health_ttl_in_seconds",
        sentence="the life of the health key, in milliseconds, is taken for seconds",
        edits=(
            Edit(
                "store.py", 'json.dumps(report), "PX", ttl_ms)', 'json.dumps(report), "EX", ttl_ms)'
            ),
        ),
        anomaly="ghost-worker",
    ),
)
