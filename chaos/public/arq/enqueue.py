import asyncio
import json
import os
import sys

from arq import create_pool
from arq.connections import RedisSettings


async def main():
    pool = await create_pool(RedisSettings.from_dsn(os.environ["REDIS_URL"]))
    for line in sys.stdin:
        id = json.loads(line)["id"]
        await pool.enqueue_job("handler", line, _job_id=id)  # None: there is one of this id
        print(id, flush=True)


asyncio.run(main())
