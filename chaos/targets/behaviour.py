"""The handlers of a worker under test: they do what their job's plan says, and write the history.

A plan is a small dictionary. `do` is one of

* `ok`: work for `ms` milliseconds (0), then succeed;
* `fail`: the first `times` attempts raise, later ones succeed;
* `until`: raise while there is no file at `path`, succeed once there is;
* `hang`: never end by itself, in the first `times` attempts (all);
* `once`: work for `ms` milliseconds in the first attempt, succeed at once in later ones;
* `block`: keep the event loop busy for `ms` milliseconds in the first `times` attempts (all), then
  succeed;
* `resist`: work for `ms` milliseconds and swallow every cancellation meanwhile; a plain function
  does not look whether it is to stop;
* `unserialisable`: succeed with a result that has no JSON;
* `die`: SIGKILL the worker process, unless there is a file at `path`.

Beside it may stand

* `dies`: the first so many attempts SIGKILL the worker process;
* `fails`: the first so many attempts that were not lost raise what `raises` says, a word of
  `RAISES`; `retry` asks to be run again after `delay_s`;
* `result`: what the handler returns, or `ECHO`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos.errors import ChaosError
from chaos.history import Event, Recorder
from chaos.history.worker_events import End, Hello, Outcome, Start, Vitals
from chaos.jobs import ECHO, digest, digest_of_arguments, echo

#: An exception with this argument was raised by the handler itself.
_OWN = "as the job's plan says"
#: Work before a planned failure or death, and between two looks of a plain function.
_STEP_S = 0.005
#: More attempts than any job has.
_ALL = 1_000_000
#: Between two looks of a worker at itself.
_EXAMINE_S = 0.25


class Planned(ChaosError):
    """A failure that the job's plan asked for."""


class RetryWanted(ChaosError):
    """The handler asks to be run again after a delay, which a target says in its queue's words."""

    def __init__(self, delay_s: float) -> None:
        super().__init__(_OWN)
        self.delay_s = delay_s


RAISES: Mapping[str, type[BaseException]] = {
    "error": Planned,
    "timeout": TimeoutError,
    "cancelled": asyncio.CancelledError,
    "exit": SystemExit,
    "stop": StopIteration,
    "memory": MemoryError,
}
"""Exceptions that a plan may ask for, beside `retry`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One start of a handler, as the queue under test names it."""

    #: Id of the job.
    job: str
    #: Id of the worker.
    worker: str
    #: Fencing token, where the queue has one.
    token: int | None = None
    #: 1 for the job's first attempt, where the queue counts them.
    number: int = 1
    #: The arguments that the handler got, beside its plan.
    args: Sequence[Any] = ()
    kwargs: Mapping[str, Any] | None = None

    @property
    def place(self) -> int:
        """1 for the first start, the lost ones counted where the queue shows them."""
        return self.token or self.number


class WorkerLog:
    """Writes the history of one worker process, and of the processes that it forks."""

    def __init__(
        self,
        history: str,
        process: str,
        *,
        lost: tuple[type[BaseException], ...] = (),
        cancelled: tuple[type[BaseException], ...] = (),
    ) -> None:
        """`lost` and `cancelled` are what a handler gets to feel when its lock is lost, and when it
        is to stop."""
        self._history = Path(history)
        self._process = process
        self._lost = lost
        self._cancelled: tuple[type[BaseException], ...] = (asyncio.CancelledError, *cancelled)
        self._pid = os.getpid()
        self._recorders: dict[int, Recorder] = {}  # by pid: of this process and those it comes from
        self._greeted: set[str] = set()
        self._examined_at = 0.0

    def _write(self, event: Event, t: int | None = None) -> None:
        pid = os.getpid()
        # Several threads may come here first; setdefault is atomic, and a recorder that has written
        # nothing has no file.
        recorder = self._recorders.get(pid) or self._recorders.setdefault(pid, self._opened(pid))
        recorder.write(event, t=t)

    def _opened(self, pid: int) -> Recorder:
        """A forked worker has a file of its own: `<parent's name>.<pid>`."""
        if pid == self._pid:
            return Recorder(self._history, self._process)
        parents = [*self._recorders.values()]
        name = f"{parents[-1].process if parents else self._process}.{pid}"
        return Recorder(self._history.with_name(f"{name}.jsonl"), name)

    def hello(self, worker: str) -> None:
        """Say, once, that the worker with this id lives in this process."""
        if worker not in self._greeted:
            self._greeted.add(worker)
            self._write(Hello(worker=worker))

    @contextmanager
    def recorded(self, attempt: Attempt) -> Iterator[Callable[[Any], None]]:
        """Write down the start and the end of an attempt, which is this block. What the handler
        returns is handed to the function that the block gets."""
        self.hello(attempt.worker)
        t = time.monotonic_ns()  # large arguments take a while
        arguments = digest_of_arguments([*attempt.args], attempt.kwargs or {})
        self._write(
            Start(job=attempt.job, token=attempt.token, worker=attempt.worker, arguments=arguments),
            t,
        )
        returned: list[Any] = []
        outcome: Outcome = "error"
        try:
            yield returned.append
            outcome = "ok"
        except BaseException as error:
            outcome = self._outcome(error)
            raise
        finally:
            result = _digest(returned[0]) if outcome == "ok" and returned else None
            self._write(End(job=attempt.job, token=attempt.token, outcome=outcome, result=result))
            self._examine()

    def _examine(self) -> None:
        """Write down what this process has grown to: now and then."""
        if time.monotonic() - self._examined_at < _EXAMINE_S:
            return
        self._examined_at = time.monotonic()
        try:
            tasks = len(asyncio.all_tasks())
        except RuntimeError:  # in a thread, which has no event loop
            return
        self._write(Vitals(tasks=tasks, blocks=sys.getallocatedblocks()))

    def _outcome(self, error: BaseException) -> Outcome:
        if isinstance(error, self._lost):
            return "lost"
        own = error.args == (_OWN,)
        return "cancelled" if isinstance(error, self._cancelled) and not own else "error"


