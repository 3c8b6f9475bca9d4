"""A job queue on a Redis list: push, blocking pop, no lock."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any
from uuid import uuid4

import redis


@dataclass(kw_only=True)
class Job:
    """A function to call, by its name, with these arguments."""

    id: str
    function: str
    arguments: dict[str, Any]


class Queue:
    """Jobs that wait in the list `naive:<name>`, and what became of them in a hash beside it."""

    def __init__(self, url: str, name: str = "default") -> None:
        # Any: redis-py types its answers as if each could be awaited.
        self._redis: Any = redis.Redis.from_url(url, decode_responses=True)
        self.key = f"naive:{name}"
        self.results_key = f"naive:{name}:results"

    def push(self, function: str, arguments: dict[str, Any], id: str | None = None) -> str:
        """Add a job, and return its id."""
        job = Job(id=id or uuid4().hex, function=function, arguments=arguments)
        self._redis.rpush(self.key, json.dumps(asdict(job)))
        return job.id

    def pop(self, timeout_s: int = 1) -> Job | None:
        """Take the next job, or None if none comes in time."""
        found = self._redis.blpop([self.key], timeout=timeout_s)
        return Job(**json.loads(found[1])) if found else None

    def store(self, job: Job, result: dict[str, Any]) -> None:
        """Keep what became of a job."""
        self._redis.hset(self.results_key, job.id, json.dumps(result))

    def waiting(self) -> list[Job]:
        """The jobs that no worker has taken yet."""
        return [Job(**json.loads(text)) for text in self._redis.lrange(self.key, 0, -1)]

    def results(self) -> dict[str, dict[str, Any]]:
        """The result of each job that is over, by its id."""
        found = self._redis.hgetall(self.results_key)
        return {job: json.loads(text) for job, text in found.items()}

    def clean(self) -> None:
        """Forget all jobs."""
        self._redis.delete(self.key, self.results_key)

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()
