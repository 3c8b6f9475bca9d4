"""Environments for queues: made when they are needed first, and kept."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from chaos.errors import ChaosError

#: Limit for an installation.
_LIMIT_S = 600.0
#: So many minor releases of Python are tried, from the least that will do.
_RELEASES = 5


class EnvironmentProblem(ChaosError):
    """An environment cannot be made; the message says why."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """A directory with these packages, each pinned to a release."""

    name: str
    packages: tuple[str, ...]

    @property
    def directory(self) -> Path:
        """Where it is: one for each set of packages and each interpreter."""
        told = "\n".join((self._interpreter, *self.packages)).encode()
        return _home() / f"{self.name}-{hashlib.sha256(told).hexdigest()[:12]}"

    def make(self) -> None:
        """Make it, if it is not there yet. Raises `EnvironmentProblem`."""
        done = self.directory / "packages.txt"
        with _alone(self.directory):
            if done.exists():
                return
            shutil.rmtree(self.directory, ignore_errors=True)
            try:
                self._fill()
            except (OSError, subprocess.SubprocessError) as error:
                shutil.rmtree(self.directory, ignore_errors=True)
                raise EnvironmentProblem(f"{self.name} cannot be installed: {error}") from error
            done.write_text("\n".join(self.packages) + "\n")

    @property
    def variables(self) -> Mapping[str, str]:
        """What its programs need beside their path."""
        return {}

    def program(self, name: str) -> str:
        """The first word of a command that starts one of its programs."""
        raise NotImplementedError

    @property
    def _interpreter(self) -> str:
        raise NotImplementedError

    def _fill(self) -> None:
        """Install the packages. Raises OSError with the reason, or `EnvironmentProblem`."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Environment(_Kept):
    """A virtual environment with packages of PyPI."""

    #: The least Python that will do; another than ours is looked for on the path.
    python: tuple[int, int] = (3, 0)

    @property
    def bin(self) -> Path:
        """The folder of its programs."""
        return self.directory / "bin"

    def program(self, name: str) -> str:
        return str(self.bin / name)

    @property
    def _interpreter(self) -> str:
        return sys.version if sys.version_info >= self.python else f"Python {_dotted(self.python)}"

    def _fill(self) -> None:
        _module(self._found(), "venv", str(self.directory))
        if self.packages:
            _module(str(self.bin / "python"), "pip", "install", "--quiet", *self.packages)

    def _found(self) -> str:
        if sys.version_info >= self.python:
            return sys.executable
        major, least = self.python
        for minor in range(least, least + _RELEASES):
            if program := shutil.which(f"python{major}.{minor}"):
                # A shim of pyenv starts no release but the one that this names.
                done = _run(
                    [program, "-c", "import sys; print(sys.executable)"],
                    PYENV_VERSION=f"{major}.{minor}",
                )
                if done.returncode == 0:
                    return done.stdout.strip()
        raise EnvironmentProblem(
            f"{self.name} needs Python {_dotted(self.python)} or later,"
            f" and no python{_dotted(self.python)} is on the path"
        )


@dataclass(frozen=True, slots=True)
class NpmEnvironment(_Kept):
    """A folder with packages of npm, for the `node` of this machine.

    Only `require` finds them: `import` does not read `NODE_PATH`.
    """

    @property
    def variables(self) -> Mapping[str, str]:
        return {"NODE_PATH": str(self.directory / "node_modules")}

    def program(self, name: str) -> str:
        return name

    @property
    def _interpreter(self) -> str:
        return "Node.js"

    def _fill(self) -> None:
        for program in ("node", "npm"):
            if shutil.which(program) is None:
                raise EnvironmentProblem(
                    f"{self.name} needs Node.js, and no {program} is on the path"
                )
        self.directory.mkdir(parents=True)
        words = ["npm", "install", "--prefix", str(self.directory), "--json", *_NPM_QUIETLY]
        done = _run([*words, *self.packages])
        if done.returncode != 0:
            reason = "no reason"
            with suppress(ValueError, KeyError, TypeError):
                reason = json.loads(done.stdout)["error"]["summary"].splitlines()[0]
            raise OSError(f"npm ended with {done.returncode}: {reason}")


#: Nothing but the packages: no program of theirs runs, and nobody else is asked about them.
_NPM_QUIETLY = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier")


def _module(python: str, name: str, *words: str) -> None:
    """Run a module of this Python. Raises OSError with its last line if it fails."""
    done = _run([python, "-m", name, *words])
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if line.strip()] or ["no reason"]
        raise OSError(f"{name} ended with {done.returncode}: {said[-1]}")


def _run(words: Sequence[str], **variables: str) -> subprocess.CompletedProcess[str]:
    """Run this to its end, without our module path, which is that of another environment."""
    own = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        words,
        capture_output=True,
        text=True,
        timeout=_LIMIT_S,
        check=False,
        env={**own, **variables},
    )


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))


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
