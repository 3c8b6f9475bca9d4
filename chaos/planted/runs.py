"""Plays scenarios on variants, each run in a process of its own."""

from __future__ import annotations

import dataclasses
import math
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from chaos.checks import Outcome
from chaos.planted.trials import Trial
from chaos.planted.verdicts import left_by
from chaos.processes import Process, ProcessGroup, side_by_side
from chaos.processes.modules import python

#: A run that takes longer hangs.
_LIMIT_S = 180.0
#: The normal deviate of a two-sided interval of 95 %.
_Z = 1.959963984540054


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of a trial."""

    seed: int
    seconds: float
    outcome: Outcome
    #: Anomalies that were found.
    found: tuple[str, ...]
    #: Why it was not as it should be, in the run's own words.
    trouble: str = ""


@dataclass(slots=True, kw_only=True)
class Result:
    """All runs of one trial."""

    trial: Trial
    runs: list[Run] = field(default_factory=list)

    @property
    def hits(self) -> list[Run]:
        """The runs that went as they should: caught by the anomaly named for it, or passed."""
        if self.trial.anomaly is None:
            return [run for run in self.runs if run.outcome is Outcome.PASS]
        return [run for run in self.runs if self.trial.anomaly in run.found]

    @property
    def good(self) -> bool:
        """True if all is as it should be: a bug shows in one run at least, soundness in all."""
        needed = len(self.runs) if self.trial.anomaly is None else 1
        return len(self.hits) >= max(1, needed)

    @property
    def median_s(self) -> float | None:
        """The usual length of a run that went as it should, in seconds."""
        return statistics.median(run.seconds for run in self.hits) if self.hits else None

    @property
    def others(self) -> list[str]:
        """Anomalies found beside the one it is named for."""
        found = {anomaly for run in self.runs for anomaly in run.found}
        return sorted(found - {self.trial.anomaly})

    @property
    def trouble(self) -> list[str]:
        """Why runs were not as they should be."""
        return [run.trouble for run in self.runs if run.trouble]

    @property
    def commands(self) -> list[str]:
        """The command of each run, to repeat it."""
        return [self.trial.command(run.seed) for run in self.runs]

    def to_json(self) -> dict[str, Any]:
        """The same as plain JSON values."""
        low, high = wilson(len(self.hits), len(self.runs))
        return {
            "name": self.trial.name,
            "scenario": self.trial.scenario,
            "anomaly": self.trial.anomaly,
            "good": self.good,
            "hits": len(self.hits),
            "runs": len(self.runs),
            "interval": [round(low, 4), round(high, 4)],
            "median_s": self.median_s,
            "others": self.others,
            "trouble": self.trouble,
            "commands": self.commands,
        }


def wilson(hits: int, runs: int) -> tuple[float, float]:
    """The 95 % interval of a share that was seen in `hits` of `runs` (E. B. Wilson, 1927).

    Unlike the textbook's, it does not claim certainty after three hits in three runs.
    """
    if runs == 0:
        return 0.0, 1.0
    share, z2 = hits / runs, _Z**2
    middle = (share + z2 / (2 * runs)) / (1 + z2 / runs)
    half = _Z / (1 + z2 / runs) * math.sqrt(share * (1 - share) / runs + z2 / (4 * runs**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def play(
    trials: Iterable[Trial],
    seeds: Sequence[int],
    at_once: int,
    into: Path,
    done: Callable[[Result, Run], None],
) -> list[Result]:
    """Play every trial with every seed, `at_once` runs at a time, and call `done` after each. Run
    directories go `into`."""
    results = [Result(trial=trial) for trial in trials]
    with ProcessGroup() as group:
        starts = [partial(_start, group, one, seed, into) for seed in seeds for one in results]
        for playing in side_by_side(starts, at_once, _Playing.over):
            run = playing.judged()
            playing.result.runs.append(run)
            done(playing.result, run)
    return results


@dataclass(frozen=True, slots=True, kw_only=True)
class _Playing:
    result: Result
    seed: int
    out: Path
    process: Process
    began: float

    def over(self) -> bool:
        if self.process.alive and time.monotonic() - self.began > _LIMIT_S:
            self.process.kill()
        return not self.process.alive

    def judged(self) -> Run:
        """The run by its verdict; without one it is unknown."""
        left = left_by(self.process, self.out)
        run = Run(
            seed=self.seed,
            seconds=time.monotonic() - self.began,
            outcome=left.outcome,
            found=left.found,
        )
        if run in Result(trial=self.result.trial, runs=[run]).hits:
            return run
        return dataclasses.replace(run, trouble=left.why)


def _start(group: ProcessGroup, result: Result, seed: int, into: Path) -> _Playing:
    name = f"{result.trial.name}-{seed}"
    out = into / name
    process = group.spawn(
        python(*result.trial.words(seed), "--out", str(out)), log=into / f"{name}.log", name=name
    )
    return _Playing(result=result, seed=seed, out=out, process=process, began=time.monotonic())
