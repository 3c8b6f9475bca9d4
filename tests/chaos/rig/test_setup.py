"""Everything is decided before a run begins, and run.json tells exactly that."""

from __future__ import annotations

from pathlib import Path

import pytest

from chaos import failover, power_loss, redis_killed
from chaos.rig.options import Options
from chaos.rig.record import record_of
from chaos.rig.scenario import Scenario


@pytest.mark.parametrize("mode", failover.MODES)
def test_what_an_acknowledgement_waits_for_is_in_the_record(mode: str) -> None:
    setup = failover.SCENARIO.setup(Options(parameters={"acknowledge": mode}))
    assert record_of(setup, "any")["settings"]["acknowledge"] == mode


@pytest.mark.parametrize("scenario", [redis_killed.SCENARIO, power_loss.SCENARIO])
def test_a_parameter_chooses_how_the_server_stores(scenario: Scenario) -> None:
    assert scenario.setup(Options()).server.durability == "always"
    setup = scenario.setup(Options(parameters={"durability": "everysec"}))
    assert setup.server.durability == "everysec"


def test_the_users_choices_go_before_the_scenarios(tmp_path: Path) -> None:
    options = Options(workers=9, jobs=8, concurrency=100, seed=7, redis="local", out=tmp_path)
    setup = failover.SCENARIO.setup(options)
    assert (setup.workers, setup.jobs, setup.seed, setup.server.spec) == (9, 8, 7, "local")
    assert setup.settings.concurrency == 100
    assert setup.settings.queues == failover.SCENARIO.settings.queues
    assert "--concurrency 100" in options.command(setup.name, 7)
    assert failover.SCENARIO.setup(Options()).workers == failover.SCENARIO.workers
    assert failover.SCENARIO.setup(Options()).seed > 0
