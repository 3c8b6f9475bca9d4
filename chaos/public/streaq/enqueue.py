import asyncio
import sys

from tasks import handler, worker


async def main():
    async with worker:
        for line in sys.stdin:
            task = await handler.enqueue(line)
            print(task.id, flush=True)


asyncio.run(main())
