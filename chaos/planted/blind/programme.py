"""The default programme, part by part."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

import chaos.load
from chaos.planted.trials import ONCE

#: The scenario of storms; the programme has several of them.
STORM = "mixed"
#: Storms on each bug.
STORMS = 6
#: Parts that take longer than all others.
_LONG = ("power_loss", "sweep")
_LOAD = ("--headless", "-u", "20", "-r", "10", "-t", "15s", "--chaos", "kill")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One command of the programme."""

    name: str
    #: What `python -m` is to run, without target, seed and directory.
    words: tuple[str, ...]
    #: Added to the seed of the programme.
    seed: int = 0
    #: A part that takes longer hangs.
    limit_s: float = 180.0

    def seeded(self, target: str, seed: int) -> list[str]:
        """The words of one run, without its directory."""
        return [*self.words, "--target", target, "--seed", str(seed + self.seed)]

    def command(self, target: str, seed: int) -> str:
        """The command of one run, which anyone may repeat."""
        return shlex.join(["python", "-m", *self.seeded(target, seed)])


def programme(scenarios: Iterable[str], storms: int) -> list[Part]:
    """All scenarios, a number of storms, the load, and the sweep with kills."""
    users = Path(chaos.load.__file__).parent / "generator" / "users.py"
    return [
        *(
            Part(name=f"storm-{number}", words=(f"chaos.{STORM}",), seed=number)
            for number in range(1, storms + 1)
        ),
        *(
            Part(name=name, words=(f"chaos.{name}", *ONCE.get(name, ())))
            for name in scenarios
            if name != STORM
        ),
        Part(name="load", words=("locust", "-f", str(users), *_LOAD)),
        Part(name="sweep", words=("chaos.sweep", "--fault", "kill"), limit_s=600.0),
    ]


def ordered(
    parts: Sequence[Part], subject: str, seed: int, likely: Sequence[str] = ()
) -> list[Part]:
    """The order in which one subject meets the parts: the likely ones, in their order, and the
    others as the seed draws them, but the long ones come last."""
    drawn = Random(f"{seed} {subject}").sample(parts, len(parts))
    ranks = {name: rank for rank, name in enumerate(_LONG, start=1)}
    ranks |= {name: rank for rank, name in enumerate(likely, start=-len(likely))}
    return sorted(drawn, key=lambda part: ranks.get(part.name, 0))
