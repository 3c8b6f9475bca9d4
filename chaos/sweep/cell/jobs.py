"""The jobs of a cell: enqueued, counted while they are left, and told how they must end."""

from __future__ import annotations

from collections.abc import Sequence

from chaos.history import Write
from chaos.history.events import EnqueueOk, Event, Expected
from chaos.rig.enqueue import enqueue
from chaos.sweep.cell.state import CellPlay
from chaos.sweep.life import End
from chaos.targets import Job


class CellJobs:
    """The jobs of the cell's life, and those that come in its end."""

    def __init__(self, play: CellPlay, produce: Write) -> None:
        """`produce` writes down what the producer knows."""
        self._play = play
        self._produce = produce
        self._jobs = play.story.make(play.run.directory.name, play.run.directory)
        #: The ids of `_jobs`, in their order: some are given by the queue.
        self._names = [job.id or "" for job in self._jobs]
        self._again: list[Job] = []
        self._canary: list[Job] = []

    def name_of(self, number: int) -> str:
        """The id of the life's job of this number."""
        return self._names[number - 1]

    def ordered(self) -> Sequence[Job]:
        """The jobs that a producer or an operator is told of."""
        return [self._jobs[number - 1] for number in self._play.story.ordered] or self._jobs

    def left(self) -> int:
        """The number of jobs that are left to do."""
        return self._play.stage.backlog(self._names)

    # Enqueueing

    def enqueue(self) -> None:
        """Enqueue the jobs of the life."""
        self._names = self._enqueue(self._jobs)

    def enqueue_again(self) -> bool:
        """Enqueue another job under each key that must be free by now. False if there is none."""
        self._again = [
            Job(id=f"{job.own_id}-again", plan={"do": "ok"}, unique=job.unique, effects=0)
            for job in (self._jobs[number - 1] for number in self._play.story.again)
        ]
        if self._again:
            self._enqueue(self._again)
        return bool(self._again)

    def enqueue_canary(self) -> str:
        """Enqueue a fresh job that has nothing to do with the others. Returns its id."""
        self._canary = [Job(id=self._play.name("canary"), plan={"do": "ok"}, effects=0)]
        (name,) = self._enqueue(self._canary)
        return name

    @property
    def has_canary(self) -> bool:
        return bool(self._canary)

    def _enqueue(self, jobs: Sequence[Job]) -> list[str]:
        """Enqueue from here, past the wire. Returns the ids of the jobs that stand for these."""
        names: list[str] = []

        def write(event: Event, /, *, t: int | None = None, process: str | None = None) -> None:
            self._produce(event, t=t, process=process)
            if isinstance(event, EnqueueOk):
                names.append(str(event.job))

        problem = enqueue(self._play.stage.producer, jobs, self._play.story.settings, write)
        if problem is not None:
            self._play.trouble(f"a job could not be enqueued: {problem}")
            return [job.id or "" for job in jobs]
        return names

    # The end

    def expect(self) -> None:
        """Write down how each job must end, and in which order jobs had to be started."""
        run, story = self._play.run, self._play.story
        ends = [(story.end(number), job) for number, job in enumerate(self._jobs, 1)]
        told = [*zip(self._names, ends, strict=True)]
        told += [(job.own_id, (End(), job)) for job in (*self._again, *self._canary)]
        for name, (end, job) in told:
            self._play.record(end.of(job, name))
        run.jobs = [name for name, _ in told]
        if not run.cell.faults:
            for first, second in story.in_order:
                after = self.name_of(first)
                self._play.record(Expected(job=self.name_of(second), after=after))
