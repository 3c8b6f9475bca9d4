"""Faults that wait for a command: when others have done the work, more of it can be offered."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path

import pytest

from chaos.checks import Outcome
from chaos.cli.playing import play
from chaos.kill_during_claim import SCENARIO
from chaos.rig.options import Options
from chaos.rig.progress import Progress
from chaos.rig.rig import Rig
from chaos.rig.wire import At
from chaos.targets import Job

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("offers", "outcome"), [(1, Outcome.PASS), (0, Outcome.UNKNOWN)])
def test_work_is_offered_until_all_faults_have_landed(
    offers: int, outcome: Outcome, tmp_path: Path
) -> None:
    left = [offers]

    def offer(rig: Rig) -> list[Job]:
        left[0] -= 1
        return [rig.job({"do": "fail", "times": 1})] if left[0] >= 0 else []

    def story(rig: Rig) -> None:
        other = rig.workers.start()
        rig.enqueue(jobs := rig.busy_jobs(1, 5))
        rig.wait("the other one to do all", rig.seen.all_started, jobs)
        rig.workers.signal(other, signal.SIGTERM)
        rig.wait("the other one to leave", other.left)
        late = rig.workers.start(At("retry", "before-reply"))
        rig.landed(late, offer=lambda: offer(rig))
        rig.workers.start()

    scenario = replace(
        SCENARIO, name="late", play=story, jobs=5, workers=1, guarantees=("no-loss",), settle_s=10.0
    )
    options = Options(target="rrq_ref", out=tmp_path / "run", redis="embedded")

    verdict = play(scenario, options, Progress(None)).verdict
    assert verdict.outcome is outcome, verdict.unknown_because
