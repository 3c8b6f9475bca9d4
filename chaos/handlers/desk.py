"""The rig's side: handlers ask it what to do, and it writes their starts and ends into the history.

Each request is one line of JSON, and so is each answer. So a client in any language is ten lines,
and what an attempt is, and which number it has, is counted in one place.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Any, Self, get_args

from chaos.errors import ChaosError
from chaos.faults import Side
from chaos.handlers.plans import order_of
from chaos.history import Recorder
from chaos.history.worker_events import End, Hello, Outcome, Start
from chaos.targets.asking import Asking

#: For the thread to begin and to end.
_LIMIT_S = 10.0
#: A job with large arguments is one line.
_LINE = 64 * 1024 * 1024


Visit = Callable[[Side, "Request"], bool]
"""Is shown each request of a handler: before-send, when nothing is noted of it yet, and
before-reply, when it is, and the handler waits. True: the handler is dead, and is not answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A handler begins (`start`), or says that it has ended (`end`)."""

    say: str
    process: str
    #: Of the process that runs the handler: a child of `process`, where a queue forks.
    pid: int


class DeskProblem(ChaosError):
    """A request that cannot be answered; the message is for whoever wrote the handler."""


@dataclass(frozen=True, slots=True)
class _Run:
    job: str
    process: str
    pid: int


class Desk:
    """Listens on this machine only, in a thread of its own, from `with` to its end.

    Each process has a history file of its own in `history`, as if it had written that itself.
    """

    def __init__(
        self,
        history: Path,
        asking: Asking,
        kill: Callable[[int, int], None] = os.kill,
        visit: Visit = lambda *_: False,
    ) -> None:
        """`asking` is told how each run has ended; `kill` ends a process whose job's plan says that
        it dies."""
        self._history = history
        self._asking = asking
        self._kill = kill
        self._visit = visit
        self._secret = token_hex(16)
        self._recorders: dict[str, Recorder] = {}
        self._starts: Counter[str] = Counter()
        self._failures: Counter[str] = Counter()
        self._runs: dict[int, _Run] = {}
        self._place = ""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self._ready = threading.Event()
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._serve_all, name="desk", daemon=True)

    @property
    def address(self) -> str:
        """What a worker is given as `CHAOS_RIG`."""
        return f"{self._place}/{self._secret}"

    def opened(self) -> Self:
        """Begin to listen; `with` does it too."""
        self._thread.start()
        if not self._ready.wait(_LIMIT_S):
            raise DeskProblem(f"the desk for handlers did not open within {_LIMIT_S:g} s")
        return self

    def __enter__(self) -> Self:
        return self.opened()

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the thread, and close every connection and file."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_LIMIT_S)
        for recorder in self._recorders.values():
            recorder.close()

    def hello(self, process: str, pid: int) -> None:
        """Write down that a worker is there. From any thread."""
        self._write(process, pid, Hello(worker=process))

    def _serve_all(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        server = await asyncio.start_server(self._answer_all, "127.0.0.1", 0, limit=_LINE)
        self._place = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        await self._stop.wait()
        server.close()  # `asyncio.run` cancels those who still wait for a handler's next line

    async def _answer_all(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, ValueError, asyncio.CancelledError):  # a line may be too long
            while line := await reader.readline():
                try:
                    answer = self._answer(line)
                except DeskProblem as problem:
                    self._asking.complaint = str(problem)
                    answer = {"error": str(problem)}
                if answer is None:
                    break
                writer.write(json.dumps(answer).encode() + b"\n")
                await writer.drain()
        writer.close()

    def _answer(self, line: bytes) -> dict[str, Any] | None:
        """The answer; None for a handler that is dead by now."""
        asked = _read(line)
        if asked.get("secret") != self._secret:
            raise DeskProblem("the secret is wrong: hand CHAOS_RIG on to the worker as it is")
        process, pid = asked.get("process"), asked.get("pid")
        if not (isinstance(process, str) and process and "/" not in process):
            raise DeskProblem("`process` is to be what the variable CHAOS_PROCESS says")
        if type(pid) is not int or pid < 1:
            raise DeskProblem("`pid` is to be the number of the process that runs the handler")
        say = asked.get("say")
        if say not in ("start", "end"):
            raise DeskProblem(f"`say` is `start` or `end`, and not {say!r}")
        request = Request(say=say, process=process, pid=pid)
        if self._visit("before-send", request):
            return None
        if say == "start":
            answer = self._start(asked.get("job"), process, pid)
        else:
            answer = self._end(asked.get("run"), asked.get("outcome"))
        return None if self._visit("before-reply", request) else answer

    def _start(self, given: Any, process: str, pid: int) -> dict[str, Any]:
        job, plan = _job(given)
        self._write(process, pid, Start(job=job))
        self._starts[job] += 1
        failures = self._failures[job]
        order = order_of(plan, start=self._starts[job], failures=failures)
        self._asking.begun(job, fails=order.then == "fail" and not failures)
        if order.then == "die":
            self._kill(pid, signal.SIGKILL)
        run = len(self._runs) + 1
        self._runs[run] = _Run(job, process, pid)
        return {"run": run, "ms": order.ms, "then": order.then, "result": plan.get("result")}

    def _end(self, number: Any, outcome: Any) -> dict[str, Any]:
        run = self._runs.get(number) if type(number) is int else None
        if run is None:
            raise DeskProblem(f"`run` is to be what `start` has answered, and not {number!r}")
        if outcome not in get_args(Outcome):
            raise DeskProblem(f"`outcome` is one of {', '.join(get_args(Outcome))}")
        self._failures[run.job] += outcome == "error"
        self._asking.ended(run.job, run.process, outcome)
        self._write(run.process, run.pid, End(job=run.job, outcome=outcome))
        return {}

    def _write(self, process: str, pid: int, event: Hello | Start | End) -> None:
        with self._lock:
            recorder = self._recorders.get(process)
            if recorder is None:
                recorder = Recorder(self._history / f"{process}.jsonl", process)
                self._recorders[process] = recorder
        recorder.write(event, pid=pid)


def _read(line: bytes) -> dict[str, Any]:
    try:
        asked = json.loads(line)
    except (ValueError, RecursionError):
        raise DeskProblem("a request is one line of JSON") from None
    if not isinstance(asked, dict):
        raise DeskProblem("a request is a JSON object")
    return asked


def _job(given: Any) -> tuple[str, dict[str, Any]]:
    """The id and the plan of a job, which the handler hands on as the enqueue program got it."""
    found = given
    with suppress(ValueError, RecursionError):
        found = json.loads(given) if isinstance(given, str) else given
    if isinstance(found, dict) and isinstance(found.get("id"), str):
        plan = found.get("plan")
        if isinstance(plan, dict):
            return found["id"], plan
    raise DeskProblem(
        f"`job` is to be what the enqueue program was given, whole, and not {given!r:.80}"
    )
