"""RRQ 0.11.1's own client as a command. Run by an interpreter that has that package.

`python rrq_0_11_1.py REDIS_URL COMMAND JSON`; the answer is one line of JSON.
"""

import asyncio
import json
import sys
from typing import Any

from rrq.client import RRQClient  # type: ignore[import-not-found]


async def enqueue(client: Any, options: dict[str, Any]) -> Any:
    names = {
        "kwargs": "params",
        "queue": "queue_name",
        "defer_s": "defer_by_seconds",
        "result_ttl_s": "result_ttl_seconds",
    }
    given = {names.get(name, name): value for name, value in options.items()}
    return await client.enqueue(given.pop("function"), given)


async def read(client: Any, options: dict[str, Any]) -> Any:
    return _plain(await client.get_job_status(options["job_id"]))


async def wait(client: Any, options: dict[str, Any]) -> Any:
    return _plain(await client.wait_for_completion(options["job_id"], timeout_seconds=30))


def _plain(found: Any) -> Any:
    if found is None:
        return None
    return {
        "status": str(found.status.value),
        "result": found.result,
        "last_error": found.last_error,
    }


async def main(url: str, command: str, options: dict[str, Any]) -> None:
    client = RRQClient(config={"redis_dsn": url})
    try:
        answer = await globals()[command](client, options)
    finally:
        await client.close()
    print(json.dumps(answer))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], json.loads(sys.argv[3])))
