"""The wire proxy: it stands between processes and their Redis server, and faults land in it.

Every process has a listener of its own, so the proxy knows whose command it is looking at, and a
fault lands at exactly the command that it was planned for (`WireFault`). Without a fault in its
way, everything passes byte for byte.

`MONITOR`, `SYNC`, `PSYNC` and `CLIENT REPLY OFF|SKIP` are refused with an error: what the server
sends after those cannot be matched with commands.
"""

import asyncio
import concurrent.futures
import itertools
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import TracebackType
from typing import Self, TypeVar

from chaos.errors import ChaosError
from chaos.faults import Direction, Injection, Match, WireFault
from chaos.history import Write
from chaos.processes import Handle, held_back
from chaos.wire.connection import Connection
from chaos.wire.context import ProxyContext
from chaos.wire.endpoint import Endpoint
from chaos.wire.exchange import Exchange, NoReply
from chaos.wire.journal import Journal
from chaos.wire.tally import Tally
from chaos.wire.transports import ClientSide
from chaos.wire.upstream import Upstream, UpstreamProblem

CALL_TIMEOUT_S = 10.0
"""Limit for the proxy's thread to answer a call, in seconds."""

_POLL_S = 0.001
_LAST_POLLS = 2000
_BACKLOG = 1024

T = TypeVar("T")


class WireProxyError(ChaosError):
    """The proxy is not running, or something inside it broke."""


def _new_loop() -> asyncio.AbstractEventLoop:
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


