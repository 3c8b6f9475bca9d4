"""A worker of RRQ, which its README has too: `python worker.py`."""

import asyncio
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
    # A job's lock lives as long as both together, which by default is six minutes.
    default_job_timeout_seconds=5,
    default_lock_timeout_extension_seconds=1,
    base_retry_delay_seconds=0.1,
)

if __name__ == "__main__":
    asyncio.run(RRQWorker(settings=settings, job_registry=registry).run())
