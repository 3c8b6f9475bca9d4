"""A queue under test, as a value: how its workers start, how to enqueue, and what else it offers.

Four parts are needed; each of the others adds to what the rig can do or know. Workers may be in
another language or another virtual environment: all that they have to do is append lines to a
history file (`behaviour` does it for Python handlers).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, Protocol

from chaos.evidence import Evidence
from chaos.guarantees import GUARANTEES
from chaos.jobs.space import PLAIN, SPACE
from chaos.targets.asking import Asking
from chaos.targets.inspector import Inspector
from chaos.targets.producer import Producer
from chaos.targets.settings import WorkerSettings
from chaos.targets.spec import WorkerSpec

if TYPE_CHECKING:  # a worker, which needs its `WorkerSpec`, starts twice as fast without
    from chaos.faults import Match
    from chaos.history.events import Transition
    from chaos.wire import Exchange


@dataclass(frozen=True, slots=True)
class Command:
    """A program to start: its argument list, and what it needs beside its `WorkerSpec`.

    Raises ValueError where it cannot be one.
    """

    #: `{url}` in a word is the server's URL; likewise in a variable.
    argv: Sequence[str]
    #: Variables of its own, which go before the rig's.
    env: Mapping[str, str] = field(default_factory=dict)
    #: Its working directory; None: the rig's.
    cwd: Path | None = None

    def __post_init__(self) -> None:
        if isinstance(self.argv, str):
            raise ValueError(
                f"a command is a list of words, not one string: write {self.argv.split()!r}"
            )
        if not self.argv or not all(isinstance(word, str) for word in self.argv):
            raise ValueError(
                f"a command is a list of words, the program first, and not {self.argv!r}"
            )
        if not self.argv[0]:
            raise ValueError("the first word of a command names a program, and this one is empty")

    def environment(self, spec: WorkerSpec) -> dict[str, str]:
        """All variables of the process that it starts."""
        own = {name: text.replace("{url}", spec.url) for name, text in self.env.items()}
        return {**spec.environment(), **own}

    def words(self, spec: WorkerSpec) -> list[str]:
        """The words of the command for this process."""
        return [word.replace("{url}", spec.url) for word in self.argv]

    def become(self, spec: WorkerSpec) -> NoReturn:
        """Replace this process by the program."""
        if self.cwd is not None:
            os.chdir(self.cwd)
        os.execvpe(self.argv[0], self.words(spec), self.environment(spec))


class Decode(Protocol):
    """Reads a run's commands on the wire, one after the other."""

    def __call__(self, exchange: Exchange, /) -> Iterable[Transition]:
        """Tell what one command did to jobs.

        With a reply of `NoReply` it is unknown whether it did: the events' `answer` is None.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """The rig's way to read the queue's commands."""

    #: Commands by the transition that they make: claim, finish, retry, release, refresh, …
    moments: Mapping[str, Match]
    #: Makes a decoder: one for the run, which may remember, and one for each fault that lands,
    #: which is shown its command alone.
    decoder: Callable[[WorkerSettings], Decode]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forkable:
    """The start of a worker in a forked process, which saves the start of Python."""

    #: Imports what `work` needs, in a process from which many workers are forked.
    warm: Callable[[], None]
    #: Becomes a worker, in a process that was forked after `warm`.
    work: Callable[[WorkerSpec], NoReturn]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A queue under test. Raises ValueError for one that cannot be tested."""

    name: str
    #: Ids of the guarantees that it promises (`chaos.guarantees`).
    promises: Collection[str]
    #: One worker process. It reads its `WorkerSpec` from the environment.
    worker: Command
    #: Makes a connection that enqueues, from a server's URL.
    producer: Callable[[str, WorkerSettings], Producer]
    #: Further clients that enqueue, by the words of the space's dimension `client`.
    more_clients: Mapping[str, Callable[[str, WorkerSettings], Producer]] = field(
        default_factory=dict
    )
    #: Makes a connection that looks into the store.
    inspector: Callable[[str, WorkerSettings], Inspector] | None = None
    wire: Wire | None = None
    forkable: Forkable | None = None
    #: The parent of a number of worker processes.
    fleet: Callable[[int], Command] | None = None
    #: Called with the server's URL when the server is up and before anything runs on it. A queue of
    #: scripts loads them here, so that a fault that waits for the first command of a kind does not
    #: land on one that the server answers with NOSCRIPT.
    prepare: Callable[[str], None] | None = None
    #: What `wire` and `inspector` show beside transitions and the state of jobs: see `Evidence`.
    shows: Collection[str] = ()
    #: The dimensions of the space of jobs (`chaos.jobs.space`) that it can take.
    takes: Collection[str] = PLAIN
    #: The usual time until a job that has failed once is run again, in ms, and the longest. Each
    #: further failure doubles it, and a random share of up to a half may be taken off. None:
    #: nobody knows.
    back_off_ms: Callable[[WorkerSettings], tuple[int, int]] | None = None
    #: Packages whose versions a run records.
    packages: tuple[str, ...] = ()
    #: What an environment of its own has, each package with its release.
    pinned: tuple[str, ...] = ()
    #: The program by which its producer enqueues, if it does (`chaos.targets.programs`).
    enqueuer: Command | None = None
    #: Its handlers ask the rig what to do (`chaos.handlers`), and write no history of their own.
    asks: Asking | None = None
    #: A dead worker's job is started again within so many seconds; None: as the settings say or, of
    #: a target whose handlers ask, as it was measured.
    again_within_s: float | None = None
    #: The same with the times that the queue has by itself, where this one's are others: settings
    #: of a target that takes them from the rig, or another target.
    by_default: WorkerSettings | Target | None = None

    def __post_init__(self) -> None:
        if not self.name:
            raise ValueError("a target needs a name, which reports call it by")
        if isinstance(self.promises, str):
            raise ValueError(f"promises is a set of guarantees: write {{{self.promises!r}}}")
        for promise in self.promises:
            if promise not in GUARANTEES:
                raise ValueError(
                    f"{self.name} promises {promise!r}, {_unknown(promise, GUARANTEES)}"
                )
        if not isinstance(self.worker, Command):
            raise ValueError(f"the worker of {self.name} is a Command, and not {self.worker!r}")
        for evidence in self.shows:
            if evidence not in _SHOWN_BY:
                raise ValueError(f"{self.name} shows {evidence!r}, {_unknown(evidence, _SHOWN_BY)}")
            part = _SHOWN_BY[Evidence(evidence)]
            if getattr(self, part) is None:
                raise ValueError(f"{self.name} shows {evidence!r}, which only its {part} could")
        for dimension in self.takes:
            if dimension not in SPACE.names:
                raise ValueError(
                    f"{self.name} takes {dimension!r}, {_unknown(dimension, SPACE.names)}"
                )
        object.__setattr__(self, "promises", frozenset(self.promises))
        object.__setattr__(self, "shows", frozenset(self.shows))

    @property
    def clients(self) -> Mapping[str, Callable[[str, WorkerSettings], Producer]]:
        """All clients that enqueue, the usual one (`sync`) first."""
        return {"sync": self.producer, **self.more_clients}

    def lacks(self, needs: Iterable[str]) -> list[str]:
        """What a scenario needs of a target and this one has not, in words. A need is `fleet`,
        `inspector`, or a moment of its wire."""
        parts = {"fleet": self.fleet, "inspector": self.inspector}
        moments = self.wire.moments if self.wire else {}
        return [
            f"it has no {need}" if need in parts else f"no command is known that makes a {need}"
            for need in needs
            if (parts[need] is None if need in parts else need not in moments)
        ]

    @property
    def offers(self) -> frozenset[Evidence]:
        """The evidence that a run on it can have. What needs other evidence is not known."""
        offers = {Evidence(evidence) for evidence in self.shows}
        offers |= {Evidence.JOBS} if self.inspector else set()
        if self.wire is not None:
            offers |= {Evidence.WIRE}
            offers |= {Evidence.COMPLETIONS} if "finish" in self.wire.moments else set()
        return frozenset(offers)

    def warm(self) -> None:
        """Import what `start` needs, in a process from which many workers are forked."""
        if self.forkable is not None:
            self.forkable.warm()

    @property
    def start(self) -> Callable[[WorkerSpec], NoReturn]:
        """Turns a forked process into a worker."""
        return self.forkable.work if self.forkable else self.worker.become

    def job_of(self, exchange: Exchange, settings: WorkerSettings) -> str | None:
        """The job that a command is about; None where it is about several, or about none."""
        if self.wire is None:
            return None
        # A decoder of its own: that of the run may remember what it has been shown.
        jobs = {event.job for event in self.wire.decoder(settings)(exchange)}
        return jobs.pop() if len(jobs) == 1 else None


#: Evidence that a target has to claim, and the part of it that shows this.
_SHOWN_BY = {
    Evidence.TOKENS: "wire",
    Evidence.RETRIES: "inspector",
    Evidence.EFFECTS: "inspector",
    Evidence.KEYS: "inspector",
    Evidence.HEALTH: "inspector",
    Evidence.STATE: "inspector",
}


def _unknown(word: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches  # only here: workers import this module

    close = get_close_matches(str(word), known, 1)
    right = f"did you mean {str(close[0])!r}?" if close else f"there are {', '.join(known)}"
    return f"which is unknown; {right}"
