"""What makes a queue testable: how its workers start, how to enqueue, what is left at the end.

The rig knows a queue only through a `Target`. Its workers may run in another language or another
virtual environment: all they have to do is append lines to a history file (`behaviour` does it for
Python handlers).
"""

from __future__ import annotations

import abc
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, NoReturn

if TYPE_CHECKING:  # a worker, which needs its `WorkerSpec` from here, starts twice as fast without
    from chaos.faults import Match
    from chaos.wire import Exchange


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """How workers are set up in a run. Short times, so that a run need not wait for long ones."""

    queue: str = "chaos"
    concurrency: int = 4
    lock_ttl_ms: int = 1_500
    poll_max_ms: int = 300
    health_interval_ms: int = 400
    health_slack_ms: int = 600
    grace_s: float = 2.0
    cleanup_s: float = 0.5
    retry_base_s: float = 0.05
    max_crashes: int = 5
    #: What an enqueue and an outcome wait for before they count as done, where a queue can choose:
    #: nothing, WAIT for one replica, or WAITAOF for the disks of both.
    durability: Literal["none", "replicated", "fsynced"] = "none"

    @property
    def health_ttl_ms(self) -> int:
        return self.health_interval_ms + self.health_slack_ms


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One job that a scenario wants enqueued. `plan` tells the handler what to do (`behaviour`)."""

    id: str
    plan: Mapping[str, Any]
    function: str = "behave"
    unique: str | None = None
    delay_ms: int = 0
    max_retries: int = 3
    timeout_s: int = 60
    effects: int = 1
    #: It can never succeed and must be dead-lettered, whatever its budget.
    doomed: bool = False
    #: Its handler does not let itself be cancelled.
    resists: bool = False

    @property
    def kind(self) -> str:
        return str(self.plan.get("do", "ok"))


class EnqueueRefused(Exception):
    """The enqueue definitely did not happen."""


class EnqueueInDoubt(Exception):
    """The enqueue may or may not have happened."""


class Producer(abc.ABC):
    """A connection that enqueues."""

    @abc.abstractmethod
    def enqueue(self, jobs: Sequence[Job]) -> list[str]:
        """Enqueue; the ids of the jobs that stand for them. Raises one of the two above."""

    def requeue(self, job: str) -> bool:
        """Give a dead-lettered job a new life; False: it was not dead. Raises one of the two above,
        or NotImplementedError where the queue has no such thing."""
        raise NotImplementedError

    def cancel(self, job: str) -> None:
        """End a job that is not done, wherever it is, and not as completed; a running one as soon
        as may be. Raises as `requeue` does."""
        raise NotImplementedError

    @abc.abstractmethod
    def close(self) -> None: ...


class Inspector(abc.ABC):
    """A connection that looks into the store, past the wire proxy. It changes nothing but `clean`.

    Whatever the client library raises when the server does not answer may come out of it.
    """

    @abc.abstractmethod
    def backlog(self) -> int:
        """Jobs that are queued or being worked on."""

    @abc.abstractmethod
    def dead_lettered(self) -> int:
        """Jobs in the dead-letter queue."""

    @abc.abstractmethod
    def health(self, workers: Sequence[str]) -> dict[str, int | None]:
        """What is left of each worker's health key, in ms; -1: for ever, None: there is none."""

    @abc.abstractmethod
    def final_state(self, jobs: Iterable[str]) -> Iterable[dict[str, Any]]:
        """Every job, effect, entry and key, as `final` events without their stamp."""

    @abc.abstractmethod
    def clean(self) -> None:
        """Remove everything that a run has left in a server that is not the rig's own."""

    @abc.abstractmethod
    def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSpec:
    """A process to start: what it is called, where its history goes, which server it talks to."""

    name: str
    url: str
    history: str
    settings: WorkerSettings
    burst: bool = False

    def environment(self) -> dict[str, str]:
        """The variables by which a worker process is told."""
        return {
            **os.environ,
            "CHAOS_URL": self.url,
            "CHAOS_PROCESS": self.name,
            "CHAOS_HISTORY": self.history,
            "CHAOS_SETTINGS": json.dumps(asdict(self.settings)),
            "CHAOS_BURST": "1" if self.burst else "",
        }

    @classmethod
    def from_environment(cls) -> WorkerSpec:
        """The same, read in the worker process."""
        return cls(
            name=os.environ["CHAOS_PROCESS"],
            url=os.environ["CHAOS_URL"],
            history=os.environ["CHAOS_HISTORY"],
            settings=WorkerSettings(**json.loads(os.environ["CHAOS_SETTINGS"])),
            burst=bool(os.environ.get("CHAOS_BURST")),
        )


class Target(abc.ABC):
    """A queue under test."""

    #: The name under which `--target` knows it.
    name: str
    #: Ids of the guarantees that it promises (`chaos.guarantees`).
    promises: frozenset[str]
    #: Packages whose versions belong into the record of a run.
    packages: tuple[str, ...] = ()

    def prepare(self, url: str) -> None:
        """Called when the server is up and before anything runs on it.

        A queue of scripts loads them here, so that a fault that waits for the first command of a
        kind does not land on one that the server answers with NOSCRIPT.
        """
        del url

    @abc.abstractmethod
    def worker_command(self) -> list[str]:
        """The command of one worker process; it reads its `WorkerSpec` from the environment."""

    def warm(self) -> None:  # noqa: B027 - most targets need nothing
        """Import what `work` needs, in a process from which many workers will be forked."""

    def work(self, spec: WorkerSpec) -> NoReturn:
        """Become a worker, in a process of its own that was forked after `warm`.

        By default this is the worker's command; a target in Python saves its start.
        """
        command = self.worker_command()
        os.execvpe(command[0], command, spec.environment())

    @abc.abstractmethod
    def fleet_command(self, workers: int) -> list[str]:
        """The command of a parent with so many worker processes."""

    @abc.abstractmethod
    def producer(self, url: str, settings: WorkerSettings) -> Producer: ...

    @abc.abstractmethod
    def inspector(self, url: str, settings: WorkerSettings) -> Inspector: ...

    def moments(self) -> Mapping[str, Match]:
        """Commands by the transition that they make: claim, finish, retry, release, refresh, …

        Empty for a target whose commands the rig cannot read; scenarios that need exact moments
        then say so.
        """
        return {}

    def transitions(self, exchange: Exchange) -> Iterable[dict[str, Any]]:
        """What one command on the wire did to jobs, as `transition` events without their stamp.

        With a reply of `NoReply` nobody knows whether it did: the events' `answer` is None.
        """
        del exchange
        return ()
