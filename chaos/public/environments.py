"""Virtual environments for queues: made when they are needed first, and kept."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from chaos.errors import ChaosError

#: Limit for an installation.
_LIMIT_S = 600.0


class EnvironmentProblem(ChaosError):
    """An environment cannot be made; the message says why."""


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment with these packages, each pinned to a release."""

    name: str
    packages: tuple[str, ...]

    @property
    def directory(self) -> Path:
        """Where it is: one for each set of packages and each Python."""
        told = "\n".join((sys.version, *self.packages)).encode()
        return _home() / f"{self.name}-{hashlib.sha256(told).hexdigest()[:12]}"

    @property
    def bin(self) -> Path:
        """The folder of its programs."""
        return self.directory / "bin"

    def make(self) -> None:
        """Make it, if it is not there yet. Raises `EnvironmentProblem`."""
        done = self.directory / "packages.txt"
        with _alone(self.directory):
            if done.exists():
                return
            shutil.rmtree(self.directory, ignore_errors=True)
            try:
                venv.create(self.directory, with_pip=True)
                if self.packages:
                    self._install()
            except (OSError, subprocess.SubprocessError) as error:
                shutil.rmtree(self.directory, ignore_errors=True)
                raise EnvironmentProblem(f"{self.name} cannot be installed: {error}") from error
            done.write_text("\n".join(self.packages) + "\n")

    def _install(self) -> None:
        pip = [str(self.bin / "python"), "-m", "pip", "install", "--quiet", *self.packages]
        done = subprocess.run(
            pip, capture_output=True, text=True, timeout=_LIMIT_S, check=False, env=_environment()
        )
        if done.returncode != 0:
            said = [line for line in done.stderr.splitlines() if line.strip()] or ["no reason"]
            raise OSError(f"pip ended with {done.returncode}: {said[-1]}")


def _environment() -> dict[str, str]:
    """Ours, without the module path, which is that of another environment."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def _home() -> Path:
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "rrq-chaos" / "environments"


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Nobody else makes this environment meanwhile."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    with directory.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
