"""A scenario: one story with one kind of fault, and the guarantees that it puts to the test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chaos.servers import Durability
from chaos.targets.target import WorkerSettings

if TYPE_CHECKING:
    from chaos.rig.rig import Rig
    from chaos.rig.setup import Setup


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
    #: What survives a killed server.
    durability: Durability = "none"
    #: Whether the server has a clock of its own, which can be stepped.
    own_clock: bool = False
    #: Why it cannot be played on this machine; None where it can.
    lacking: Callable[[], str | None] = lambda: None
    #: What is left running when the story has been told must become idle within this time.
    settle_s: float = 30.0

    @property
    def headline(self) -> str:
        return self.story.strip().splitlines()[0]
