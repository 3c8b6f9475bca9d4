"""The verdict that a run of a scenario, of the load or of the sweep has left in its directory."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos.checks import Outcome
from chaos.processes import Process


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A run's verdict; unknown if it left none."""

    outcome: Outcome
    #: Promised anomalies that were found.
    found: tuple[str, ...]
    #: Its reasons to know nothing, or else its last words.
    why: str


def left_by(process: Process, directory: Path) -> Left:
    """The verdict in the directory of this process' run."""
    verdict = _verdict(directory)
    return Left(
        outcome=Outcome(verdict["outcome"]),
        found=_found(verdict),
        why="; ".join(verdict.get("unknown_because", ())) or _last_line(process.log),
    )


def _verdict(directory: Path) -> dict[str, Any]:
    try:
        # The sweep gives its verdict another name.
        (path,) = [*directory.glob("verdict.json"), *directory.glob("sweep.json")]
        verdict: dict[str, Any] = json.loads(path.read_text())
    except (OSError, ValueError):
        return {"outcome": Outcome.UNKNOWN}
    return verdict


def _found(verdict: dict[str, Any]) -> tuple[str, ...]:
    """Of a scenario's checks, or of a sweep's runs: its cells, and those before any fault."""
    checks = [c["anomaly"] for c in verdict.get("checks", ()) if c["promised"] and c["broken"]]
    runs = (*verdict.get("cells", ()), *verdict.get("broken_without_fault", ()))
    return (*checks, *sorted({anomaly for run in runs for anomaly in run["anomalies"]}))


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it said nothing"
