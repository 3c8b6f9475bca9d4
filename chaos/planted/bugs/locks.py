"""Bugs in how locks are kept."""

from __future__ import annotations

from chaos.planted.bugs.bug import Bug
from chaos.planted.edit import Edit

BUGS = (
    Bug(
        name="no_refresher",
        sentence="no worker renews the locks of running jobs",
        edits=(Edit("worker.py", '            self._serve("refresher", refresher.run()),\n', ""),),
        scenario="planted.scenarios.long_jobs_unseen",
        anomaly="overlap",
    ),
    Bug(
        name="refresher_outlives_the_job",
        sentence="the lock of a job whose end could not be written is renewed for ever",
        edits=(
            Edit(
                "settler.py",
                'could not be written: %s", attempt, why)\n        self._settled(attempt)\n',
                'could not be written: %s", attempt, why)\n',
            ),
        ),
        scenario="planted.scenarios.refusals",
        anomaly="stuck",
    ),
    Bug(
        name="refresh_without_the_token_check",
        sentence="a superseded attempt renews a lock that is another one's",
        edits=(
            Edit(
                "lua/refresh_locks.lua",
                "owned(job_prefix .. id, worker, token, {}, 'cancel_requested')",
                "nil, {}",
            ),
        ),
        scenario="pause_past_heartbeat",
        anomaly="zombie-write",
    ),
)
