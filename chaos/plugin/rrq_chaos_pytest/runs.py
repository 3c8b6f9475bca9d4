"""Runs of the rig, and what they say of each guarantee."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from rrq_chaos_pytest import rig

GUARANTEES = (
    *("no-loss", "no-phantom", "faithful", "one-commit", "effects-once", "fenced", "exclusive"),
    *("lease", "prompt", "fair", "capacity", "recovery", "budget", "honest-dlq", "right-end"),
    *("retry-once", "drain", "burst", "schedule", "unique", "quiescent", "state", "steady"),
    *("visible", "alive", "replaced"),
)
"""Ids of all guarantees, in the order of the rig's reports."""

_NO_TARGET = "no target is given; set chaos_target, or --chaos-target, to module:ATTRIBUTE"
#: Broken cases that a message tells.
_TOLD = 5


@dataclass(frozen=True, kw_only=True)
class Guarantee:
    """What one run says of one guarantee.

    `state` is `kept`, `broken`, `not exercised` (the run had no case of it), `not known` (the
    target shows no evidence of it), `not promised`, or `check failed`. `evidence` has a sentence
    for each broken case, 20 of each kind at most; or says why there is no answer.
    """

    id: str
    sentence: str
    state: str
    cases: int
    broken: int
    evidence: tuple[str, ...]
    run: Run = field(repr=False)

    @property
    def promised(self) -> bool:
        """Whether the target promises it."""
        return self.state != "not promised"

    def check(self) -> None:
        """Fail the test if the guarantee is broken."""
        if self.state == "broken":
            pytest.fail(self._told(), pytrace=False)

    def _told(self) -> str:
        more = len(self.evidence) - _TOLD
        return "\n".join(
            [
                f"{self.id} is BROKEN in {self.broken:,} of {self.cases:,} cases: {self.sentence}",
                *(f"  - {why}" for why in self.evidence[:_TOLD]),
                *([f"    and {more} more"] if more > 0 else []),
                self.run.whereabouts,
            ]
        )


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run of a scenario, or one sweep, and its verdict.

    `outcome` is `pass`, `fail` or `unknown`; `unknown_because` has every reason not to trust a
    green result. `command` repeats the run, and `directory` has its evidence.
    """

    name: str
    outcome: str
    unknown_because: tuple[str, ...]
    command: str
    directory: Path
    guarantees: Mapping[str, Guarantee] = field(repr=False)

    @property
    def whereabouts(self) -> str:
        """How to repeat it, and where it is."""
        return f"repeat with\n  {self.command}\nrun directory: {self.directory}"

    @property
    def unknown(self) -> str:
        """Why it proves nothing."""
        reasons = self.unknown_because or ("no reason was given",)
        return "\n".join(
            [
                f"{self.name} is UNKNOWN: {reasons[0]}",
                *(f"  - {reason}" for reason in reasons[1:]),
                self.whereabouts,
            ]
        )


class Runs:
    """Plays each run once in a session. What another process of the session has played, or plays
    just now, is shared through the directory `shared`."""

    def __init__(self, *, shared: Path, out: Path, cwd: Path, usual: Mapping[str, Any]) -> None:
        self._shared = shared
        self._out = out
        self._cwd = cwd
        self._usual = usual

    def __call__(self, name: str, **options: Any) -> Run:
        """Play a scenario, or `sweep`. Options are those of its command: `jobs=20` is `--jobs 20`.

        Fails the test if the rig could not begin, or left no verdict.
        """
        options = {**self._usual, **options}
        if "target" not in options:
            pytest.fail(_NO_TARGET, pytrace=False)
        words = [name, *words_of(options)]
        digest = hashlib.sha256(json.dumps(words).encode()).hexdigest()[:16]
        report, end = self._shared / f"{digest}.json", self._shared / f"{digest}.end.json"
        with _locked(self._shared / f"{digest}.lock"):
            if not end.exists():
                with self._server(options):
                    end.write_text(json.dumps(self._play(words, report)))
        directory, complaint = json.loads(end.read_text())
        if not report.exists():
            pytest.fail(f"{name} has no verdict: {complaint}", pytrace=False)
        return _run(name, Path(directory), json.loads(report.read_text()))

    def _play(self, words: Sequence[str], report: Path) -> tuple[str, str]:
        """Play a run. Returns its directory, and what the rig complained of."""
        self._out.mkdir(parents=True, exist_ok=True)
        directory = str(self._out / f"{words[0]}-{secrets.token_hex(4)}")
        complaint = rig.run(*words, "--out", directory, "--json", str(report), cwd=self._cwd)
        return directory, complaint

    @contextmanager
    def _server(self, options: Mapping[str, Any]) -> Iterator[None]:
        """A server behind a URL takes one run at a time; of its own the rig starts as many."""
        if "://" not in options.get("redis", os.environ.get("CHAOS_REDIS", "")):
            yield
            return
        with _locked(self._shared / "server.lock"):
            yield


def words_of(options: Mapping[str, Any]) -> Iterator[str]:
    """Options as words of a command line."""
    for name, value in options.items():
        yield from (f"--{name.replace('_', '-')}", str(value))


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # until it is closed
        yield


def _run(name: str, directory: Path, told: Mapping[str, Any]) -> Run:
    guarantees: dict[str, Guarantee] = {}
    run = Run(
        name=name,
        outcome=told["outcome"],
        unknown_because=tuple(told["unknown_because"]),
        command=told["run"].get("command", "(it does not say)"),
        directory=directory,
        guarantees=guarantees,
    )
    for id in GUARANTEES:
        checks = [check for check in told["checks"] if check["guarantee"] == id]
        if checks:
            guarantees[id] = _guarantee(id, checks, run)
    return run


def _guarantee(id: str, checks: Sequence[Mapping[str, Any]], run: Run) -> Guarantee:
    """All checks of a guarantee in one. A broken case counts for more than a check that failed."""
    states = {check["status"] for check in checks}
    broken = [check for check in checks if check["status"] == "broken"]
    why = [f"{check['anomaly']}: {row['why']}" for check in broken for row in check["rows"]]
    if not any(check["promised"] for check in checks):
        state = "not promised"
    elif broken:
        state = "broken"
    elif errors := [check["error"] for check in checks if check["error"]]:
        state, why = "check failed", errors
    elif "ok" in states:
        state = "kept"
    elif lacks := [check["lacks"] for check in checks if check["lacks"]]:
        state, why = "not known", list(dict.fromkeys(lacks))
    else:
        state, why = "not exercised", ["the run had no case of it"]
    return Guarantee(
        id=id,
        sentence=checks[0]["sentence"],
        state=state,
        cases=sum(check["examined"] for check in checks),
        broken=sum(check["broken"] for check in checks),
        evidence=tuple(why),
        run=run,
    )
