import asyncio
import json
import os
import sys

from docket import Docket
from tasks import handler


async def main():
    async with Docket(name="chaos", url=os.environ["REDIS_URL"]) as docket:
        docket.register(handler)
        for line in sys.stdin:
            key = json.loads(line)["id"]
            await docket.add(handler, key=key)(line)
            print(key, flush=True)


asyncio.run(main())
