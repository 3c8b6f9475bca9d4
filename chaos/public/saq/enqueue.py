import asyncio
import json
import os
import sys

from saq import Queue


async def main():
    queue = Queue.from_url(os.environ["REDIS_URL"])
    await queue.connect()
    times = json.loads(os.environ["TIMES"])
    times.pop("sweep", None)  # of a worker
    for line in sys.stdin:
        key = json.loads(line)["id"]
        job = await queue.enqueue("handler", job=line, key=key, retries=4, **times)
        print(job.key, flush=True)


asyncio.run(main())
