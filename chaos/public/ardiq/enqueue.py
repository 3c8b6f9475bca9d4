import asyncio
import json
import sys

from tasks import handler


async def main():
    for line in sys.stdin:
        job = await handler.options(task_id=json.loads(line)["id"]).enqueue(line)
        print(job.id, flush=True)


asyncio.run(main())
