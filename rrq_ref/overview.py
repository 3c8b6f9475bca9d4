"""A look at the whole database: its queues and its live workers."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any, Protocol

from . import keys
from .errors import StoreError
from .scripts import Runs


class Counts(Runs, Protocol):
    """A store that knows how large a queue is."""

    async def sizes(self, queue: str) -> dict[str, int]: ...


async def queues(store: Counts) -> dict[str, dict[str, int]]:
    """The sizes, by name, of every queue that holds anything or that a live worker serves. A queue
    whose keys have a wrong type has no sizes."""
    found = [keys.queue_of(_text(key)) for key in await _scan(store, keys.OF_QUEUES)]
    names = {name for name in found if name is not None}
    for worker in await workers(store):
        served = worker.get("queues")
        texts = [q for q in served if isinstance(q, str)] if isinstance(served, list) else []
        names.update(map(keys.queue_name, texts))
    sizes: dict[str, dict[str, int]] = {}
    for name in sorted(names):
        try:
            sizes[name] = await store.sizes(name)
        except StoreError as error:  # one bad key must not hide all others
            if "WRONGTYPE" not in str(error):
                raise
            sizes[name] = {}
    return sizes


async def workers(store: Runs) -> list[dict[str, Any]]:
    """The health reports of all live workers. An unreadable one becomes its `worker_id` and the
    status `unreadable`."""
    names = await _scan(store, keys.health("*"))
    reports = (await store.run([("MGET", *names)]))[0] if names else []
    return [
        _report(_text(name).removeprefix(keys.health("")), report)
        for name, report in zip(names, reports, strict=True)
        if report is not None
    ]


def _report(worker_id: str, text: bytes) -> dict[str, Any]:
    with suppress(ValueError, RecursionError):
        if isinstance(found := json.loads(text), dict):
            return found
    return {"worker_id": worker_id, "status": "unreadable"}


async def _scan(store: Runs, pattern: str) -> list[bytes]:
    """The keys that match, sorted. Scans in steps that do not keep the server busy."""
    names: set[bytes] = set()
    cursor = -1
    while cursor:
        scan = ("SCAN", max(cursor, 0), "MATCH", pattern, "COUNT", 1000)
        ((cursor, found),) = await store.run([scan])
        names.update(found)
    return sorted(names)


def _text(raw: bytes) -> str:
    return raw.decode(errors="surrogateescape")
