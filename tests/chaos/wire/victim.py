"""A process to inject faults into. It counts up in Redis and prints each answer on a line.

    python victim.py URL COUNT [COMMAND ARGUMENT...]

Lines: `id <client id>` at the beginning and at the end, `saw <reply> <ns>` after each reply,
`error <type> <message>`, `done`. After the loop it sends COMMAND, if there is one, and ends. A
COUNT below zero is counted in one pipeline.
"""

import sys
import time

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry


def main(url: str, count: int, last: list[str]) -> None:
    client = redis.Redis.from_url(
        url, retry=Retry(NoBackoff(), 0), socket_timeout=20, single_connection_client=True
    )
    print("id", client.client_id(), flush=True)
    if count < 0:
        with client.pipeline(transaction=False) as pipe:
            for _ in range(-count):
                pipe.incr("n")
            pipe.execute()
    for _ in range(count):
        try:
            print("saw", client.incr("n"), time.monotonic_ns(), flush=True)
        except redis.ConnectionError as problem:
            print("error", type(problem).__name__, problem, flush=True)
            return
        except redis.ResponseError as problem:
            print("error", type(problem).__name__, problem, flush=True)
    print("id", client.client_id(), flush=True)
    if last:
        client.execute_command(*last)  # type: ignore[no-untyped-call]
    print("done", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
