"""A parent and its workers, behind one listener.

    python fleet.py URL NAME...

A worker for each name counts up under it for ever; it says `worker <name> <pid>` at its first
reply. The parent leaves its dead children unreaped. A worker whose name is `b` has a session of
its own.
"""

import os
import sys
import time

import redis


def work(url: str, name: str) -> None:
    client = redis.Redis.from_url(url, socket_timeout=20, single_connection_client=True)
    client.incr(name)
    print("worker", name, os.getpid(), flush=True)
    while True:
        client.incr(name)
        time.sleep(0.002)


def main(url: str, names: list[str]) -> None:
    for name in names:
        if os.fork() == 0:
            if name == "b":
                os.setsid()
            work(url, name)
    while True:
        time.sleep(60)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
