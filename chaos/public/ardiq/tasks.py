"""A worker of ArdiQ: `ardiq run tasks:app`."""

import json
import os

import chaos_job
from ardiq import Ardiq

times = json.loads(os.environ["TIMES"])
app = Ardiq(redis_url=os.environ["REDIS_URL"], concurrency=4, **times)


@app.task(max_retries=3, backoff_ms=100)
async def handler(job: str) -> object:
    return await chaos_job.run_async(job)
