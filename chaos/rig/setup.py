"""All that is decided about a run before it begins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from chaos.rig.options import Options, new_seed
from chaos.rig.scenario import Scenario
from chaos.servers import Durability
from chaos.targets import find_target
from chaos.targets.target import Target, WorkerSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerWish:
    """The server that a run asks for."""

    #: As `chaos.servers.open_server` takes it.
    spec: str
    durability: Durability
    #: It has a clock of its own, which can be stepped.
    own_clock: bool
    #: The run does to it what only its owner may.
    owned: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """A scenario with every choice made: from it comes a rig, and the run's run.json."""

    scenario: Scenario
    options: Options
    target: Target
    seed: int
    workers: int
    jobs: int
    settings: WorkerSettings
    parameters: Mapping[str, Any]
    server: ServerWish

    @classmethod
    def of(cls, scenario: Scenario, options: Options) -> Setup:
        """Join what the scenario suggests and what the user chose. Raises `UnknownTarget`."""
        defaults = {parameter.name: parameter.default for parameter in scenario.parameters}
        setup = cls(
            scenario=scenario,
            options=options,
            target=find_target(options.target),
            seed=options.seed if options.seed is not None else new_seed(),
            workers=options.workers or scenario.workers,
            jobs=options.jobs or scenario.jobs,
            settings=scenario.settings,
            parameters={**defaults, **options.parameters},
            server=ServerWish(
                spec=options.redis,
                durability=scenario.durability,
                own_clock=scenario.own_clock and scenario.lacking() is None,
                owned=scenario.owns_server,
            ),
        )
        return scenario.prepare(setup)

    @property
    def recovery_s(self) -> float:
        """How long it may take until the job of a dead worker is started again."""
        settings = self.settings
        bound_ms = settings.lock_ttl_ms + settings.poll_max_ms + self.scenario.recovery_slack_ms
        return bound_ms / 1000


def durable_as_asked(setup: Setup) -> Setup:
    """For scenarios with a parameter `durability`: the server gets what it says."""
    return replace(setup, server=replace(setup.server, durability=setup.parameters["durability"]))
