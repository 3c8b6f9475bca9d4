"""Finding the golden histories."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from chaos.guarantees import ANOMALIES
from tests.chaos.checks.story import Story

NEEDED = ("bad", "near_miss", "indeterminate")
KINDS = (*NEEDED, "irrelevant")


@dataclass(frozen=True, slots=True, kw_only=True)
class Golden:
    """One golden history: `tell` writes it and returns the number of broken cases by anomaly."""

    anomaly: str
    name: str
    tell: Callable[[Story], dict[str, int] | None]

    @property
    def kind(self) -> str:
        return next(kind for kind in KINDS if self.name.startswith(kind))

    @property
    def id(self) -> str:
        return f"{self.anomaly}-{self.name}"

    def judged(self, story: Story, expected: dict[str, int]) -> int:
        """How many cases of its own check the story said could be judged."""
        return expected.get(self.anomaly, 0) if story.judged is None else story.judged


def goldens_of(anomaly: str) -> list[Golden]:
    module = import_module(f"tests.chaos.checks.golden.{anomaly.replace('-', '_')}")
    return [
        Golden(anomaly=anomaly, name=name, tell=value)
        for name, value in vars(module).items()
        if name.startswith(KINDS) and callable(value)
    ]


def all_goldens() -> list[Golden]:
    return [golden for anomaly in ANOMALIES for golden in goldens_of(anomaly)]
