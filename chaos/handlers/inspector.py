"""What can be seen of a queue that nobody can look into: how the runs of its jobs have ended."""

from __future__ import annotations

from collections.abc import Iterable

import redis

from chaos.history.events import FinalJob, State
from chaos.targets.asking import Asking


class HandlersInspector:
    """Stands in for an inspector, on a database that belongs to the rig: `clean` empties it.

    A job is left to do until a run of it has ended, well or with a failure. One that was not seen
    to end is `missing`, because nobody knows where it is.
    """

    def __init__(self, url: str, asking: Asking) -> None:
        self._redis = redis.Redis.from_url(url)
        self._asking = asking

    def left(self, jobs: Iterable[str]) -> list[str]:
        """Those of these jobs that are left to do."""
        return [job for job in jobs if not self._asking.over(job)]

    def final_state(self, jobs: Iterable[str]) -> Iterable[FinalJob]:
        for job in jobs:
            yield FinalJob(job=job, state=self._state(job))

    def _state(self, job: str) -> State:
        if self._asking.succeeded(job):
            return "completed"
        return "dead" if self._asking.over(job) else "missing"

    def clean(self) -> None:
        self._redis.flushdb()

    def close(self) -> None:
        self._redis.close()
