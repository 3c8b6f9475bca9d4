"""Round trips and throughput over several ways to one server: `python -m benchmarks.parts.latency`.

It runs as a process of its own, so that it shares no interpreter with the proxy that it measures.
The variable ASKED tells it what to do, and it prints one JSON object.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from redis import Redis

#: Commands in one turn of one way, and in one pipeline.
TURN = 100
PIPELINE = 100
_KEY, _VALUE = "benchmark:value", b"x" * 100


def measure(
    urls: Mapping[str, str], commands: int, pipelines: int, random: Random
) -> dict[str, dict[str, list[float]]]:
    """Round trips of GET in µs, and commands per second of each pipeline, for each way.

    The ways take turns of a few milliseconds each, so a noisy machine hits all alike.
    """
    clients: dict[str, Any] = {name: Redis.from_url(url) for name, url in urls.items()}
    found: dict[str, dict[str, list[float]]] = {
        name: {"round_trip_us": [], "per_s": []} for name in urls
    }
    for client in clients.values():  # connect
        client.set(_KEY, _VALUE)
    for left in range(commands, 0, -TURN):
        for name in random.sample(list(urls), len(urls)):
            found[name]["round_trip_us"] += _round_trips(clients[name], min(TURN, left))
    for _ in range(pipelines):
        for name in random.sample(list(urls), len(urls)):
            found[name]["per_s"].append(_pipeline(clients[name]))
    for client in clients.values():
        client.delete(_KEY)
        client.close()
    return found


def _round_trips(client: Any, count: int) -> Sequence[float]:
    times = []
    for _ in range(count):
        began = time.perf_counter_ns()
        client.get(_KEY)
        times.append((time.perf_counter_ns() - began) / 1000)
    return times


def _pipeline(client: Any) -> float:
    pipe = client.pipeline(transaction=False)
    for _ in range(PIPELINE):
        pipe.get(_KEY)
    began = time.perf_counter()
    pipe.execute()
    return PIPELINE / (time.perf_counter() - began)


if __name__ == "__main__":
    asked = json.loads(os.environ["ASKED"])
    random = Random(asked["seed"])
    print(json.dumps(measure(asked["urls"], asked["commands"], asked["pipelines"], random)))
