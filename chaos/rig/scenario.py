"""A scenario: one story with one kind of fault, and the guarantees that it puts to the test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from chaos.rig.options import Options, new_seed
from chaos.rig.problem import RigProblem
from chaos.rig.rig import Rig
from chaos.rig.setup import ServerWish, Setup
from chaos.servers import Durability
from chaos.targets import Target, WorkerSettings, find_target


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """An option that one scenario has beside the common ones: `--<name>`."""

    name: str
    help: str
    #: A number takes numbers of its type, a text one of the `choices`.
    default: str | float
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """A run of `python -m chaos.<name>`."""

    name: str
    #: The fault, the guarantee, and how it is made to happen: the module's docstring.
    story: str
    #: Ids of the guarantees that it is about; the others are judged as well.
    guarantees: tuple[str, ...]
    #: Plays the story. What it leaves undone (healing, waiting, reading the end) the rig does.
    play: Callable[[Rig], None]
    workers: int = 3
    jobs: int = 60
    settings: WorkerSettings = field(default_factory=WorkerSettings)
    #: How much later than lock TTL and poll interval a job may be started again, in ms: the
    #: reaction of a busy machine, and the jobs that wait before it.
    recovery_slack_ms: int = 2_000
    #: Whether processes reach the server through the wire proxy. Without it there are no faults at
    #: exact commands and no transitions in the history, but the server can be loaded in full.
    wire: bool = True
    parameters: tuple[Parameter, ...] = ()
    #: Adapts the setup of a run to its parameters.
    prepare: Callable[[Setup], Setup] = lambda setup: setup
    #: Whether it stops, starves or reconfigures the server, which must then be the rig's own.
    owns_server: bool = False
    #: The data that survives a killed server.
    durability: Durability = "none"
    #: Whether the server has a clock of its own, which can be stepped.
    own_clock: bool = False
    #: What a target must have, to be played on: `fleet`, `inspector`, or moments of its wire.
    needs: tuple[str, ...] = ()
    #: Why it cannot be played on this machine; None where it can.
    lacking: Callable[[], str | None] = lambda: None
    #: Time for the work that is left when the story has been told.
    settle_s: float = 30.0

    def setup(self, options: Options) -> Setup:
        """Join what the scenario suggests and what the user chose. Raises `UnknownTarget`."""
        defaults = {parameter.name: parameter.default for parameter in self.parameters}
        suggested = Setup(
            name=self.name,
            about=self.guarantees,
            options=options,
            target=find_target(options.target),
            seed=options.seed if options.seed is not None else new_seed(),
            workers=options.workers or self.workers,
            jobs=options.jobs or self.jobs,
            settings=self._settings(options),
            parameters={**defaults, **options.parameters},
            server=ServerWish(
                spec=options.redis,
                durability=self.durability,
                own_clock=self.own_clock and self.lacking() is None,
                owned=self.owns_server,
            ),
            wire=self.wire,
            recovery_slack_ms=self.recovery_slack_ms,
            settle_s=self.settle_s,
        )
        return self.prepare(suggested)

    def _settings(self, options: Options) -> WorkerSettings:
        if options.concurrency is None:
            return self.settings
        return replace(self.settings, concurrency=options.concurrency)

    def not_for(self, target: Target) -> str | None:
        """Why it cannot be played on this target; None where it can."""
        lacks = target.lacks(self.needs)
        return f"it is not for {target.name}: {', and '.join(lacks)}" if lacks else None

    def tell(self, rig: Rig) -> None:
        """Play the story. Raises `RigProblem` where this machine lacks what it needs."""
        if reason := self.lacking():
            raise RigProblem(reason)
        self.play(rig)
