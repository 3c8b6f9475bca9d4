"""Plays several scenarios at the same time, each in a process of its own: most of their time is
spent on waiting for locks to expire."""

from __future__ import annotations

import os
import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chaos.checks import judge
from chaos.rig.main import USAGE, Played
from chaos.rig.options import BadOption, Options
from chaos.rig.processes import Process, ProcessGroup
from chaos.rig.progress import Progress
from chaos.rig.scenario import Scenario


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    scenario: Scenario
    process: Process
    directory: Path
    began: float


def play_side_by_side(
    scenarios: Sequence[Scenario], options: Options, at_once: int, progress: Progress
) -> list[Played]:
    """Play them, at most so many at once, each with a server of its own; in the order given.

    What a scenario prints goes to `<name>.log` beside its run directory. Raises `BadOption` when
    one says that the options cannot work.
    """
    parent = options.run_directory("all")
    waiting, running = deque(scenarios), list[_Run]()
    played: dict[str, Played] = {}
    # The rig that a process runs has workers to send home before it leaves.
    with ProcessGroup(grace_s=30.0) as group, progress.of("all"):
        while waiting or running:
            while waiting and len(running) < at_once:
                running.append(_start(waiting.popleft(), options, parent, group))
            for run in [run for run in running if not run.process.alive]:
                running.remove(run)
                done = played[run.scenario.name] = _played(run)
                progress.say(f"{run.scenario.name}: {done.verdict.outcome}, {done.seconds:.1f} s")
            time.sleep(0.02)
    return [played[scenario.name] for scenario in scenarios]


def _start(scenario: Scenario, options: Options, parent: Path, group: ProcessGroup) -> _Run:
    directory = parent / scenario.name
    words = [*options.words(), "--out", str(directory)]
    process = group.spawn(
        [sys.executable, "-m", "chaos", scenario.name, *words],
        log=parent / f"{scenario.name}.log",
        # Not on the command line, where everybody could read a password.
        env={**os.environ, "CHAOS_REDIS": options.redis},
        name=scenario.name,
    )
    return _Run(scenario=scenario, process=process, directory=directory, began=time.monotonic())


def _played(run: _Run) -> Played:
    status = run.process.poll()
    if status is not None and status.code == USAGE:
        raise BadOption(run.process.log.read_text().strip().splitlines()[-1])
    seconds = time.monotonic() - run.began
    return Played(verdict=judge(run.directory), directory=run.directory, seconds=seconds)
