"""Bugs in what keeps a worker alive and visible."""

from __future__ import annotations

from chaos.planted.bugs.bug import Bug
from chaos.planted.edit import Edit

BUGS = (
    Bug(
        name="health_key_without_ttl",
        sentence="a dead worker is shown as alive for ever",
        edits=(Edit("store.py", 'json.dumps(report), "PX", ttl_ms)', "json.dumps(report))"),),
        scenario="planted.scenarios.heartbeats",
        anomaly="ghost-worker",
    ),
    Bug(
        name="heart_beats_once",
        sentence="a worker shows itself once and then never again",
        edits=(Edit("worker.py", "        while True:\n", "        for _ in range(1):\n"),),
        scenario="planted.scenarios.heartbeats",
        anomaly="unseen-worker",
    ),
    Bug(
        name="stops_at_the_first_connection_error",
        sentence="a worker leaves when Redis does not answer once",
        edits=(
            Edit(
                "worker.py",
                "                await self._idle(partial(trouble.wait, error))\n"
                "                wait_s = 0.0\n                continue\n",
                "                return self._log.error('leaving: %s', error)\n",
            ),
        ),
        scenario="planted.scenarios.resets",
        anomaly="worker-died",
    ),
    Bug(
        name="takes_no_more_jobs_after_an_error",
        sentence="a worker stays up when Redis does not answer once, and takes no more jobs",
        edits=(
            Edit("worker.py", "partial(trouble.wait, error)", "partial(self._clock.pause, 3600.0)"),
        ),
        scenario="planted.scenarios.resets",
        anomaly="worker-idle",
    ),
)
