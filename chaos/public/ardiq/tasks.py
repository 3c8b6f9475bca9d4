"""A worker of ArdiQ: `ardiq run tasks:app`."""

import os

import chaos_job
from ardiq import Ardiq

# By default 60 s: a dead worker's task would come back only after that. A worker that lives renews
# it when nine tenths are over, so a tenth has to outlast what delays it on a busy machine.
app = Ardiq(redis_url=os.environ["REDIS_URL"], concurrency=4, idle_timeout_ms=6_000)


@app.task(max_retries=3, backoff_ms=100)
async def handler(job: str) -> object:
    return await chaos_job.run_async(job)
