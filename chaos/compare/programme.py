"""What each queue is asked: the questions, and the sweep of its crash points."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from chaos.compare import crash_points
from chaos.processes.modules import shown
from chaos.questions.question import ANSWER, PACKAGE, Answer, Question
from chaos.targets import Target

#: Modules of `chaos.questions`, in the order in which they are shown.
QUESTIONS = (
    *("killed", "killed_by_default", "child_killed", "stopped", "outlasts", "deadly", "fails"),
    *("leaving", "interrupted", "unanswered"),
    *("server_restarts", "connections_closed", "scripts_forgotten"),
    *("server_read_only", "server_full"),
)
#: Nearly all of their time is spent waiting, so they are played beside all others.
_WAITS = ("killed_by_default",)
#: Those that are asked with `--quick`, and before them the crash points of a kill.
QUICK = ("killed", "outlasts", "leaving", "server_restarts")
_FAULTS = "lost-reply,reset,pause"
#: Of all crash points, the riskiest are played until this is over: of kills, and of those faults.
_KILLS_S, _FAULTS_S = "120s", "60s"
#: Places that a sweep takes.
_BY_A_SWEEP = 2
#: Time that a question may take, and a sweep.
_QUESTION_S, _SWEEP_S, _LONGEST_S = 420.0, 2_400.0, 4_500.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One thing that a queue is asked, in a process of its own."""

    name: str
    #: What is asked, in one line.
    asks: str
    #: The module that answers, and its own words.
    words: tuple[str, ...]
    limit_s: float
    #: The answer in a run's directory. Raises OSError, ValueError, KeyError or TypeError.
    read: Callable[[Path], Answer]
    #: How many others it takes the place of: a sweep works while questions wait, and what only
    #: waits takes nobody's place.
    takes: int = 1

    def asked_of(self, target: Target) -> bool:
        """Whether this target is asked that: one without times of its own has no others."""
        return self.takes > 0 or target.by_default is not None

    def given(self, target: str, seed: int) -> tuple[str, ...]:
        """All words of its command."""
        return (*self.words, "--target", target, "--seed", str(seed))

    def command(self, target: str, seed: int) -> str:
        """The command that a reader repeats it with."""
        module, *words = self.given(target, seed)
        return " ".join([*shown(module.removeprefix("chaos.")), *words])


def questions() -> dict[str, Question]:
    """All questions by name, in order."""
    modules = {name: import_module(f"chaos.{PACKAGE}{name}") for name in QUESTIONS}
    return {name: module.QUESTION for name, module in modules.items()}


def programme(*, quick: bool) -> list[Part]:
    """Everything that a queue is asked, in the order in which it is shown."""
    asked = questions()
    kills = _crash_points("crash_points", crash_points.KILLED, "kill", _KILLS_S)
    others = _crash_points("disturbed", crash_points.DISTURBED, _FAULTS, _FAULTS_S)
    return [
        *([kills] if quick else [kills, others]),
        *(_asked(asked[name]) for name in (QUICK if quick else QUESTIONS)),
    ]


def _crash_points(name: str, asks: str, faults: str, budget: str) -> Part:
    return Part(
        name=name,
        asks=asks,
        words=("chaos.sweep", "--fault", faults, "--budget", budget),
        limit_s=_SWEEP_S,
        read=crash_points.read,
        takes=_BY_A_SWEEP,
    )


def _asked(question: Question) -> Part:
    waits = question.name in _WAITS
    return Part(
        name=question.name,
        asks=question.asks,
        words=(f"chaos.{PACKAGE}{question.name}",),
        limit_s=_LONGEST_S if waits else _QUESTION_S,
        read=read_answer,
        takes=0 if waits else 1,
    )


def in_turn(parts: Sequence[Part]) -> list[Part]:
    """The order in which they are played: what only waits first, and sweeps apart from each other,
    so that there are questions to be played beside each."""
    waiting = [part for part in parts if part.takes == 0]
    questions = [part for part in parts if part.takes == 1]
    sweeps = [part for part in parts if part.takes > 1]
    share = -(-len(questions) // max(1, len(sweeps)))
    mixed = waiting
    for n, sweep in enumerate(sweeps):
        mixed += [*questions[n * share : (n + 1) * share], sweep]
    return mixed


def read_answer(directory: Path) -> Answer:
    """The answer that a question has left."""
    return Answer.from_json(json.loads((directory / ANSWER).read_text()))
