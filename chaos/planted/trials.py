"""The trials: bugs that must be caught, safeguards that may be missing, and the sound reference."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chaos.planted.bugs import ABLATIONS, BUGS, edits_of
from chaos.planted.edit import Misfit, edited

#: Of scenarios whose command plays them several times, one of these to fail: how to play them once.
ONCE = {"failover": ("--acknowledge", "replicated")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A scenario to run on the reference with these bugs (none: the sound one)."""

    name: str
    scenario: str
    bugs: str = ""
    #: The anomaly that it must be caught by; None: it must pass.
    anomaly: str | None = None
    options: tuple[str, ...] = ()

    def words(self, seed: int) -> list[str]:
        """The module that plays one run, and its options."""
        target = f"chaos.planted.target:{self.bugs}" if self.bugs else "rrq_ref"
        options = (*ONCE.get(self.scenario, ()), *self.options)
        return [f"chaos.{self.scenario}", "--target", target, "--seed", str(seed), *options]

    def command(self, seed: int) -> str:
        """The command of one run, which anyone may repeat."""
        return shlex.join(["python", "-m", *self.words(seed)])


def bugs(names: Sequence[str]) -> list[Trial]:
    """The trials of these bugs; where none is named, of all that have a scenario."""
    return [
        Trial(
            name=bug.name,
            scenario=bug.scenario,
            bugs=bug.name,
            anomaly=bug.anomaly,
            options=bug.options,
        )
        for bug in (BUGS[name] for name in names or BUGS)
        if bug.scenario is not None
    ]


def ablations() -> list[Trial]:
    """Each of two safeguards missing alone, which must pass; then both, which must be caught."""
    return [
        Trial(name=bugs, scenario=one.scenario, bugs=bugs, anomaly=anomaly)
        for one in ABLATIONS
        for bugs, anomaly in [
            *((name, None) for name in one.removed),
            ("+".join(one.removed), one.anomaly),
        ]
    ]


def control() -> list[Trial]:
    """The sound reference in every scenario that only planted bugs are played in."""
    used = {bug.scenario or "" for bug in BUGS.values()} | {one.scenario for one in ABLATIONS}
    return [Trial(name=s, scenario=s) for s in sorted(used) if s.startswith("planted.")]


def check(trials: Iterable[Trial]) -> None:
    """Raise `Misfit` unless all that is to be planted fits the reference, before it is played."""
    for trial in trials:
        try:
            edited(edits_of(trial.bugs) if trial.bugs else ())
        except Misfit as error:
            raise Misfit(f"{trial.bugs} no longer fits: {error}") from error
