"""The rig's side of a queue's client: it enqueues, and may requeue and cancel."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from chaos.errors import ChaosError
from chaos.jobs import Job


class EnqueueRefused(ChaosError):
    """The enqueue definitely did not happen."""


class EnqueueInDoubt(ChaosError):
    """The enqueue may or may not have happened."""

    def __init__(self, message: str, jobs: Sequence[str] = ()) -> None:
        """`jobs` are the ids under which the jobs exist, if they do; without them, those that were
        asked for."""
        super().__init__(message)
        self.jobs = jobs


class Producer(Protocol):
    """A connection that enqueues."""

    def enqueue(self, jobs: Sequence[Job], /) -> Sequence[str]:
        """Enqueue these jobs, and return for each the id of the job that now stands for it: its
        own, or that of a live job under the same unique key.

        Raises `EnqueueRefused` or `EnqueueInDoubt`.
        """

    def close(self) -> None: ...


@runtime_checkable
class CanRequeue(Protocol):
    """A producer whose queue gives dead-lettered jobs a new life."""

    def requeue(self, job: str, /) -> bool:
        """Give a dead-lettered job a new life. False: it was not dead. Raises as `enqueue` does."""


@runtime_checkable
class CanCancel(Protocol):
    """A producer whose queue cancels jobs."""

    def cancel(self, job: str, /) -> None:
        """End a job that is not done, wherever it is, and not as completed; a running one as soon
        as may be. Raises as `enqueue` does."""
