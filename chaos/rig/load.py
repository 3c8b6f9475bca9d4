"""Producers that enqueue all the time, beside what the scenario does: one for each client that the
target has."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from queue import SimpleQueue
from random import Random
from types import TracebackType
from typing import Self

from chaos.history import Write
from chaos.jobs.making import draw
from chaos.jobs.space import BATCHES, Coverage
from chaos.rig.enqueue import enqueue, named
from chaos.targets import EnqueueInDoubt, Job, Producer, WorkerSettings

#: Jobs at once, by the words of the space's dimension `batch`, each with its weight; and the pause
#: between two enqueues of a producer.
_BATCHES = {"one": 80, "few": 160, "hundred": 8, "thousand": 1}
_FEW = 6
_PAUSE_S = 0.1
#: Calls that settle, in the end, what is still in doubt.
_TRIES = 5
#: An enqueue under way at the end may try for this long; then the producer hangs.
_JOIN_S = 30.0


class Load:
    """Runs in threads of its own within the `with` block. Raises what a thread raised."""

    def __init__(
        self,
        name: str,
        clients: Mapping[str, Producer],
        takes: Collection[str],
        settings: WorkerSettings,
        random: Random,
        write: Write,
        never: Collection[str] = (),
    ) -> None:
        """`takes` and `never` as in `chaos.jobs.making.draw`."""
        self._stop = threading.Event()
        self._clients = [
            _Client(f"{name}-{word}", word, producer, takes, settings, Random(random.random()),
                    write, self._stop, never)
            for word, producer in clients.items()
        ]  # fmt: skip
        for one, other in zip(self._clients, self._clients[1:] + self._clients[:1], strict=True):
            one.other = other

    @property
    def job_ids(self) -> list[str]:
        """Every job that was asked for, whatever came of it, and every one that was answered."""
        return [job for client in self._clients for job in client.job_ids]

    def __enter__(self) -> Self:
        for client in self._clients:
            client.thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        for client in self._clients:
            client.thread.join(_JOIN_S)
        if error is not None:
            return
        if any(client.thread.is_alive() for client in self._clients):
            raise TimeoutError(f"a producer did not come back within {_JOIN_S:g} s")
        for client in self._clients:
            if client.error is not None:
                raise client.error


class _Client:
    """One producer and its thread."""

    def __init__(
        self,
        name: str,
        word: str,
        producer: Producer,
        takes: Collection[str],
        settings: WorkerSettings,
        random: Random,
        write: Write,
        stop: threading.Event,
        never: Collection[str],
    ) -> None:
        self._name = name
        self._word = word
        self._producer = producer
        self._takes = takes
        self._settings = settings
        self._random = random
        self._write = write
        self._stop = stop
        self._never = never
        self._drawn = 0
        self._seen = Coverage()
        #: Jobs whose enqueue is in doubt, to be asked for again.
        self._doubted: list[Job] = []
        #: The one who enqueues, at about the same time, the same ids.
        self.other = self
        self.twins: SimpleQueue[Job] = SimpleQueue()
        self.job_ids: list[str] = []
        self.error: BaseException | None = None
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._enqueue([*self._draw(), *self._given()])
                self._settle()
                self._stop.wait(_PAUSE_S)
            for _ in range(_TRIES):
                self._enqueue(self._given())
                self._settle()
        except BaseException as error:  # noqa: BLE001 - raised again where the block ends
            self.error = error
        finally:
            self._producer.close()

    def _draw(self) -> list[Job]:
        """The next jobs of its own. The second one of an id is the other's to enqueue."""
        word = self._random.choices([*_BATCHES], [*_BATCHES.values()])[0]
        n = self._random.randint(2, _FEW) if word == "few" else BATCHES[word]
        drawn = draw(
            self._random,
            n if "batch" in self._takes else min(n, _FEW),
            name=self._name,
            first=self._drawn + 1,
            queues=self._settings.queues,
            takes=self._takes,
            client=self._word,
            seen=self._seen,
            never=self._never,
        )
        self._drawn += n
        own: dict[str | None, Job] = {}
        jobs = []
        for job in drawn:
            if job.id in own and job.id is not None:
                self.other.twins.put(job)
            else:
                jobs.append(job)
            own[job.id] = job
        return jobs

    def _given(self) -> list[Job]:
        return [self.twins.get() for _ in range(self.twins.qsize())]

    def _settle(self) -> None:
        """Ask again for what is in doubt: there must be one job of each."""
        doubted, self._doubted = self._doubted, []
        self._enqueue(doubted)

    def _enqueue(self, jobs: Sequence[Job]) -> None:
        if not jobs:
            return
        self.job_ids += [job.id for job in jobs if job.id is not None]
        answers: list[str] = []
        error = enqueue(self._producer, jobs, self._settings, self._write, answers)
        self.job_ids += answers
        if isinstance(error, EnqueueInDoubt):
            self._doubted += named(jobs, error)
            self.job_ids += [job.own_id for job in self._doubted]
