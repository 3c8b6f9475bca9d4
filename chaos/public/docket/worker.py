"""A worker of docket, and the tasks that it knows."""

import asyncio
import json
import os
from datetime import timedelta

import chaos_job
from docket import Docket, Retry, Worker

TIMES = {name: timedelta(seconds=s) for name, s in json.loads(os.environ["TIMES"]).items()}


async def handler(job: str, retry: Retry = Retry(attempts=4)) -> None:
    await chaos_job.run_async(job)


async def main() -> None:
    async with Docket(name="chaos", url=os.environ["REDIS_URL"]) as docket:
        docket.register(handler)
        async with Worker(docket, concurrency=4, **TIMES) as worker:
            await worker.run_forever()


if __name__ == "__main__":
    asyncio.run(main())
