import asyncio
import json
import os
import sys

from rrq.client import RRQClient


async def main():
    config = {"redis_dsn": os.environ["REDIS_URL"]}
    times = json.loads(os.environ["TIMES"])
    if "default_job_timeout_seconds" in times:  # a job has the time-out that its producer gives it
        config["job_timeout_seconds"] = times["default_job_timeout_seconds"]
    client = RRQClient(config=config)
    for line in sys.stdin:
        options = {"params": {"job": line}, "job_id": json.loads(line)["id"]}
        print(await client.enqueue("handler", options), flush=True)
    await client.close()


asyncio.run(main())
