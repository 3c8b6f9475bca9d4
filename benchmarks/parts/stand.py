"""The stand for a benchmark: a server, a client to look at it, and a place for logs."""

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
    #: Removed with the stand.
    directory: Path


@contextmanager
def open_stand(redis: str) -> Iterator[Stand]:
    """Start the server that `redis` names, and stop it afterwards. Raises `ServerProblem`.

    A database given by its URL has to be empty before, and is empty afterwards.
    """
    with tempfile.TemporaryDirectory(prefix="rrq-benchmark-") as name:
        directory = Path(name)
        with open_server(redis, directory / "server") as server, server.client() as admin:
            try:
                yield Stand(server=server, admin=admin, directory=directory)
            finally:
                with suppress(RedisError):  # the server may have died, which is reported already
                    admin.flushdb()
