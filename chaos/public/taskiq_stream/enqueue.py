import asyncio
import sys

from tasks import broker, handler


async def main():
    await broker.startup()
    for line in sys.stdin:
        print((await handler.kiq(line)).task_id, flush=True)


asyncio.run(main())
