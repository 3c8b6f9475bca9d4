"""Looks that are taken while a run goes on: at the store, and at what processes use.

They are taken in a thread of their own, and are cheap: a look is at a bounded part of the store,
and the more it takes, the fewer there are. A look that does not come off (the server is
paused, or gone) is missed, and nothing else.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from chaos.history import Write
from chaos.history.events import Inconsistent, Look, Traffic, Usage
from chaos.rig.wire import Wire
from chaos.rig.worker import Worker
from chaos.targets import CanLook, Finding, Inspector

#: Between two looks at the store: at least, at most, and the share of the processor that looking
#: may take.
_LOOK_S, _RARELY_S, _SHARE = 0.1, 1.0, 0.1
#: Between two turns of the thread.
_TURN_S = 0.05
#: Between two rounds of other samples, and processes of one round at most.
_ROUND_S, _PROCESSES = 0.25, 12
#: Looks at the end, in which all of a small store is seen.
_LAST_LOOKS = 12


class Samples:
    """Both samplers, from `start` (or `with`) to `stop` or `finish`.

    There are no looks while the rig is `blind`: it has silenced the server.
    """

    def __init__(
        self,
        inspector: Inspector | None,
        record: Write,
        *,
        workers: Sequence[Worker] = (),
        wire: Wire | None = None,
        blind: Callable[[], bool] = lambda: False,
    ) -> None:
        self._state = StateSampler(inspector, record) if isinstance(inspector, CanLook) else None
        self._uses = UseSampler(workers, wire, record)
        self._nothing = self._state is None and wire is None and not workers
        self._blind = blind
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="samples", daemon=True)
        self._problem: Exception | None = None

    def start(self) -> None:
        """Begin, if there is anything to look at. Once only; `with` does it too."""
        if not self._nothing:
            self._thread.start()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Sample no more."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join()

    def finish(self) -> None:
        """Stop, and look once more at all that is there. Raises what kept a sample from being
        written."""
        self.stop()
        if self._problem is not None:
            raise self._problem
        if self._state is not None:
            self._state.finish()

    def _run(self) -> None:
        try:
            while not self._over.wait(_TURN_S):
                if self._state is not None and not self._blind():
                    self._state.sample()
                self._uses.sample()
        except Exception as error:  # noqa: BLE001 - `finish` raises it
            self._problem = error


class StateSampler:
    """Looks at the store, and writes down what contradicts a rule of the queue's own."""

    def __init__(self, inspector: CanLook, record: Write) -> None:
        self._inspector = inspector
        self._record = record
        self._looked_at: Counter[str] = Counter()
        self._told: set[tuple[str, str | None, str | None]] = set()
        self._told_at = time.monotonic()
        self._next_at = 0.0

    def sample(self) -> None:
        """Look when it is time."""
        if time.monotonic() < self._next_at:
            return
        began = time.thread_time()
        self.look()
        pause_s = (time.thread_time() - began) / _SHARE
        self._next_at = time.monotonic() + min(max(_LOOK_S, pause_s), _RARELY_S)

    def finish(self) -> None:
        """Look at all of a store that is not too large, and tell."""
        for _ in range(_LAST_LOOKS):
            if self.look():
                break
        self.tell()

    def look(self) -> bool:
        """Look once. Not at all, if the store does not answer. True if all has been seen."""
        t = time.monotonic_ns()
        try:
            sight = self._inspector.look()
        except Exception:  # noqa: BLE001 - whatever the client library raises
            return False
        self._looked_at.update(sight.looked_at)
        for finding in sight.findings:
            self._tell(finding, t)
        if time.monotonic() - self._told_at > 1.0:
            self.tell()
        return sight.whole

    def _tell(self, finding: Finding, t: int) -> None:
        about = (finding.rule, finding.job, finding.key)
        if about in self._told:
            return
        self._told.add(about)
        self._record(
            Inconsistent(
                rule=finding.rule,
                found=finding.seen,
                job=finding.job,
                key=finding.key,
                timed=finding.timed,
            ),
            t=t,
        )

    def tell(self) -> None:
        """Write down how much was looked at."""
        self._told_at = time.monotonic()
        for rule, objects in sorted(self._looked_at.items()):
            self._record(Look(rule=rule, objects=objects))
        self._looked_at.clear()


@dataclass(slots=True)
class _Counted:
    """What the wire had counted of a process, and when."""

    t: int
    commands: int
    connections: int


class UseSampler:
    """Looks at what processes use, a few of them each time, and at what they send."""

    def __init__(self, workers: Sequence[Worker], wire: Wire | None, record: Write) -> None:
        self._workers = workers
        self._wire = wire
        self._record = record
        self._next_at = 0.0
        self._turn = 0
        self._counted: dict[str, _Counted] = {}

    def sample(self) -> None:
        """Take a round of samples when it is time."""
        if time.monotonic() < self._next_at:
            return
        self._next_at = time.monotonic() + _ROUND_S
        present = list(self._present())
        for name, pid, children in self._some(present):
            if (used := usage(pid)) is not None:
                self._record(Usage(name=name, child_pid=pid, children=children, **used))
        if self._wire is not None:
            for worker in list(self._workers):
                self._count(self._wire, worker)

    def _present(self) -> Iterator[tuple[str, int, int | None]]:
        """Name, pid and number of children of every process that may be there."""
        for worker in list(self._workers):
            if worker.life.gone:
                continue
            children = worker.living_children() if worker.is_fleet else []
            yield worker.name, worker.life.process.pid, len(children) if worker.is_fleet else None
            for child in children:
                yield f"{worker.name}.{child.pid}", child.pid, None

    def _some(self, present: list[Any]) -> Iterable[Any]:
        """All of them, or where there are many another part each time."""
        if len(present) <= _PROCESSES:
            return present
        self._turn = (self._turn + _PROCESSES) % len(present)
        return (present[self._turn :] + present)[:_PROCESSES]

    def _count(self, wire: Wire, worker: Worker) -> None:
        now, (commands, connections) = time.monotonic_ns(), wire.traffic(worker.name)
        last = self._counted.get(worker.name)
        self._counted[worker.name] = _Counted(now, commands, connections)
        if last is None or worker.life.gone:
            return
        self._record(
            Traffic(
                name=worker.name,
                t_sent=last.t,
                commands=commands - last.commands,
                connections=connections - last.connections,
                children=len(worker.living_children()) if worker.is_fleet else None,
            ),
            t=now,
        )


def usage(pid: int) -> dict[str, int] | None:
    """What a process uses, by the fields of `Usage`; None where it is gone or cannot be seen."""
    proc = Path(f"/proc/{pid}")
    try:
        memory_kb = _private_kb(proc)
        targets = [_target(each) for each in (proc / "fd").iterdir()]
        threads = len(list((proc / "task").iterdir()))
    except (OSError, ValueError):
        return None
    if not memory_kb:  # it has ended, and nobody has taken notice yet
        return None
    sockets = sum(target.startswith("socket:") for target in targets)
    return {
        "memory_kb": memory_kb,
        "descriptors": len(targets),
        "sockets": sockets,
        "threads": threads,
    }


def _private_kb(proc: Path) -> int:
    for line in (proc / "smaps_rollup").read_text().splitlines():
        if line.startswith("Private_Dirty:"):
            return int(line.split()[1])
    return 0


def _target(descriptor: Path) -> str:
    with contextlib.suppress(OSError):  # closed since
        return str(descriptor.readlink())
    return ""
