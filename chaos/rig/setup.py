"""Everything that is decided about a run before it begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from chaos.rig.options import Options
from chaos.servers import Durability
from chaos.targets import Target, WorkerSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerWish:
    """The server that a run asks for."""

    #: As `chaos.servers.open_server` takes it.
    spec: str
    durability: Durability
    #: It has a clock of its own, which can be stepped.
    own_clock: bool
    #: The run does things to it that only its owner may do.
    owned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """A scenario with every choice made: from it comes a rig, and the run's run.json."""

    #: Of the scenario.
    name: str
    #: Ids of the guarantees that the run is about.
    about: tuple[str, ...]
    #: The user's choices.
    options: Options
    target: Target
    seed: int
    workers: int
    jobs: int
    settings: WorkerSettings
    parameters: Mapping[str, Any]
    server: ServerWish
    #: Whether processes reach the server through the wire proxy.
    wire: bool
    #: Time, beyond lock TTL and poll interval, until a job has to be started again, in ms.
    recovery_slack_ms: int
    #: Time for the work that a story leaves behind, in seconds.
    settle_s: float
    #: What was inferred of the queue's commands, in sentences.
    inferred: tuple[str, ...] = ()

    @property
    def recovery_s(self) -> float:
        """The longest time until the job of a dead worker is started again."""
        settings = self.settings
        bound_ms = settings.lock_ttl_ms + settings.poll_max_ms + self.recovery_ms
        return bound_ms / 1000

    @property
    def recovery_ms(self) -> int:
        """The time beyond lock TTL and poll interval, in ms. A queue that takes longer is given as
        long as it says, or as was measured."""
        settings, again_s = self.settings, self.target.again_within_s or 0
        more = round(again_s * 1000) - settings.lock_ttl_ms - settings.poll_max_ms
        return max(self.recovery_slack_ms, more)


def durable_as_asked(setup: Setup) -> Setup:
    """For scenarios with a parameter `durability`: the server gets what it says."""
    return replace(setup, server=replace(setup.server, durability=setup.parameters["durability"]))
