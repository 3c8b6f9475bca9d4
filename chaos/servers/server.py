"""The interface of a server, wherever it runs."""

import abc
import time
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import redis

from chaos.servers.client import About, NotReady, connect, probe
from chaos.servers.problem import ServerProblem, mask

Durability = Literal["none", "everysec", "always"]
"""The data that survives when a server is killed: nothing, all but about the last second, or all
that it had answered."""

READY_TIMEOUT_S = 15.0
STOP_TIMEOUT_S = 10.0
PROBE_TIMEOUT_S = 1.0
NAP_S = 0.01


class Server(abc.ABC):
    """A Redis or Valkey server. As a context manager: started on entry, ended on exit.

    `start`, `stop`, `kill`, `pause`, `resume` and `restart` return when it is done, and raise
    ServerProblem when it cannot be.
    """

    controllable: bool = True
    """True if the rig can stop, kill, pause, resume and restart it."""

    def __init__(self) -> None:
        self._version: str | None = None

    @property
    @abc.abstractmethod
    def url(self) -> str:
        """Its address: redis://, rediss:// or unix://. May hold a password; see `mask`."""

    @property
    @abc.abstractmethod
    def pid(self) -> int | None:
        """Its process on this machine. None while it is down, and where it cannot be signalled."""

    @property
    @abc.abstractmethod
    def log(self) -> Path | None:
        """The file that its output goes to. None if there is none."""

    @property
    def disputed(self) -> bool:
        """True if another rig has come to use it meanwhile."""
        return False

    @property
    def version(self) -> str:
        """Product and version, for example `valkey 9.1.2`. Known once it has been ready."""
        if self._version is None:
            raise ServerProblem(f"the version of {self} is not known before it has been started")
        return self._version

    @abc.abstractmethod
    def start(self) -> None:
        """Start it and wait until it is ready. After `stop` or `kill`: same place, same data."""

    @abc.abstractmethod
    def stop(self) -> None:
        """Shut it down in an orderly way."""

    @abc.abstractmethod
    def kill(self) -> None:
        """SIGKILL."""

    @abc.abstractmethod
    def pause(self) -> None:
        """Stop it from running; its connections stay open."""

    @abc.abstractmethod
    def resume(self) -> None:
        """Undo `pause`."""

    @abc.abstractmethod
    def close(self) -> None:
        """End whatever `start` began, in any state. Does nothing if there is nothing to end."""

    def restart(self) -> None:
        """Stop it if it runs, then start it at the same place with the same data."""
        if self._running():
            self.stop()
        self.start()

    def client(self, *, timeout_s: float = 5.0) -> redis.Redis:
        """A client that tries once and waits `timeout_s` for each answer. Close it after use."""
        return connect(self.url, timeout_s=timeout_s)

    def wait_ready(self, timeout_s: float = READY_TIMEOUT_S) -> None:
        """Wait until it answers PING, and make sure that it is ours and no stranger."""
        deadline = time.monotonic() + timeout_s
        while True:
            self._check_running()
            try:
                left_s = max(0.01, deadline - time.monotonic())
                about = probe(self.url, timeout_s=min(PROBE_TIMEOUT_S, left_s))
                if self._is_ours(about):
                    self._version = about.version
                    return
                reason = f"another server answers at {mask(self.url)}"
            except NotReady as error:
                reason = str(error)
            if time.monotonic() >= deadline:
                raise ServerProblem(f"{self} was not ready after {timeout_s:g} s: {reason}")
            time.sleep(NAP_S)

    @abc.abstractmethod
    def _running(self) -> bool:
        """True if it has been started and has not ended."""

    @abc.abstractmethod
    def _check_running(self) -> None:
        """Raise ServerProblem, with the reason, if it has ended."""

    @abc.abstractmethod
    def _is_ours(self, about: About) -> bool:
        """True if the server that answered is the one that was started."""

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
