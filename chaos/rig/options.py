"""The choices that a user has about a run."""

from __future__ import annotations

import json
import random
import secrets
import shlex
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from chaos.errors import ChaosError
from chaos.processes.modules import shown
from chaos.servers import DEFAULT_SPEC, mask

#: The directory for runs without `--out`.
_RUNS = Path("chaos-runs")
#: The exit code for what a user can mend by other words on the command line.
USAGE = 2
#: The exit code after a signal, less the signal's number, as a shell reports it.
SIGNALLED = 128


class BadOption(ChaosError):
    """An option that cannot work; the message says what would."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The common options of all scenarios; None takes what the scenario suggests."""

    target: str = "rrq_ref"
    workers: int | None = None
    jobs: int | None = None
    #: Jobs that one worker runs at a time.
    concurrency: int | None = None
    seed: int | None = None
    redis: str = DEFAULT_SPEC
    #: Directory for the run; by default a new one below `chaos-runs/`.
    out: Path | None = None
    #: The values of the scenario's own options (`Scenario.parameters`).
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def command(self, scenario: str, seed: int) -> str:
        """The command that repeats a run."""
        words = [*shown(scenario), *replace(self, seed=seed).words()]
        if self.redis != "embedded":
            words += ["--redis", mask(self.redis)]
        return shlex.join(words)

    def words(self) -> list[str]:
        """These options on a command line, but for server and directory."""
        names = ("seed", "workers", "jobs", "concurrency")
        numbers = {name: getattr(self, name) for name in names}
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


def seed_of(into: Path, asked: int | None) -> int:
    """The seed asked for, or that of what is in this directory, or a new one."""
    path = into / "seed.json"
    seed = asked
    if seed is None:
        with suppress(OSError, ValueError):
            seed = int(json.loads(path.read_text()))
    seed = new_seed() if seed is None else seed
    path.write_text(json.dumps(seed))
    return seed
