"""A replica of a server, and the Sentinel that puts it in the server's place when that dies.

Clients need not know of either. A replica that has been promoted also takes over the port of the
server that died, as the holder of a virtual address does, so clients find it where they look.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import redis

from chaos.processes import ProcessGroup, wait_until
from chaos.servers.binary import HOST, BinaryServer
from chaos.servers.client import connect
from chaos.servers.config import as_file, quoted
from chaos.servers.ports import free_port
from chaos.servers.problem import ServerProblem
from chaos.servers.server import Durability

#: The replica's own login at its primary, so that it can be taken away.
_USER = "replica"
_NAME = "rig"
#: Sentinel takes a primary for dead when it has not answered for this long.
_DOWN_AFTER_MS = 300
#: Time-outs for a whole step.
_SYNC_S = 15.0
_FAILOVER_S = 20.0


class Replication:
    """In its `with` block a running `primary` has one replica, which is in sync, and a Sentinel.

    All keep their files in `directory`, and ask their clients for the primary's password. Methods
    raise ServerProblem for what cannot be done.
    """

    def __init__(self, primary: BinaryServer, directory: Path, durability: Durability) -> None:
        self._primary = primary
        self._directory = directory
        self._port = _port(primary)
        self._password = secrets.token_hex(16)
        self._durability: Durability = durability
        self._replica = self._new_replica("replica")
        self._second = self._new_replica("second-replica")
        self._processes = ProcessGroup()
        self._sentinel_port = 0

    def __enter__(self) -> Self:
        try:
            self._attach(self._replica)
            self._start_sentinel()
            self._await("Sentinel to know the replica", _SYNC_S, self._known)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._processes.end()
        self._second.close()
        self._replica.close()

    def cut_off(self) -> None:
        """Cut the replica off: from now on nothing that the primary does reaches it."""
        self._ask_primary("ACL", "SETUSER", _USER, "off")
        self._ask_primary("CLIENT", "KILL", "TYPE", "replica")

    def take_over(self) -> None:
        """Wait until Sentinel has promoted the replica of a primary that is dead, and move the
        address there."""
        self._await("Sentinel to promote the replica", _FAILOVER_S, self._promoted)
        # Sentinel would find a replica at the old address, and take it for its primary's.
        self._processes.end()
        with connect(self._replica.url) as client:
            _ask(client, "CONFIG", "SET", "port", str(self._port))

    def join(self) -> None:
        """Give the replica that has taken over a replica of its own, and wait until it is in
        sync."""
        self._attach(self._second)

    def _new_replica(self, name: str) -> BinaryServer:
        """A replica of whoever has the primary's address when it starts."""
        return BinaryServer(
            self._primary.binary,
            self._directory / name,
            durability=self._durability,
            config={
                "replicaof": f"{HOST} {self._port}",
                "masteruser": _USER,
                "masterauth": self._password,
                # The same, for it may take the primary's place.
                "requirepass": self._primary.password or "",
            },
        )

    def _attach(self, replica: BinaryServer) -> None:
        self._ask_primary("CONFIG", "SET", "repl-diskless-sync-delay", "0")
        login = ("on", f">{self._password}", "+psync", "+replconf", "+ping")
        self._ask_primary("ACL", "SETUSER", _USER, *login)
        replica.start()
        self._await("the replica to be in sync", _SYNC_S, self._in_sync)

    def _start_sentinel(self) -> None:
        self._sentinel_port = free_port()
        directory = self._directory / "sentinel"
        directory.mkdir(parents=True)
        monitored = f"monitor {_NAME} {HOST} {self._port} 1"
        lines = {
            "port": str(self._sentinel_port),
            "bind": HOST,
            "dir": quoted(directory.absolute()),
            "sentinel": monitored,
        }
        more = f"sentinel down-after-milliseconds {_NAME} {_DOWN_AFTER_MS}\n"
        if password := self._primary.password:
            lines["requirepass"] = password
            more += f"sentinel auth-pass {_NAME} {password}\n"
        config = directory / "sentinel.conf"
        config.touch(mode=0o600)
        config.write_text(as_file(lines) + more)
        # Sentinel rewrites this file, so it needs its name; which must not look like a pattern.
        strange = set("*?[") & set(str(config.absolute()))
        here = Path("/proc/self/cwd") if strange else directory.absolute()
        self._processes.spawn(
            [self._primary.binary, here / config.name, "--sentinel"],
            log=directory / "sentinel.log",
            cwd=directory,
            name="sentinel",
        )

    # Conditions

    def _in_sync(self) -> bool:
        """True if the replica has confirmed anything. Until then it may have been sent nothing."""
        self._ask_primary("PUBLISH", _NAME, "")
        told = self._ask_primary("INFO", "replication").get("slave0", {})
        return bool(told.get("state") == "online" and int(told["offset"]) > 0)

    def _known(self) -> bool:
        found = self._ask_sentinel("SENTINEL", "REPLICAS", _NAME)
        return len(found) == 1

    def _promoted(self) -> bool:
        address = self._ask_sentinel("SENTINEL", "GET-MASTER-ADDR-BY-NAME", _NAME)
        return int(address[1]) == _port(self._replica)

    def _await(self, what: str, limit_s: float, condition: Callable[[], bool]) -> None:
        def holds() -> bool:
            with contextlib.suppress(redis.ConnectionError, redis.TimeoutError):
                return condition()
            return False

        if not wait_until(holds, limit_s):
            raise ServerProblem(
                f"waited {limit_s:g} s in vain for {what}; see the logs in {self._directory}"
            )

    def _ask_primary(self, *words: str) -> Any:
        with self._primary.client() as client:
            return _ask(client, *words)

    def _ask_sentinel(self, *words: str) -> Any:
        login = f":{quote(self._primary.password)}@" if self._primary.password else ""
        with connect(f"redis://{login}{HOST}:{self._sentinel_port}") as client:
            return _ask(client, *words)


def _ask(client: redis.Redis, *words: str) -> Any:
    asked: Any = client  # redis-py gives execute_command no types
    try:
        return asked.execute_command(*words)
    except redis.ResponseError as error:
        raise ServerProblem(f"a server refused {words[0]} {words[1]}: {error}") from error


def _port(server: BinaryServer) -> int:
    return int(server.url.rpartition(":")[2].partition("/")[0])
