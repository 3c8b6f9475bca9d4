"""The goals of a benchmark, and whether it reached them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from rich.console import Console
from rich.text import Text

from benchmarks.parts.layout import table


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A bound on one figure: a lower one if `at_least`, else an upper one."""

    name: str
    bound: float
    #: None: this run did not measure it.
    measured: float | None
    unit: str = ""
    at_least: bool = False

    @property
    def met(self) -> bool | None:
        """True if the figure keeps its bound; None if it was not measured."""
        if self.measured is None:
            return None
        if self.at_least:
            return self.measured >= self.bound
        return self.measured <= self.bound

    @property
    def target(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.bound:g}{self.unit}"


def reached(goals: Sequence[Goal]) -> bool:
    """True if every goal was measured and met."""
    return all(goal.met for goal in goals)


def print_goals(goals: Sequence[Goal], console: Console, where: str = "") -> None:
    """Print a table of goals. `where` says which case the figures are for."""
    rows = table(f"to reach{where}", "figure", "target", "measured", "met")
    words = {True: ("yes", "green"), False: ("no", "red"), None: ("not measured", "yellow")}
    for goal in goals:
        measured = "" if goal.measured is None else f"{goal.measured:.3g}{goal.unit}"
        rows.add_row(goal.name, goal.target, measured, Text(*words[goal.met]))
    console.print(rows)


def as_json(goals: Sequence[Goal]) -> list[dict[str, Any]]:
    return [{**asdict(goal), "met": goal.met} for goal in goals]
