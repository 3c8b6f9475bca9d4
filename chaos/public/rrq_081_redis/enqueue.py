import asyncio
import json
import sys

from rrq.client import RRQClient
from worker import settings


async def main():
    client = RRQClient(settings=settings)
    for line in sys.stdin:
        job = await client.enqueue("handler", line, _job_id=json.loads(line)["id"])
        print(job.id, flush=True)
    await client.close()


asyncio.run(main())