class WireProxy:
    """A proxy that runs in a thread of its own from `start` (or `with`) to `close`.

    Every method may be called from every thread and returns when it is done. `write` and `observe`
    are called in the proxy's thread, so they must be quick, and may not call a method that waits.

    Args:
        upstream_url: redis://, rediss:// or unix://, with every option that redis-py takes.
        write: writes an event into the history, as `Recorder.write` does.
        observe: gets every `Exchange` when the server's reply has arrived, whether or not the
            client gets it, or can no longer come (`NoReply`). Replies that the proxy made up are
            not shown.
        job_of: the job that a command is about, for the history of faults: gets the `Exchange`
            at which one lands, with `NoReply` where the command has not been sent yet.

    Raises ValueError for a URL of another kind, ServerProblem for TLS files that cannot be used.
    """

    def __init__(
        self,
        upstream_url: str,
        write: Write,
        observe: Callable[[Exchange], object] | None = None,
        job_of: Callable[[Exchange], str | None] | None = None,
    ) -> None:
        self._journal = Journal(write, observe, job_of)
        self._context = ProxyContext(Upstream.of(upstream_url), self._journal)
        self._endpoints: dict[str, Endpoint] = {}
        self._servers: dict[str, tuple[asyncio.Server, str]] = {}
        self._injections: list[Injection] = []
        self._numbers = itertools.count(1)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._started = concurrent.futures.Future[None]()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="wire-proxy", daemon=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self.close()
        except WireProxyError:
            if error is None:
                raise

    def start(self) -> None:
        """Start the thread. Once only."""
        self._thread.start()
        self._started.result(CALL_TIMEOUT_S)

    def close(self) -> None:
        """Close every connection and end the thread; faults that have not landed are recorded as
        missed. Raises WireProxyError if something inside the proxy or in a callback had raised:
        then the history is not complete. Again: nothing."""
        loop, self._loop = self._loop, None
        if loop is None:
            return
        loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(CALL_TIMEOUT_S)
        if self._thread.is_alive():
            raise WireProxyError(f"the proxy's thread did not end within {CALL_TIMEOUT_S} s")
        if self._journal.broken is not None:
            raise WireProxyError("the wire proxy broke") from self._journal.broken

    def check(self) -> None:
        """Raise WireProxyError, with the reason, when the server cannot be reached from here."""
        try:
            self._wait_for(
                self._context.upstream.check, self._context.upstream.limit_s + CALL_TIMEOUT_S
            )
        except UpstreamProblem as problem:
            raise WireProxyError(str(problem)) from problem

    def server_is_away(self, away: bool) -> None:
        """Say that the rig has taken the server away, so that it cannot be reached, or that it is
        back. That it cannot be reached at any other time is the rig's failure ("obstructed")."""
        self._context.absences += away
        self._context.away = away

    # Processes.

    def listen(self, process: str, port: int = 0) -> str:
        """Open a listener for a process (once; it stays when the process is restarted), on this
        port; 0 is any.

        Returns the URL that the process must use: this host, and the user, password, database and
        options of the upstream URL. Raises OSError when there is no port.
        """
        return self._wait_for(lambda: self._listen(process, port))

    def attach(self, process: str, victim: Handle) -> None:
        """Tell which process this is, for `kill` and `pause`. Again after a restart.

        Processes that it has started may use its listener too, and are hit for what they send.
        """

        def attach() -> None:
            self._endpoint(process).process = victim

        self._call(attach)

    # Faults.

    def plan(self, fault: WireFault) -> Injection:
        """Let a fault land at its command. Commands count from now on.

        Raises ValueError if a fault with this id was planned before.
        """
        return self._call(lambda: self._plan(fault))

    def partition(self, process: str, direction: Direction = "both", *, phase: str = "any") -> str:
        """Let nothing pass from now on; connections stay open. Returns the id of the fault."""
        fault = self._by_hand("partition", process, phase, direction)

        def hold() -> None:
            endpoint = self._endpoint(process)
            with self._landing(fault, process):
                endpoint.hold(fault.id, direction, lambda: self._journal.healed(fault, process))

        self._call(hold)
        return fault.id

    def heal(self, process: str) -> int:
        """End every partition of a process: what waited goes on, in order, on the same connections.

        Returns how many partitions there were.
        """
        return self._call(lambda: self._endpoint(process).heal())

    def reset(self, process: str, *, phase: str = "any") -> int:
        """Reset all connections of a process. Returns how many there were."""
        fault = self._by_hand("reset", process, phase)

        def reset() -> int:
            connections = list(self._endpoint(process).connections)
            with self._landing(fault, process):
                for connection in connections:
                    connection.cut(reset=True)
            return len(connections)

        return self._call(reset)

    def count(self, process: str, match: Match) -> Tally:
        """Count the matching commands of a process from now on."""
        tally = Tally(match)
        self._call(lambda: self._endpoint(process).tallies.append(tally))
        return tally

    def traffic(self, process: str) -> tuple[int, int]:
        """How many commands a process has sent, and how many connections it has opened."""
        endpoint = self._endpoints.get(process)
        return (endpoint.commands, endpoint.connected) if endpoint else (0, 0)

    def quiet(self, process: str, timeout_s: float, *, pid: int | None = None) -> bool:
        """Wait until no command of a process can still land, unless it sends a new one.

        That is: none is at the server, on its way, or (for a process that is stopped or has died)
        unread in a socket. False when that is not so within `timeout_s`; a partition that has not
        been healed, or a live process that blocks in the server, can be the reason. With `pid` (an
        injection has it), only that process counts, and not the others of its fleet.
        """

        async def wait() -> bool:
            endpoint, deadline = self._endpoint(process), time.monotonic() + timeout_s
            while not endpoint.quiet(pid):
                if time.monotonic() >= deadline:
                    return False
                await asyncio.sleep(_POLL_S)
            return True

        return self._wait_for(wait, timeout_s + CALL_TIMEOUT_S)

    # In the proxy's thread.

    def _endpoint(self, process: str) -> Endpoint:
        endpoint = self._endpoints.get(process)
        if endpoint is None:
            endpoint = self._endpoints[process] = Endpoint(process, self._context)
            endpoint.injections = [
                x for x in self._injections if x.fault.process is None and x.waiting
            ]
        return endpoint

    async def _listen(self, process: str, port: int) -> str:
        connected = partial(Connection, self._endpoint(process))
        if process not in self._servers:
            sock = socket.create_server(("127.0.0.1", port), backlog=_BACKLOG)
            url = self._context.upstream.url_at(sock.getsockname()[1])
            loop = asyncio.get_running_loop()
            server = await loop.create_server(
                lambda: ClientSide(connected), sock=sock, backlog=_BACKLOG
            )
            self._servers[process] = server, url
        return self._servers[process][1]

    def _plan(self, fault: WireFault) -> Injection:
        if any(known.fault.id == fault.id for known in self._injections):
            raise ValueError(f"a fault {fault.id!r} was planned before")
        injection = Injection(fault, self)
        self._injections.append(injection)
        if fault.process is None:
            for endpoint in self._endpoints.values():
                endpoint.injections.append(injection)
        else:
            # If the endpoint is new, it has those for any process already, not this one.
            self._endpoint(fault.process).injections.append(injection)
        self._journal.planned(fault)
        return injection

    def withdraw(self, injection: Injection) -> None:
        """Take back a fault that has not met its command yet; otherwise nothing."""

        def withdraw() -> None:
            if not injection.waiting:
                return
            self._journal.cancelled(injection)
            for endpoint in self._endpoints.values():
                endpoint.injections = [x for x in endpoint.injections if x is not injection]

        if self._loop is not None:
            self._call(withdraw)

    def end(self, injection: Injection) -> None:
        """End a fault that has landed and lasts; otherwise nothing."""
        if injection.end is not None and self._loop is not None:
            self._wait_for(injection.end)

    def _by_hand(
        self, action: str, process: str, phase: str, direction: Direction = "both"
    ) -> WireFault:
        number = next(self._numbers)
        return WireFault(
            id=f"{action}-{process}-{number}",
            process=process,
            match=Match("by hand", lambda argv: False),
            side="before-send",
            action=action,
            direction=direction,
            phase=phase,
        )

    @contextmanager
    def _landing(self, fault: WireFault, process: str) -> Iterator[None]:
        """Note a fault that is carried out by hand in the block."""
        now = time.monotonic_ns()
        self._journal.planned(fault)
        self._journal.begun(fault, process)
        yield
        exchange = Exchange(process, [], NoReply(), now, now)
        self._journal.landed(Injection(fault, self), exchange, process)

    # The thread.

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=_new_loop) as runner:
                runner.run(self._main())
        except BaseException as problem:
            if self._started.done():
                self._journal.broke(problem)
            else:
                self._started.set_exception(problem)
            raise

    async def _main(self) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._on_problem)
        self._loop = loop
        self._started.set_result(None)
        await self._stop.wait()
        for server, _ in self._servers.values():
            server.close()
        endpoints = self._endpoints.values()
        for connection in [each for endpoint in endpoints for each in endpoint.connections]:
            connection.abort()
        tasks = list(self._context.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for injection in self._injections:
            if not injection.settled:
                self._journal.missed(injection, "its command did not come")
        for _ in range(_LAST_POLLS):  # each transport tells of its end a turn later
            if not any(endpoint.connections for endpoint in endpoints):
                break
            await asyncio.sleep(_POLL_S)

    def _on_problem(self, _: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        problem = context.get("exception")
        if not isinstance(problem, BaseException):
            problem = WireProxyError(str(context.get("message")))
        self._journal.broke(problem)

    def _call(self, work: Callable[[], T]) -> T:
        """Run something in the proxy's thread."""
        if threading.current_thread() is self._thread:
            return work()

        async def call() -> T:
            return work()

        return self._wait_for(call)

    def _wait_for(self, work: Callable[[], Awaitable[T]], timeout_s: float = CALL_TIMEOUT_S) -> T:
        loop = self._loop
        if loop is None:
            raise WireProxyError("the proxy is not running")
        if threading.current_thread() is self._thread:
            raise WireProxyError("this would make the proxy's thread wait for itself")

        async def run() -> T:
            return await work()

        with held_back():  # a coroutine that was made must be handed over
            answer = asyncio.run_coroutine_threadsafe(run(), loop)
        return answer.result(timeout_s)
