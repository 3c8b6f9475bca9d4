"""RRQ 0.8.1's own client as a command. Run by an interpreter that has that package.

`python rrq_0_8_1.py REDIS_URL COMMAND JSON`; the answer is one line of JSON.
"""

import asyncio
import json
import sys
from datetime import timedelta
from typing import Any

from rrq.client import RRQClient  # type: ignore[import-not-found]
from rrq.settings import RRQSettings  # type: ignore[import-not-found]


async def enqueue(client: Any, options: dict[str, Any]) -> Any:
    defer_s = options.get("defer_s")
    job = await client.enqueue(
        options["function"],
        *options.get("args", []),
        _job_id=options.get("job_id"),
        _queue_name=options.get("queue"),
        _unique_key=options.get("unique_key"),
        _max_retries=options.get("max_retries"),
        _result_ttl_seconds=options.get("result_ttl_s"),
        _defer_by=None if defer_s is None else timedelta(seconds=defer_s),
        **options.get("kwargs", {}),
    )
    return None if job is None else job.id


async def read(client: Any, options: dict[str, Any]) -> Any:
    job = await client.job_store.get_job_definition(options["job_id"])
    return None if job is None else job.model_dump(mode="json")


async def requeue(client: Any, options: dict[str, Any]) -> Any:
    return await client.job_store.requeue_dlq(options["queue"], options["queue"])


async def health(client: Any, options: dict[str, Any]) -> Any:
    report, ttl_s = await client.job_store.get_worker_health(options["worker_id"])
    return {"report": report, "ttl_s": ttl_s}


async def main(url: str, command: str, options: dict[str, Any]) -> None:
    client = RRQClient(RRQSettings(redis_dsn=url))
    try:
        answer = await globals()[command](client, options)
    finally:
        await client.close()
    print(json.dumps(answer))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], json.loads(sys.argv[3])))