def _digest(value: Any) -> str | None:
    try:
        return digest(value)
    except (TypeError, ValueError):
        return None


async def behave(plan: Mapping[str, Any], attempt: Attempt) -> Any:
    """Do what the plan says; raises `Planned`, `RetryWanted` or another where it says so."""
    if _ends_badly(plan, attempt):
        await asyncio.sleep(min(plan.get("ms", 0) / 1000, _STEP_S))
        _end_badly(plan, attempt)
    seconds = plan.get("ms", 0) / 1000
    match plan.get("do", "ok"):
        case "hang" if attempt.place <= plan.get("times", _ALL):
            await asyncio.sleep(86_400)
        case "once" if attempt.place > 1:
            pass
        case "block" if attempt.place > plan.get("times", _ALL):
            pass
        case "block":
            time.sleep(seconds)  # noqa: ASYNC251 - that is the fault
        case "resist":
            await _resist(seconds)
        case _:
            await asyncio.sleep(seconds)
    return _result(plan, attempt)


def behave_in_thread(
    plan: Mapping[str, Any], attempt: Attempt, check: Callable[[], None] = lambda: None
) -> Any:
    """The same in a plain function. `check` raises once the function is to stop; a plan that loops
    calls it all the time, one that sleeps or resists never."""
    if _ends_badly(plan, attempt):
        time.sleep(min(plan.get("ms", 0) / 1000, _STEP_S))
        _end_badly(plan, attempt)
    seconds = plan.get("ms", 0) / 1000
    match plan.get("do", "ok"):
        case "hang" if attempt.place <= plan.get("times", _ALL):
            _loop(86_400, check)
        case "loop":
            _loop(seconds, check)
        case _:
            time.sleep(seconds)
    return _result(plan, attempt)


def _ends_badly(plan: Mapping[str, Any], attempt: Attempt) -> bool:
    """True if this attempt dies or raises."""
    do = plan.get("do", "ok")
    return (
        _dies(plan, attempt)
        or attempt.number <= (plan["times"] if do == "fail" else plan.get("fails", 0))
        or (do == "until" and not os.access(plan["path"], os.F_OK))
    )


def _dies(plan: Mapping[str, Any], attempt: Attempt) -> bool:
    dies = plan.get("do") == "die" and not os.access(plan.get("path", ""), os.F_OK)
    return dies or attempt.place <= plan.get("dies", 0)


def _end_badly(plan: Mapping[str, Any], attempt: Attempt) -> None:
    if _dies(plan, attempt):
        os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(86_400)  # it is on its way
    if (word := plan.get("raises", "error")) == "retry":
        raise RetryWanted(plan["delay_s"])
    raise RAISES[word](_OWN)


def _result(plan: Mapping[str, Any], attempt: Attempt) -> Any:
    if plan.get("do") == "unserialisable":
        return object()
    result = plan.get("result")
    return echo([*attempt.args], attempt.kwargs or {}) if result == ECHO else result


async def _resist(seconds: float) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        try:
            await asyncio.sleep(left)
        except asyncio.CancelledError:
            continue


def _loop(seconds: float, check: Callable[[], None]) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        check()
        time.sleep(min(left, _STEP_S))
