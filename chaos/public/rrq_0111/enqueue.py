import asyncio
import json
import os
import sys

from rrq.client import RRQClient


async def main():
    # A job has the time-out that its producer gives it: `worker.py` says what it is for.
    config = {"redis_dsn": os.environ["REDIS_URL"], "job_timeout_seconds": 5}
    client = RRQClient(config=config)
    for line in sys.stdin:
        options = {"params": {"job": line}, "job_id": json.loads(line)["id"]}
        print(await client.enqueue("handler", options), flush=True)
    await client.close()


asyncio.run(main())
