"""A worker of RRQ, which its README has too: `python worker.py`."""

import asyncio
import json
import os

import chaos_job
from rrq.registry import JobRegistry
from rrq.settings import RRQSettings
from rrq.worker import RRQWorker


async def handler(ctx, job):
    return await chaos_job.run_async(job)


registry = JobRegistry()
registry.register("handler", handler)
settings = RRQSettings(
    redis_dsn=os.environ["REDIS_URL"],
    job_registry=registry,
    worker_concurrency=4,
    base_retry_delay_seconds=0.1,
    **json.loads(os.environ["TIMES"]),
)

if __name__ == "__main__":
    asyncio.run(RRQWorker(settings=settings, job_registry=registry).run())
