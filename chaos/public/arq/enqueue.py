import asyncio
import json
import os
import sys

from arq import create_pool
from arq.connections import RedisSettings


async def main():
    pool = await create_pool(RedisSettings.from_dsn(os.environ["REDIS_URL"]))
    for line in sys.stdin:
        job = await pool.enqueue_job("handler", line, _job_id=json.loads(line)["id"])
        print(job.job_id, flush=True)


asyncio.run(main())
