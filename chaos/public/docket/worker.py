"""A worker of docket, and the tasks that it knows."""

import asyncio
import os
from datetime import timedelta

import chaos_job
from docket import Docket, Retry, Worker


async def handler(job: str, retry: Retry = Retry(attempts=4)) -> None:
    await chaos_job.run_async(job)


async def main() -> None:
    async with Docket(name="chaos", url=os.environ["REDIS_URL"]) as docket:
        docket.register(handler)
        async with Worker(docket, concurrency=4, redelivery_timeout=timedelta(seconds=3)) as worker:
            await worker.run_forever()


if __name__ == "__main__":
    asyncio.run(main())
