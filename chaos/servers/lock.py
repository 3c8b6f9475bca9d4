"""A lock on a database of somebody's server, so that two rigs do not mix what they do there."""

from __future__ import annotations

import os
import socket
import threading
import uuid
from contextlib import suppress
from typing import Any

import redis

from chaos.servers.client import connect
from chaos.servers.problem import ServerProblem, mask

KEY = "chaos-rig-lock"
"""Its key, which is no part of any queue. The value tells whose it is."""

TTL_S = 15.0
"""The time after which the lock of a rig that has died is gone."""

_RENEW = """
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
_RELEASE = "return redis.call('GET', KEYS[1]) == ARGV[1] and redis.call('DEL', KEYS[1]) or 0"


class DatabaseLock:
    """The lock on the database of a URL, renewed by a thread until it is released."""

    def __init__(self, url: str, *, ttl_s: float = TTL_S) -> None:
        self._url = url
        self._ttl_s = ttl_s
        self._owner = f"{socket.gethostname()} {os.getpid()} {uuid.uuid4().hex}"
        self._client: Any = None
        self._released = threading.Event()
        self.taken = False
        """Another rig has it, although nobody has released it."""

    def acquire(self) -> None:
        """Take it. Raises ServerProblem while another rig has it."""
        client: Any = connect(self._url, timeout_s=5.0)
        # The same script takes and renews it: a target may empty its database, lock and all.
        if not client.eval(_RENEW, 1, KEY, self._owner, int(self._ttl_s * 1000)):
            client.close()
            raise ServerProblem(
                f"another rig is at work on the database at {mask(self._url)}, or has died within"
                f" the last {self._ttl_s:g} s; wait for it, or give another database"
            )
        self._client = client
        threading.Thread(target=self._renew, name="rig-lock", daemon=True).start()

    def alone(self) -> bool:
        """True if the database holds nothing but it."""
        return int(self._client.dbsize()) <= 1

    def release(self) -> None:
        """Give it back. Does nothing without it."""
        self._released.set()
        client, self._client = self._client, None
        if client is None:
            return
        with suppress(redis.RedisError):  # it expires by itself
            client.eval(_RELEASE, 1, KEY, self._owner)
        client.close()

    def _renew(self) -> None:
        while not self._released.wait(self._ttl_s / 3):
            client = self._client
            if client is None:
                return
            with suppress(redis.RedisError):  # tried again: a server may be away for a while
                renewed = client.eval(_RENEW, 1, KEY, self._owner, int(self._ttl_s * 1000))
                self.taken = self.taken or not renewed
