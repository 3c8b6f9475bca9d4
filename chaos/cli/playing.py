"""Plays one scenario in this process, and judges it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from chaos.checks import Verdict, judging
from chaos.inference.known import with_wire
from chaos.report import story_of_wronged, write_json, write_timeline
from chaos.report.stories import Story
from chaos.rig import frame
from chaos.rig.opening import opened
from chaos.rig.options import Options
from chaos.rig.problem import RigProblem
from chaos.rig.progress import Progress
from chaos.rig.scenario import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A scenario that was played and judged."""

    verdict: Verdict
    directory: Path
    seconds: float
    #: Of a job that the target has wronged, where its verdict was made here.
    story: Story | None = None
    #: Points of the space that its jobs were drawn at, where many runs are counted together.
    points: frozenset[str] = frozenset()

    @property
    def timeline(self) -> Path:
        """The run as a page."""
        return self.directory / "timeline.html"


def play(scenario: Scenario, options: Options, progress: Progress) -> Played:
    """Play one scenario and judge it.

    Raises `BadOption`, `UnknownTarget` or `ServerProblem` when it could not even begin.
    A later failure is recorded, and the verdict is unknown.
    """
    began = time.monotonic()
    setup = with_wire(scenario.setup(options), progress)
    if (reason := scenario.not_for(setup.target)) is not None:
        raise RigProblem(f"{scenario.name} cannot be played: {reason}")
    with progress.of(scenario.name):
        with opened(setup, progress) as rig:
            frame.play(rig, scenario.tell)
        progress.say("judging")
        with judging(rig.directory) as (verdict, history):
            write_json(verdict.to_json(), rig.directory / "verdict.json")
            write_timeline(history, verdict, rig.directory / "timeline.html")
            story = story_of_wronged(history.db, verdict)
    return Played(
        verdict=verdict, directory=rig.directory, seconds=time.monotonic() - began, story=story
    )
