"""The stand that a benchmark is made on: a server, a client to look at it, a place for logs."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from redis import Redis, RedisError

from chaos.servers import Server, open_server


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    server: Server
    admin: Redis
    #: Gone when the stand is.
    directory: Path


@contextmanager
def open_stand(redis: str) -> Iterator[Stand]:
    """Start the server that `redis` names, and end it. Raises `ServerProblem`.

    A database that was given by URL was empty before, and is empty after.
    """
    with tempfile.TemporaryDirectory(prefix="rrq-benchmark-") as name:
        directory = Path(name)
        with open_server(redis, directory / "server") as server, server.client() as admin:
            try:
                yield Stand(server=server, admin=admin, directory=directory)
            finally:
                with suppress(RedisError):  # it may have died, which is told already
                    admin.flushdb()
